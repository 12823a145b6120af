import type { Readable } from 'node:stream';

const LINES = 10;
const LINE = 500;

/** The last lines of a stream of text; with `show`, all of it goes to this process's stderr as well. */
export class LastLines {
  #text = '';

  constructor(stream: Readable | null, show: boolean) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-LINES * LINE);
      if (show) process.stderr.write(text);
    });
  }

  list(): string[] {
    const lines = this.#text.split('\n').map((line) => line.trimEnd().slice(0, LINE));
    return lines.filter((line) => line !== '').slice(-LINES);
  }
}
