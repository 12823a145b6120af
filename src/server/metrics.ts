import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** What `/metrics` tells. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Metrics of one server, in a registry of their own. `depth` and `loaded` are asked when somebody looks. */
export function createMetrics(depth: () => number, loaded: () => number) {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const histogram = (name: string, help: string) => new Histogram({ name, help, registers, buckets: SECONDS });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge('rerank_queue_depth', 'Requests that wait or run.', depth);
  gauge('rerank_models_loaded', 'Models in memory.', loaded);
  return {
    registry,
    requests: new Counter({
      name: 'rerank_requests_total',
      help: 'Answers to rerank requests; 499: the client left.',
      labelNames: ['status'],
      registers,
    }),
    request: histogram('rerank_request_seconds', 'From the headers of a rerank request to its answer.'),
    queue: histogram('rerank_queue_seconds', 'Time that requests waited for others.'),
    inference: histogram('rerank_inference_seconds', 'Time that requests computed.'),
    tokens: counter('rerank_tokens_total', 'Tokens of all prompts.'),
    truncated: counter('rerank_truncated_total', 'Documents of which the model saw only the beginning, among those answered.'),
    aborted: counter('rerank_aborted_total', 'Requests whose client left before the answer.'),
  };
}
