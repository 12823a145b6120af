import { expect, test } from 'vitest';
import { Queue } from '../../src/engine/queue.js';

const never = () => new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A task that ends when it is told to. */
function task(log: string[], name: string) {
  const { promise, resolve, reject } = withResolvers<string>();
  const run = () => {
    log.push(name);
    return promise;
  };
  return { run, end: () => resolve(name), fail: (error: Error) => reject(error) };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('C01: tasks run one at a time, in order', async () => {
  const queue = new Queue();
  let running = 0;
  const order: number[] = [];
  const run = async (i: number) => {
    expect(++running).toBe(1);
    order.push(i);
    for (let turns = 0; turns < i % 3; turns++) await turn();
    running--;
    return i;
  };
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  expect(await Promise.all(numbers.map((i) => queue.run(() => run(i), never())))).toEqual(numbers);
  expect(order).toEqual(numbers);
});

test('the first task starts at once, the second when the first has ended', async () => {
  const log: string[] = [];
  const queue = new Queue();
  const [a, b] = [task(log, 'a'), task(log, 'b')];
  const results = [queue.run(a.run, never()), queue.run(b.run, never())];
  await turn();
  expect(log).toEqual(['a']);
  a.end();
  await turn();
  expect(log).toEqual(['a', 'b']);
  b.end();
  expect(await Promise.all(results)).toEqual(['a', 'b']);
});

test('a task that fails holds up no other', async () => {
  const log: string[] = [];
  const queue = new Queue();
  const [a, b] = [task(log, 'a'), task(log, 'b')];
  const [first, second] = [queue.run(a.run, never()), queue.run(b.run, never())];
  a.fail(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  b.end();
  expect(await second).toBe('b');
});

test('C04: a task that is aborted while it waits never runs, and the others keep their order', async () => {
  const log: string[] = [];
  const queue = new Queue();
  const controller = new AbortController();
  const [a, b, c] = [task(log, 'a'), task(log, 'b'), task(log, 'c')];
  const first = queue.run(a.run, never());
  const second = queue.run(b.run, controller.signal);
  const third = queue.run(c.run, never());
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  a.end();
  c.end();
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  expect(log).toEqual(['a', 'c']);
});

test('A07: with a signal that is aborted already, nothing is queued', async () => {
  const log: string[] = [];
  const reason = new Error('too late');
  await expect(new Queue().run(task(log, 'a').run, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(log).toEqual([]);
});

test('a running task is not taken out: it watches the signal itself', async () => {
  const log: string[] = [];
  const queue = new Queue();
  const controller = new AbortController();
  const a = task(log, 'a');
  const first = queue.run(a.run, controller.signal);
  await turn();
  controller.abort();
  a.end();
  expect(await first).toBe('a');
});
