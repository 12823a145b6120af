import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findKnown, findQuantization, type KnownModel, readCatalog } from '../../src/files/catalog.js';
import { isCommit, isSafePath } from '../../src/files/hub/names.js';
import { findEmbedder, SEARCH_INSTRUCTION } from '../../src/similarity/embedders.js';
import { sha256, temporary } from '../helpers/fake-hub.js';

const catalog = readCatalog();
const root = join(import.meta.dirname, '../..');

const FIELDS = {
  model: ['name', 'family', 'score', 'bundled', 'source', 'repository', 'revision', 'files', 'quantization', 'head', 'licence'],
  more: ['limits', 'prefixes', 'languages', 'supported', 'missing', 'checked', 'examples'],
  run: ['precision', 'source', 'tolerance', 'separately', 'scores'],
};

test('names are single, and what a user would type', () => {
  const names = catalog.models.map(({ name }) => name.toLowerCase());
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['jina-reranker-v3', 'jina-reranker-v3.5', 'all-minilm-l6-v2', 'bge-reranker-v2-m3']),
  );
  for (const name of names) expect(name).toMatch(/^[\w.-]+$/);
});

describe.each(catalog.models.map((model) => [model.name, model] as const))('%s', (_, model) => {
  test('has the fields of a model, and no others', () => {
    for (const key of Object.keys(model)) expect([...FIELDS.model, ...FIELDS.more]).toContain(key);
    expect(['listwise', 'pairwise', 'similarity']).toContain(model.family);
    expect(['cosine', 'logit', 'probability']).toContain(model.score);
    expect(['checked here', 'checked by published scores', 'not yet']).toContain(model.checked);
    expect(model.source).toMatch(/^[\w.-]+\/[\w.-]+$/);
    expect(model.licence).toEqual({ id: expect.stringMatching(/^[\w.-]+$/), commercial: expect.any(Boolean) });
    expect(model.languages === 'many' || model.languages.every((language) => /^[a-z]{2}$/.test(language))).toBe(true);
    expect(model.supported).toBe(model.missing === undefined);
    expect(model.repository === undefined).toBe(model.bundled === true);
  });

  test('has the prefixes of its card, which models without an entry get by their name', () => {
    if (model.family !== 'similarity') expect(model.prefixes).toBeUndefined();
    else expect({ query: '', document: '', ...findEmbedder([model.name])?.prefixes }).toEqual(withoutInstruction(model.prefixes));
  });

  test('D11: pins a commit; sizes and hashes are of the right form', () => {
    if (!model.bundled) expect(isCommit(model.revision ?? '')).toBe(true);
    const files = [...Object.values(model.files), ...(model.head ? [model.head] : [])];
    for (const { file, size, sha256: hash } of files) {
      expect(isSafePath(file)).toBe(true);
      if (size !== undefined) expect(size).toBeGreaterThan(100_000);
      if (hash !== undefined) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(findQuantization(model)).toBeDefined();
    const hashes = files.flatMap(({ sha256: hash }) => hash ?? []);
    expect(new Set(hashes).size).toBe(hashes.length);
    if (model.family === 'listwise') expect(model.head).toBeDefined();
    if (model.family === 'similarity') expect(model.head).toBeUndefined();
    // What conversions of a cross-encoder leave out is in the original's file.
    if (model.family === 'pairwise' && model.head) expect(model.head.tensors).toHaveLength(4);
  });

  test('has examples of which every document has a score', () => {
    for (const { query, documents, runs, ...others } of model.examples) {
      expect(Object.keys(others)).toEqual([]);
      expect(query).not.toBe('');
      expect(runs.length).toBeGreaterThan(0);
      for (const run of runs) {
        for (const key of Object.keys(run)) expect(FIELDS.run).toContain(key);
        expect(run.scores).toHaveLength(documents.length);
        expect(run.scores.every(Number.isFinite)).toBe(true);
        expect(run.tolerance).toBeGreaterThan(0);
        expect(run.source).not.toBe('');
      }
    }
  });

  test('is in docs/models.md as it is here', () => {
    const rows = readFileSync(join(root, 'docs/models.md'), 'utf8').split('\n');
    const row = rows.find((line) => line.startsWith(`| \`${model.name}\` |`)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    const file = findQuantization(model);
    const size = file?.file.size === undefined ? '' : `${Math.round(file.file.size / 1e6)} MB`;
    const where = model.repository ? `[${model.repository}](https://huggingface.co/${model.repository})` : 'comes along';
    const languages = model.languages === 'many' ? 'many' : model.languages.join(', ');
    const use = model.licence.commercial ? 'yes' : '**no**';
    const checked = model.checked === 'not yet' ? 'not yet checked' : model.checked;
    const status = model.supported ? `yes; ${checked}` : 'no';
    expect(cells.slice(2, 9)).toEqual([
      model.family,
      where,
      `${file?.key}${size && `, ${size}`}`,
      languages,
      model.licence.id,
      use,
      status,
    ]);
  });
});

function withoutInstruction(prefixes: KnownModel['prefixes']): object {
  const { instruction, ...rest } = { query: '', document: '', instruction: SEARCH_INSTRUCTION, ...prefixes };
  expect(instruction).toBe(SEARCH_INSTRUCTION);
  return rest;
}

test('the bundled model is the one that is meant', () => {
  const model = findKnown(catalog, 'all-MiniLM-L6-v2');
  const { file, size, sha256: hash } = findQuantization(model as never)?.file ?? { file: '' };
  const path = join(catalog.folder, file);
  expect(statSync(path).size).toBe(size);
  expect(sha256(readFileSync(path))).toBe(hash);
});

test.each(['', '{}', '{"models":[{"name":"x"}]}', '[1]'])('%j is no catalogue', (text) => {
  const path = join(temporary(), 'catalog.json');
  writeFileSync(path, text);
  expect(() => readCatalog(path)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => readCatalog(join(path, 'none'))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
