/** Numbers in the text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One number with its name. `text()` is what is told at this moment. */
export interface Metric {
  text(): string;
}

function lines(name: string, help: string, type: string, samples: string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ''].join('\n');
}

/** A number that only grows. */
export class Counter implements Metric {
  #value = 0;

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  inc(by = 1): void {
    this.#value += by;
  }

  text(): string {
    return lines(this.name, this.help, 'counter', [`${this.name} ${this.#value}`]);
  }
}

/** Answers, counted for each HTTP status. */
export class StatusCounter implements Metric {
  readonly #values = new Map<number, number>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  inc(status: number): void {
    this.#values.set(status, (this.#values.get(status) ?? 0) + 1);
  }

  text(): string {
    const samples = Array.from(this.#values, ([status, value]) => `${this.name}{status="${status}"} ${value}`);
    return lines(this.name, this.help, 'counter', samples);
  }
}

/** A number that is asked for when somebody looks. */
export class Gauge implements Metric {
  constructor(
    readonly name: string,
    readonly help: string,
    readonly value: () => number,
  ) {}

  text(): string {
    return lines(this.name, this.help, 'gauge', [`${this.name} ${this.value()}`]);
  }
}

/** How often values were at most each of `bounds` (ascending), and their sum. */
export class Histogram implements Metric {
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(
    readonly name: string,
    readonly help: string,
    readonly bounds: readonly number[],
  ) {
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    this.bounds.forEach((bound, index) => {
      if (value <= bound) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    });
  }

  text(): string {
    return lines(this.name, this.help, 'histogram', [
      ...this.bounds.map((bound, index) => `${this.name}_bucket{le="${bound}"} ${this.#counts[index]}`),
      `${this.name}_bucket{le="+Inf"} ${this.#count}`,
      `${this.name}_sum ${this.#sum}`,
      `${this.name}_count ${this.#count}`,
    ]);
  }
}
