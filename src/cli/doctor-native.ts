import { EXIT } from './exit.js';
import type { Finding } from './finding.js';
import { bytes } from './numbers.js';
import { failureOf } from './probe.js';
import type { Shell } from './shell.js';

const QUESTION = 'how do I get my money back?';
const ANSWERS = ['Our shop opens at nine.', 'Refunds are paid within five days of the return.', 'The train was late.'];

interface Devices {
  library: { release: string; folder: string; addon?: string };
  devices: { name: string; type: string; description: string; memory_total: number }[];
}

interface Ranking {
  results: { index: number; relevance_score: number }[];
  usage: { milliseconds: { total: number } };
}

/** What only running native code can tell. It runs in other processes, since it may end them. */
export async function nativeFindings(shell: Shell): Promise<Finding[]> {
  const probe = await shell.probe(['devices', '--json']);
  if (probe.ended !== 0) {
    const found = failureOf(probe);
    const crashed = typeof probe.ended === 'string' || probe.ended > EXIT.model;
    const name = crashed ? 'native code' : found.includes('native addon') ? 'addon' : 'llama.cpp';
    return [
      { name, state: 'bad', found, advice: adviceFor(shell.env) },
      { name: 'ranking', state: 'note', found: 'not tried, since it needs the above' },
    ];
  }
  const { library, devices } = JSON.parse(probe.stdout) as Devices;
  return [
    ...(library.addon === undefined ? [] : [{ name: 'addon', state: 'ok' as const, found: library.addon }]),
    { name: 'llama.cpp', state: 'ok', found: `${library.release} in ${library.folder}` },
    deviceFinding(devices, shell),
    await rankingFinding(shell),
  ];
}

function adviceFor(env: Shell['env']): string {
  const set = ['LLAMA_RERANK_ADDON', 'LLAMA_RERANK_LIBRARY_PATH'].filter((name) => env[name]);
  if (set.length > 0) return `unset ${set.join(' and ')}, and run this again`;
  return 'remove node_modules and install again without --omit=optional; in a checkout, run: npm run build';
}

function deviceFinding(devices: Devices['devices'], shell: Shell): Finding {
  const found = devices.map(({ name, description, memory_total }) => {
    const memory = memory_total > 0 ? `, ${bytes(memory_total)}` : '';
    return `${name} (${description}${memory})`;
  });
  const cpuOnly = devices.every(({ type }) => type === 'cpu' || type === 'accel');
  const finding: Finding = { name: 'devices', state: 'ok', found: found.join('; ') };
  if (!cpuOnly || !shell.exists('/proc/driver/nvidia/version')) return finding;
  const advice = 'there is an NVIDIA driver: the package @node-llama-cpp/*-cuda uses the card (see Platforms in the README)';
  return { ...finding, state: 'note', advice };
}

/** The starter model has to find the one answer among the others. */
async function rankingFinding(shell: Shell): Promise<Finding> {
  const name = 'ranking';
  const argv = ['rank', '-q', QUESTION, '--input', 'line', '--json', '--quiet', '--offline'];
  const probe = await shell.probe(argv, `${ANSWERS.join('\n')}\n`);
  const advice = 'install the package again: the starter model lies in its folder gguf. If it stays so, report it';
  if (probe.ended !== 0) return { name, state: 'bad', found: failureOf(probe), advice };
  const { results, usage } = JSON.parse(probe.stdout) as Ranking;
  const best = results[0];
  const score = best?.relevance_score.toFixed(4);
  if (best?.index !== 1) {
    const found = `the starter model takes "${ANSWERS[best?.index ?? 0]}" (${score}) for the answer to "${QUESTION}"`;
    return {
      name,
      state: 'bad',
      found,
      advice: `${adviceFor(shell.env)}. LLAMA_RERANK_KERNELS=off and --gpu cpu tell whose fault it is`,
    };
  }
  return {
    name,
    state: 'ok',
    found: `the starter model finds the answer (${score}) in ${Math.round(usage.milliseconds.total)} ms`,
  };
}
