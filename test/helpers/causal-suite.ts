import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Family } from '../../src/family.js';
import { Reranker, type RerankResponse } from '../../src/index.js';
import { readRequest } from '../../src/options.js';
import { pairTexts } from './causal.js';
import { openEngine } from './engine.js';
import { unpack } from './models.js';
import { expectScores, readCases, readJson, scoresOf } from './reference.js';

/** See test/fixtures/pairwise/qwen3-reranker/README.md. */
interface CausalCase {
  name: string;
  query: string;
  documents: string[];
  instruction: string;
  tokens: number[][];
  logits: number[];
  relevance: number[];
}

/** Largest difference of a logit, by file type. */
const TOLERANCE = { F16: 0.01, Q8_0: 0.4 };

/** Logits in the order of the input. */
export function logitsOf({ results }: RerankResponse<unknown>): number[] {
  const logits: number[] = [];
  for (const { index, logit } of results) logits[index] = logit as number;
  return logits;
}

/** Compares every model of a folder laid out like test/fixtures/pairwise/qwen3-reranker with its cases. */
export function describeCausal(folder: string): void {
  const files = readdirSync(folder).filter((file) => /\.gguf(\.gz)?$/.test(file));
  describe.each(files.map((file) => [file.replace(/\.gguf(\.gz)?$/, ''), file] as const))('%s', (name, file) => {
    const path = unpack(join(folder, file), join('pairwise', basename(folder)));
    const tolerance = /F16/.test(name) ? TOLERANCE.F16 : TOLERANCE.Q8_0;
    let engine: Engine;
    let family: Family;
    let reranker: Reranker;
    beforeAll(async () => {
      ({ engine, family } = await openEngine(path));
      reranker = await Reranker.load(path, { gpu: 'cpu', threads: 1 });
    });
    afterAll(async () => {
      await reranker.dispose();
      await engine.close();
    });

    const list = join(folder, 'tokens.json');
    test.runIf(existsSync(list))('tokens of single texts', async () => {
      const { texts, tokens } = readJson<{ texts: string[]; tokens: number[][] }>(list);
      const plain = texts.map((text) => text.normalize('NFC'));
      const ids = await engine.tokenizer.tokenize(plain);
      const different = texts.filter((_, i) => (ids[i] as Int32Array).join() !== (tokens[i] as number[]).join());
      expect(different.filter((text) => !/<\/?think>/.test(text))).toEqual([]);
    });

    test.runIf(existsSync(list))(
      'the tokenizer always splits before <Document>, so that the query needs to be read once',
      async () => {
        const { texts } = readJson<{ texts: string[] }>(list);
        const [queries, documents] = [
          texts.map((text) => `<Query>: ${text}\n`),
          texts.toReversed().map((text) => `<Document>: ${text}`),
        ];
        const whole = await engine.tokenizer.tokenize(queries.map((query, i) => query + documents[i]));
        const [a, b] = [await engine.tokenizer.tokenize(queries), await engine.tokenizer.tokenize(documents)];
        expect(whole.map((ids) => ids.join())).toEqual(a.map((ids, i) => [...ids, ...(b[i] as Int32Array)].join()));
      },
    );

    const cases = readCases<CausalCase>(join(folder, 'cases', name));
    const asked = cases.filter(({ query }) => query.trim() !== '');
    test.each(asked.map((reference) => [reference.name, reference] as const))('%s', async (_, reference) => {
      const { query, documents, tokens } = reference;
      const { request } = readRequest(query, documents, {}, family);
      const plan = await family.plan(request, engine.tokenizer, family.contextSize);
      expect(pairTexts(plan).map((windows) => windows.map((ids) => [...ids]))).toEqual(tokens.map((ids) => [ids]));

      const response = await reranker.rerank(query, documents);
      expectScores(logitsOf(response), reference.logits, tolerance);
      expect(scoresOf(response)).toEqual(logitsOf(response).map((logit) => expect.closeTo(1 / (1 + Math.exp(-logit)), 12)));
      expect(response.usage).toMatchObject({ queryTruncated: false, overflow: 'none' });
      expect(response.results.filter(({ truncated }) => truncated)).toEqual([]);
    });
  });
}
