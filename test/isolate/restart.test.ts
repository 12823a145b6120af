import { expect, test } from 'vitest';
import { RerankError } from '../../src/errors.js';
import { Restarts } from '../../src/isolate/restart.js';
import { rejection } from '../helpers/reranker.js';

const CRASH = new RerankError('WORKER_CRASHED', 'it ended with signal SIGKILL');
const never = new AbortController().signal;

/** Time that passes only by `sleep` and `pass`. */
function fakeClock() {
  let now = 1000;
  const slept: number[] = [];
  return {
    slept,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    now: () => now,
    sleep: async (milliseconds: number) => {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

test('waits twice as long after each crash, and not at all without one', async () => {
  const clock = fakeClock();
  const restarts = new Restarts(clock);
  await restarts.turn(never);
  restarts.crashed(CRASH);
  await restarts.turn(never);
  restarts.crashed(CRASH);
  await restarts.turn(never);
  expect(clock.slept).toEqual([250, 500]);
});

test('time since the crash counts', async () => {
  const clock = fakeClock();
  const restarts = new Restarts(clock);
  restarts.crashed(CRASH);
  clock.pass(100);
  await restarts.turn(never);
  restarts.crashed(CRASH);
  clock.pass(500);
  await restarts.turn(never);
  expect(clock.slept).toEqual([150]);
});

test('N03: after three crashes in a row it is not started again', async () => {
  const clock = fakeClock();
  const restarts = new Restarts(clock);
  for (let i = 0; i < 3; i++) restarts.crashed(CRASH);
  for (let i = 0; i < 2; i++) {
    expect(await rejection(restarts.turn(never))).toMatchObject({
      code: 'WORKER_CRASHED',
      message: expect.stringMatching(/crashed 3 times in a row .*Reranker\.load\(\).*signal SIGKILL/),
      cause: CRASH,
    });
  }
  expect(clock.slept).toEqual([]);
});

test('a call that worked makes good for the crashes before', async () => {
  const clock = fakeClock();
  const restarts = new Restarts(clock);
  for (let i = 0; i < 2; i++) restarts.crashed(CRASH);
  restarts.worked();
  await restarts.turn(never);
  for (let i = 0; i < 2; i++) restarts.crashed(CRASH);
  await restarts.turn(never);
  expect(clock.slept).toEqual([500]);
});

test('the real clock stops sleeping at the signal', async () => {
  const restarts = new Restarts();
  restarts.crashed(CRASH);
  const controller = new AbortController();
  const begin = performance.now();
  const turn = rejection(restarts.turn(controller.signal));
  controller.abort();
  expect(await turn).toMatchObject({ name: 'AbortError' });
  expect(performance.now() - begin).toBeLessThan(200);
});
