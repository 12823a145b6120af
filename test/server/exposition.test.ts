import { Counter as RefCounter, Gauge as RefGauge, Histogram as RefHistogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CONTENT_TYPE, Counter, Gauge, Histogram, StatusCounter } from '../../src/server/exposition.js';

test('every metric reads as prom-client writes it', async () => {
  const registry = new Registry();
  const registers = [registry];
  const bounds = [0.005, 0.1, 1, 30];
  const ours = [
    new Counter('tokens_total', 'Tokens.'),
    new StatusCounter('requests_total', 'Answers; by status.'),
    new Gauge('depth', 'Waiting.', () => 3),
    new Histogram('seconds', 'Time.', bounds),
  ] as const;
  const tokens = new RefCounter({ name: 'tokens_total', help: 'Tokens.', registers });
  const requests = new RefCounter({ name: 'requests_total', help: 'Answers; by status.', labelNames: ['status'], registers });
  new RefGauge({ name: 'depth', help: 'Waiting.', registers }).set(3);
  const seconds = new RefHistogram({ name: 'seconds', help: 'Time.', buckets: bounds, registers });

  const text = () => ours.map((metric) => metric.text()).join('\n');
  expect(text()).toBe(await registry.metrics());
  for (const by of [1, 41, 0]) {
    ours[0].inc(by);
    tokens.inc(by);
  }
  for (const status of [200, 422, 200, 499]) {
    ours[1].inc(status);
    requests.inc({ status: String(status) });
  }
  for (const value of [0, 0.005, 0.0051, 0.1, 0.7, 30, 31, 1e-9]) {
    ours[3].observe(value);
    seconds.observe(value);
  }
  expect(text()).toBe(await registry.metrics());
  expect(text()).toContain('seconds_bucket{le="0.1"} 5');
  expect(CONTENT_TYPE).toBe(registry.contentType);
});
