import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds for which the event loop was held up at most while `work` went on, beyond the timer's own interval. */
export async function largestLag(work: () => Promise<unknown>): Promise<number> {
  const resolution = 5;
  const histogram = monitorEventLoopDelay({ resolution });
  // What the test itself did before must not count.
  await new Promise((resolve) => setTimeout(resolve, 20));
  histogram.enable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  histogram.reset();
  await work();
  await new Promise((resolve) => setTimeout(resolve, 20));
  histogram.disable();
  return histogram.max / 1e6 - resolution;
}
