import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ModelOptions, makeModel } from '../../scripts/model/make.mjs';
import type { ErrorCode } from '../../src/errors.js';
import { type Checked, checkModel, inspectFile } from '../../src/files/check/check.js';
import { openModelFile } from '../../src/files/model-file.js';
import { type Pieces, putTogether, takeApart } from './gguf-pieces.mjs';

const VARIANTS = {
  qwen3: {},
  window: { slidingWindow: 64 },
  'qwen3-reranker': { kind: 'qwen3-reranker' },
  qwen2: { kind: 'qwen2' },
  bert: { kind: 'bert' },
  'minilm-ce': { kind: 'minilm-ce' },
  'xlm-roberta': { kind: 'xlm-roberta' },
  'fused-bert': { kind: 'xlm-roberta', fused: true },
  'jina-bert-v2': { kind: 'jina-bert-v2' },
  'fused-jina': { kind: 'jina-bert-v2', fused: true },
  'nomic-bert': { kind: 'nomic-bert' },
  'modern-bert': { kind: 'modern-bert' },
  'gemma-embedding': { kind: 'gemma-embedding' },
} as const satisfies Record<string, Partial<ModelOptions>>;

export type Variant = keyof typeof VARIANTS;
export const ALL_VARIANTS = Object.keys(VARIANTS) as Variant[];

/** Files to check, in a folder that is gone after the tests. */
export interface Workshop {
  /** A tiny model's pieces, to be changed. */
  pieces(kind: Variant): Pieces;
  put(content: Buffer | string): string;
  check(content: Pieces | Buffer | string): Promise<Checked>;
  /** All problems, as codes and messages. */
  problems(content: Pieces): Promise<{ code: string; message: string }[]>;
  expectRefused(content: Pieces | Buffer | string, code: ErrorCode, message?: RegExp): Promise<void>;
}

export function workshop(): Workshop {
  let folder: string;
  const made = new Map<string, Pieces>();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'check-'));
    for (const [name, options] of Object.entries(VARIANTS)) {
      const { model } = await makeModel({ output: join(folder, `${name}.gguf`), tiny: true, ...options });
      made.set(name, takeApart(readFileSync(model)));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const put = (content: Buffer | string): string => {
    const path = join(folder, 'changed.gguf');
    writeFileSync(path, content);
    return path;
  };
  const bytes = (content: Pieces | Buffer | string) =>
    typeof content === 'string' || Buffer.isBuffer(content) ? content : putTogether(content);
  const check = async (content: Pieces | Buffer | string): Promise<Checked> => {
    const file = await openModelFile(put(bytes(content)));
    try {
      return await checkModel(file);
    } finally {
      await file.close();
    }
  };
  return {
    pieces: (kind) => made.get(kind) as Pieces,
    put,
    check,
    async problems(content) {
      const file = await openModelFile(put(bytes(content)));
      const found: { code: string; message: string }[] = [];
      await inspectFile(file, ({ code, message }) => found.push({ code, message }));
      await file.close();
      return found;
    },
    async expectRefused(content, code, message = /./) {
      const expected = { name: 'RerankError', code, message: expect.stringMatching(message) };
      await expect(check(content)).rejects.toMatchObject(expected);
    },
  };
}
