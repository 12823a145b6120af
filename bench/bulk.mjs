// @ts-check
/**
 * Rates of one and two workers of one thread each, and of this package without a queue: node bench/bulk.mjs [jobs] [model]
 * Starts a redis-server of its own. The machine needs two cores that nothing else uses. Three rounds; medians count.
 * All runs have to give the same file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installedDocuments } from './documents.mjs';

const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PORT = 7999;
const REDIS = `redis://127.0.0.1:${PORT}`;
const [count = '300', model = 'all-MiniLM-L6-v2'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'bench-bulk-'));
const flags = ['-m', model, '-t', '1', '--gpu', 'cpu'];

/** @param {string[]} argv */
function start(...argv) {
  const child = spawn(process.execPath, [CLI, ...argv]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return { child, said: () => stderr };
}

/**
 * Jobs a second.
 * @param {string[]} options
 */
async function rate(...options) {
  const { child, said } = start('bulk', join(folder, 'jobs.jsonl'), ...flags, '-o', join(folder, 'out'), ...options);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(said());
  const out = readFileSync(join(folder, 'out'), 'utf8');
  expected ??= out;
  if (out !== expected) throw new Error('two runs gave different files');
  const [, jobs, tokens] = /: ([\d.,]+) jobs\/s, ([\d.,]+) tokens\/s/.exec(said()) ?? [];
  return { jobs: Number(jobs?.replaceAll(',', '')), tokens };
}

/** @type {string | undefined} */
let expected;

/** @param {number} workers */
async function withWorkers(workers) {
  const children = Array.from({ length: workers }, () => start('worker', '--redis', REDIS, ...flags));
  while (!children.every(({ said }) => said().includes('takes jobs'))) await setTimeout(50);
  const result = await rate('--redis', REDIS);
  for (const { child } of children) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  return result;
}

/** @param {{ jobs: number }[]} results */
const median = (results) => results.map(({ jobs }) => jobs).sort((a, b) => a - b)[Math.floor(results.length / 2)] ?? 0;

const server = spawn('redis-server', ['--port', String(PORT), '--appendonly', 'yes', '--save', '', '--dir', folder], {
  stdio: 'ignore',
});
try {
  await setTimeout(1000);
  const texts = installedDocuments(20, 600);
  const lines = Array.from({ length: Number(count) }, (_, id) =>
    JSON.stringify({ id, query: `how does number ${id} work?`, documents: texts }),
  );
  writeFileSync(join(folder, 'jobs.jsonl'), lines.join('\n'));
  const [local, both, one, two] = [[], [], [], []].map(
    (list) => /** @type {{ jobs: number, tokens: string | undefined }[]} */ (list),
  );
  for (let i = 0; i < 3; i++) {
    local?.push(await rate());
    both?.push(await rate('-t', '2'));
    one?.push(await withWorkers(1));
    two?.push(await withWorkers(2));
  }
  for (const [name, results = []] of /** @type {const} */ ([
    ['no queue', local],
    ['2 threads', both],
    ['one worker', one],
    ['two workers', two],
  ]))
    console.log(`${name.padEnd(12)} ${results.map(({ jobs, tokens }) => `${jobs} jobs/s (${tokens} tokens/s)`).join(', ')}`);
  console.log(`two workers to one: ${(median(two ?? []) / median(one ?? [])).toFixed(2)}; the same file each time`);
} finally {
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
