// @ts-check
/** The table of docs/scaling.md, from measured rates: node bench/capacity.mjs */

/** Pairs a second on 2 cores, as docs/benchmarks.md and bench/bulk.mjs have them. */
const measured = [
  { model: 'all-MiniLM-L6-v2 Q8_0 (starter), 159 tokens', pairs: 4.1 * 20 },
  { model: 'jina-reranker-v1-turbo-en Q8_0, 200 tokens', pairs: 100 / 2.02 },
  { model: 'Qwen3-Reranker-0.6B Q8_0, 100 tokens', pairs: 50 / 11.1 },
  { model: 'jina-reranker-v3 Q8_0, 127 tokens', pairs: 252 / (2042 / 16) },
];
/** Jobs of 100 documents of 600 characters a second through one Redis: bench/queue.mjs. */
const queue = 579;

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;

for (const { model, pairs } of measured) {
  const cells = [
    model,
    pairs.toFixed(pairs < 10 ? 1 : 0),
    `${(1e6 / pairs / HOUR).toFixed(1)} h`,
    String(Math.ceil(1e6 / pairs / HOUR)),
    String(Math.ceil(1e9 / pairs / WEEK)),
    String(Math.floor((queue * 100) / pairs)),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
