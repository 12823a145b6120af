import { describe, expect, test } from 'vitest';
import { type Look, parseAddress } from '../../src/files/address.js';
import { readCatalog } from '../../src/files/catalog.js';
import { isSafePath } from '../../src/files/hub/names.js';

const catalog = readCatalog();
const nothing: Look = () => 'nothing';
const parse = (text: string, look = nothing) => parseAddress(text, catalog, look);
const hub = (repository: string, rest: object = {}) => {
  return { kind: 'hub', repository, file: undefined, quantization: undefined, revision: undefined, ...rest };
};
const known = (name: string, quantization?: string) => {
  return { kind: 'known', model: expect.objectContaining({ name }), quantization };
};

test.each([
  ['jina-reranker-v3', known('jina-reranker-v3')],
  ['JINA-Reranker-v3:q4_k_m', known('jina-reranker-v3', 'q4_k_m')],
  ['jina-reranker-v3.5', known('jina-reranker-v3.5')],
  ['hf:someone/some.repo', hub('someone/some.repo')],
  ['hf:someone/repo:Q8_0', hub('someone/repo', { quantization: 'Q8_0' })],
  ['hf:someone/repo#v1.0', hub('someone/repo', { revision: 'v1.0' })],
  ['hf:someone/repo:Q8_0#refs/pr/1', hub('someone/repo', { quantization: 'Q8_0', revision: 'refs/pr/1' })],
  ['hf:someone/repo/sub/m.gguf#abc', hub('someone/repo', { file: 'sub/m.gguf', revision: 'abc' })],
  ['huggingface:someone/repo', hub('someone/repo')],
  ['someone/repo', hub('someone/repo')],
  ['someone/repo:Q5_K_M', hub('someone/repo', { quantization: 'Q5_K_M' })],
  ['hf:jinaai/jina-reranker-v3-GGUF:Q8_0', known('jina-reranker-v3', 'Q8_0')],
  ['jinaai/jina-reranker-v3-GGUF', known('jina-reranker-v3')],
  ['hf:jinaai/jina-reranker-v3-GGUF/jina-reranker-v3-IQ4_XS.gguf', known('jina-reranker-v3', 'IQ4_XS')],
  ['hf:jinaai/jina-reranker-v3-GGUF#main', hub('jinaai/jina-reranker-v3-GGUF', { revision: 'main' })],
  ['hf:jinaai/jina-reranker-v3-GGUF/new.gguf', hub('jinaai/jina-reranker-v3-GGUF', { file: 'new.gguf' })],
])('%s', (text, address) => {
  expect(parse(text)).toEqual(address);
});

test.each([
  'model.gguf',
  'none.gguf',
  './jina-reranker-v3',
  '../someone/repo',
  'a/b/c',
  '/models/x',
  'C:\\models\\x',
  'models\\x',
  '~/x',
  'mo dèl',
  '',
  '.',
  '..',
  'a\0b',
  'someone/repo/m.gguf',
])('%j is a path', (text) => {
  expect(parse(text)).toEqual({ kind: 'file', path: text });
});

test('a file that exists wins over a repository, and a known name over a folder', () => {
  expect(parse('someone/repo', () => 'file')).toEqual({ kind: 'file', path: 'someone/repo' });
  const inFolder: Look = (path) => (path === 'models' ? 'folder' : 'nothing');
  expect(parse('models/forgotten.bin', inFolder)).toEqual({ kind: 'file', path: 'models/forgotten.bin' });
  expect(parse('model', () => 'file')).toEqual({ kind: 'file', path: 'model' });
  expect(parse('jina-reranker-v3', () => 'folder')).toEqual(known('jina-reranker-v3'));
});

test('a word that means nothing names what is known', () => {
  const unknown = { code: 'MODEL_UNKNOWN', message: expect.stringMatching(/jina-reranker-v9 .* jina-reranker-v3, /) };
  expect(() => parse('jina-reranker-v9')).toThrow(expect.objectContaining(unknown));
  expect(() => parse('jina-reranker-v9:Q8_0')).toThrow(expect.objectContaining({ code: 'MODEL_UNKNOWN' }));
});

describe('D09: names that lead elsewhere are refused', () => {
  test.each([
    'hf:someone',
    'hf:',
    'hf:../repo',
    'hf:someone/..',
    'hf:someone/repo/../../x.gguf',
    'hf:someone/repo//etc/passwd',
    'hf:someone/repo/',
    'hf:someone/repo/C:/x.gguf',
    'hf:someone/repo/a\\b.gguf',
    'hf:someone/repo/a\0.gguf',
    'hf:someone/repo/nul.gguf',
    'hf:someone/repo/CON',
    'hf:someone/aux:Q8_0',
    'hf:com1/repo',
    'hf:someone/repo/x.gguf.',
    'hf:someone/re--po',
    'hf:some one/repo',
    'hf:someone/repo#../x',
    'hf:someone/repo#',
    'hf:someone/repo:Q8_0/x.gguf',
    `hf:someone/repo/${'x'.repeat(300)}`,
  ])('%j', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'RerankError', code: 'INVALID_ARGUMENT' }));
  });

  test.each(['a.gguf', 'sub/a b.gguf', 'ümlaut/模型.gguf', 'console.gguf', '.hidden'])('%s leads nowhere', (path) => {
    expect(isSafePath(path)).toBe(true);
  });
});
