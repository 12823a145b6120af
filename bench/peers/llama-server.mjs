// @ts-check
// The program is in LLAMA_SERVER. Settings: parallel (slots), contextSize (of one slot), ubatch, flashAttention.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runPeer } from './contract.mjs';

/** @typedef {{ results: { index: number, relevance_score: number }[], usage: { total_tokens: number } }} Answer */

const program = process.env.LLAMA_SERVER ?? 'llama-server';
const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8' });
const version = /version: (\S+)/.exec(stdout + stderr)?.[1];
if (!version) throw new Error(`${program} does not run: bench/peers/build-llama-server.sh builds it, --server says where it is`);

await runPeer('llama-server', version, async (model, threads, settings) => {
  const { parallel, contextSize, ubatch, flashAttention } = settings;
  const port = await freePort();
  const options = {
    '--model': model,
    '--host': '127.0.0.1',
    '--port': port,
    '--threads': threads,
    '--threads-batch': threads,
    '--parallel': parallel,
    '--ctx-size': parallel * contextSize,
    '--batch-size': ubatch,
    '--ubatch-size': ubatch,
    '--flash-attn': flashAttention ? 'on' : 'off',
  };
  const server = spawn(program, ['--rerank', ...Object.entries(options).flat().map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (part) => (log = (log + part).slice(-4000)));
  process.once('exit', () => server.kill());
  const address = `http://127.0.0.1:${port}`;
  while (!(await isReady(address))) {
    if (server.exitCode !== null) throw new Error(`llama-server ended with ${server.exitCode}: ${log}`);
    await sleep(20);
  }
  return {
    rank: async ({ query, documents }) => {
      const body = JSON.stringify({ query, documents });
      const response = await fetch(`${address}/v1/rerank`, { method: 'POST', body });
      if (!response.ok) throw new Error(`llama-server answered ${response.status}: ${await response.text()}`);
      const { results, usage } = /** @type {Answer} */ (await response.json());
      const scores = documents.map(() => Number.NaN);
      for (const { index, relevance_score } of results) scores[index] = relevance_score;
      return { scores, tokens: usage.total_tokens };
    },
    close: async () => {
      server.kill();
      await once(server, 'exit');
    },
    peakMegabytes: () => peakOf(server.pid),
  };
});

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** @param {string} address */
async function isReady(address) {
  return fetch(`${address}/health`).then(
    (response) => response.ok,
    () => false,
  );
}

/** Only Linux tells. @param {number | undefined} pid */
function peakOf(pid) {
  if (process.platform !== 'linux') return Number.NaN;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
