// @ts-check

/** @typedef {import('./contract.mjs').Measurement} Measurement */

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * The rounds of one peer with one setting as one measurement.
 *
 * @param {Measurement[]} rounds
 * @returns {Measurement}
 */
export function summarize(rounds) {
  const middle = (/** @type {'load_ms' | 'seconds' | 'documents_per_s' | 'peak_mb'} */ key) =>
    median(rounds.map((run) => run[key]));
  const [first] = rounds;
  if (!first) throw new Error('no rounds');
  return {
    ...first,
    load_ms: middle('load_ms'),
    seconds: middle('seconds'),
    documents_per_s: middle('documents_per_s'),
    peak_mb: middle('peak_mb'),
  };
}

/**
 * @param {string} title
 * @param {Measurement[]} measurements
 */
export function table(title, measurements) {
  const own = measurements.find(({ peer }) => peer === 'llama-rerank');
  const rows = [...measurements].sort((a, b) => a.seconds - b.seconds).map((run) => cells(run, own));
  const lines = [
    ['peer', 'version', 'settings', 'tokens', 'load', 'seconds', 'documents/s', 'time, llama-rerank = 1', 'peak memory'],
    ...rows,
  ];
  const [head = '', ...body] = lines.map((line) => `| ${line.join(' | ')} |`);
  return [`### ${title}`, '', head, head.replace(/[^|]+/g, '---'), ...body, ''].join('\n');
}

/** @param {Measurement} run @param {Measurement | undefined} own */
function cells(run, own) {
  const settings = Object.entries(run.settings).map(([name, value]) => `${name} ${value}`);
  return [
    run.peer,
    run.version,
    settings.join(', ') || 'defaults',
    String(run.tokens),
    `${(run.load_ms / 1000).toFixed(2)} s`,
    run.seconds.toFixed(2),
    run.documents_per_s.toFixed(1),
    own ? (run.seconds / own.seconds).toFixed(2) : '–',
    `${run.peak_mb.toFixed(0)} MB`,
  ];
}
