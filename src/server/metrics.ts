import { Counter, Gauge, Histogram, type Metric, StatusCounter } from './exposition.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** What `/metrics` tells. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Metrics of one server. `depth` and `loaded` are asked when somebody looks. */
export function createMetrics(depth: () => number, loaded: () => number) {
  const metrics = {
    depth: new Gauge('rerank_queue_depth', 'Requests that wait or run.', depth),
    loaded: new Gauge('rerank_models_loaded', 'Models in memory.', loaded),
    requests: new StatusCounter('rerank_requests_total', 'Answers to rerank requests; 499: the client left.'),
    request: new Histogram('rerank_request_seconds', 'From the headers of a rerank request to its answer.', SECONDS),
    queue: new Histogram('rerank_queue_seconds', 'Time that requests waited for others.', SECONDS),
    inference: new Histogram('rerank_inference_seconds', 'Time that requests computed.', SECONDS),
    tokens: new Counter('rerank_tokens_total', 'Tokens of all prompts.'),
    truncated: new Counter(
      'rerank_truncated_total',
      'Documents of which the model saw only the beginning, among those answered.',
    ),
    aborted: new Counter('rerank_aborted_total', 'Requests whose client left before the answer.'),
  };
  const all: Metric[] = Object.values(metrics);
  return { ...metrics, text: () => all.map((metric) => metric.text()).join('\n') };
}
