import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelOptions, makeModel } from '../../scripts/model/make.mjs';
import type { Kind } from '../../scripts/model/shapes.mjs';

const SCRIPT = join(import.meta.dirname, 'scripts/try-mutants.mjs');
const SEED = process.env.LLAMA_RERANK_SEED ?? '1';
/** Files that one process tries, and how many processes there are at once. */
const BATCH = 1000;
const AT_ONCE = 2;
const LONGEST = 30_000;

interface Outcome {
  name: string;
  stage: 'refused' | 'failed' | 'ranked';
  /** Empty for one that ranked. */
  code: string;
  message?: string;
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mutants-'));
  const make = (name: string, options: Partial<ModelOptions>) =>
    makeModel({ output: join(folder, `${name}.gguf`), projector: join(folder, `${name}.safetensors`), tiny: true, ...options });
  await make('qwen3', { slidingWindow: 64 });
  await make('bert', { kind: 'bert' });
  // Wide enough for the types of 256 numbers a block.
  await make('wide-qwen3', { width: 256, ffn: 256, layers: 1 });
  await make('wide-bert', { kind: 'bert', width: 256, ffn: 256, layers: 1, heads: 4 });
  // At the edges of what the check lets through.
  const shapes = [
    { headSize: 2 },
    { heads: 1, kvHeads: 1, headSize: 1024 },
    { heads: 7, kvHeads: 7, headSize: 10 },
    { ffn: 1 },
    { context: 64 },
  ];
  for (const [i, shape] of shapes.entries()) await make(`odd-qwen3-${i}`, shape);
  for (const [i, shape] of [{ heads: 64 }, { width: 66, heads: 3 }, { ffn: 1, context: 64 }].entries()) {
    await make(`odd-bert-${i}`, { kind: 'bert', ...shape });
  }
  const checked = (name: string, options: Partial<ModelOptions>) => make(`checked-${name}`, options);
  const kinds = [
    'qwen3-reranker',
    'qwen2',
    'minilm-ce',
    'xlm-roberta',
    'jina-bert-v2',
    'nomic-bert',
    'modern-bert',
    'gemma-embedding',
  ];
  for (const kind of kinds as Kind[]) await checked(kind, { kind, width: 64, heads: 2 });
  await checked('fused-bert', { kind: 'xlm-roberta', fused: true });
  await checked('fused-jina', { kind: 'jina-bert-v2', fused: true });
  for (const kind of ['jina-bert-v2', 'xlm-roberta', 'modern-bert', 'qwen2'] as const)
    await checked(`wide-${kind}`, { kind, width: 256, ffn: 256, layers: 2, heads: 4, kvHeads: 4, fused: true });
  const odd: [Kind, Partial<ModelOptions>][] = [
    ['jina-bert-v2', { width: 33, heads: 11, ffn: 1 }],
    ['jina-bert-v2', { width: 32, heads: 32, ffn: 1, fused: true, context: 64 }],
    ['xlm-roberta', { width: 33, heads: 3, fused: true }],
    ['qwen2', { width: 36, heads: 18, kvHeads: 1, ffn: 1 }],
    ['nomic-bert', { width: 32, heads: 16, ffn: 1, context: 64 }],
    ['modern-bert', { layers: 2, width: 32, heads: 16, ffn: 1, context: 64 }],
    ['gemma-embedding', { width: 33, heads: 3, kvHeads: 3, headSize: 2, ffn: 1, context: 64 }],
  ];
  for (const [i, [kind, shape]] of odd.entries()) await checked(`odd-${i}-${kind}`, { kind, ...shape });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Batch {
  outcomes: Outcome[];
  /** The file that was being tried when the process died or did not go on. */
  death?: { index: number; text: string };
}

/** What the script says about files `from` to `to`, line by line. */
async function run(from: number | 'count', to: number, onLine: (line: string) => void): Promise<{ end: string; stderr: string }> {
  const child = spawn(process.execPath, [SCRIPT, folder, SEED, String(from), String(to)]);
  let [rest, stderr] = ['', ''];
  const kill = () => child.kill('SIGKILL');
  let timer = setTimeout(kill, LONGEST);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-1000);
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    clearTimeout(timer);
    timer = setTimeout(kill, LONGEST);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { end: signal ?? (code === 0 ? '' : `exit code ${code}`), stderr };
}

async function tryMutants(from: number, to: number): Promise<Batch> {
  const outcomes: Outcome[] = [];
  let current = { index: from, name: 'the beginning' };
  const { end, stderr } = await run(from, to, (line) => {
    const said = JSON.parse(line);
    if (said.stage) outcomes.push({ name: current.name, ...said });
    else current = said;
  });
  return end === '' ? { outcomes } : { outcomes, death: { index: current.index, text: `${current.name}: ${end}: ${stderr}` } };
}

describe(`files made from good ones with seed ${SEED}`, () => {
  test('are refused with a reason, or work: none stops the process, none keeps it busy', { timeout: 400_000 }, async () => {
    let count = 0;
    await run('count', 0, (line) => {
      count = Number(line);
    });
    expect(count).toBeGreaterThan(2000);
    const outcomes: Outcome[] = [];
    const deaths: string[] = [];
    const ranges = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => [i * BATCH, Math.min((i + 1) * BATCH, count)]);
    const work = async (): Promise<void> => {
      for (let range = ranges.shift(); range; range = ranges.shift()) {
        const [from, to] = range as [number, number];
        const batch = await tryMutants(from, to);
        outcomes.push(...batch.outcomes);
        if (!batch.death) continue;
        deaths.push(batch.death.text);
        ranges.unshift([batch.death.index + 1, to]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(deaths).toEqual([]);
    expect(outcomes.length).toBe(count);

    // What llama.cpp has to refuse is a rule that the check lacks.
    const refusals = /^(MODEL_(?!LOAD_FAILED|CHANGED)|PROJECTOR_MISMATCH)/;
    const failures = /^(NON_FINITE|CONTEXT_OVERFLOW|INSUFFICIENT_MEMORY)$/;
    const expected = { refused: refusals, failed: failures, ranked: /^$/ };
    expect(outcomes.filter(({ stage, code }) => !expected[stage].test(code))).toEqual([]);
    const ranked = outcomes.filter(({ stage }) => stage === 'ranked');
    expect(ranked.length).toBeGreaterThan(300);
    expect(outcomes.length - ranked.length).toBeGreaterThan(2000);
  });
});
