import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareHeaders, usedNames } from '../../scripts/check-abi.mjs';

const native = join(import.meta.dirname, '../../native');
const original = join(native, 'llama.cpp/v0.4.0');
const used = usedNames(native);

let changed: string;
beforeEach(() => {
  changed = join(mkdtempSync(join(tmpdir(), 'abi-')), 'changed');
  cpSync(original, changed, { recursive: true });
});
afterEach(() => rmSync(join(changed, '..'), { recursive: true, force: true }));

/** Differences after replacing the first occurrence of `before` in a copied header. */
function differencesAfter(file: string, before: string | RegExp, after: string): string {
  const text = readFileSync(join(changed, file), 'utf8');
  const edited = text.replace(before, after);
  expect(edited, `${before} is not in ${file}`).not.toBe(text);
  writeFileSync(join(changed, file), edited);
  return compareHeaders(used, [original, changed]).join('\n');
}

test('the accepted releases declare alike what is used', () => {
  expect(used.functions.length).toBeGreaterThan(40);
  expect(compareHeaders(used, [original, join(native, 'llama.cpp/v0.5.0')])).toEqual([]);
});

test('there are headers of each release that the addon accepts', () => {
  const list = /kReleases\[\] = \{([^}]*)\}/.exec(readFileSync(join(native, 'library.cc'), 'utf8'))?.[1] ?? '';
  const folders = readdirSync(join(native, 'llama.cpp')).filter((name) => name.startsWith('v'));
  expect([...list.matchAll(/"([^"]+)"/g)].map((match) => `v${match[1]}`).sort()).toEqual(folders.sort());
});

test.each<[string, string, string | RegExp, string]>([
  ['comments and white space', 'llama.h', 'llama_token_to_piece(', 'llama_token_to_piece  ( /* piece, */\n'],
  ['an unused function', 'llama.h', /int +llama_sampler_chain_n/, 'int64_t llama_sampler_chain_n'],
  ['an unused enum', 'ggml.h', 'GGML_PREC_F32     = 10', 'GGML_PREC_F32     = 11'],
  [
    'a deprecation',
    'llama.h',
    'LLAMA_API void llama_free(struct llama_context * ctx);',
    'DEPRECATED(LLAMA_API void llama_free(struct llama_context * ctx), "no, (never)");',
  ],
])('%s is no difference', (_, file, before, after) => {
  expect(differencesAfter(file, before, after)).toBe('');
});

test.each<[string, string, string | RegExp, string, RegExp]>([
  [
    'a parameter',
    'llama.h',
    /(llama_tokenize\([^;]*)int32_t +n_tokens_max/,
    '$1size_t n_tokens_max',
    /function llama_tokenize\(\) differs[\s\S]*- int32_t n_tokens_max[\s\S]*\+ size_t n_tokens_max/,
  ],
  [
    'a return type',
    'llama.h',
    /int32_t llama_model_n_embd +\(/,
    'int64_t llama_model_n_embd (',
    /llama_model_n_embd\(\)[\s\S]*\+ returns int64_t/,
  ],
  [
    'the order of fields',
    'llama.h',
    /(int32_t +n_tokens;)([\s\S]*?)(float +\* +embd;)/,
    '$3$2$1',
    /struct llama_batch differs[\s\S]*another order; at place 1/,
  ],
  [
    'a new field',
    'llama.h',
    /(struct llama_context_params \{)/,
    '$1 int32_t surprise;',
    /struct llama_context_params differs[\s\S]*\+ int32_t surprise/,
  ],
  [
    'a field of a struct behind a pointer',
    'ggml.h',
    'size_t               view_offs',
    'uint32_t view_offs',
    /struct ggml_tensor differs[\s\S]*\+ uint32_t view_offs/,
  ],
  [
    'the length of an array',
    'ggml.h',
    /#define GGML_MAX_DIMS +4/,
    '#define GGML_MAX_DIMS 5',
    /macro GGML_MAX_DIMS differs[\s\S]*- 4[\s\S]*\+ 5/,
  ],
  [
    'an enum value',
    'llama.h',
    /LLAMA_POOLING_TYPE_MEAN = 1/,
    'LLAMA_POOLING_TYPE_MEAN = 7',
    /enum llama_pooling_type differs[\s\S]*LLAMA_POOLING_TYPE_MEAN = 7/,
  ],
  [
    'an enum member in between',
    'ggml.h',
    'GGML_OP_DUP,',
    'GGML_OP_NEW, GGML_OP_DUP,',
    /enum ggml_op differs[\s\S]*\+ GGML_OP_DUP = 2/,
  ],
  ['a typedef', 'llama.h', 'typedef int32_t llama_pos;', 'typedef int64_t llama_pos;', /typedef llama_pos differs/],
  ['a callback type', 'ggml.h', /(typedef void \(\*ggml_log_callback\)\()/, '$1int extra, ', /typedef ggml_log_callback differs/],
  [
    'a function that is gone',
    'llama.h',
    /LLAMA_API int32_t llama_decode\(/,
    'LLAMA_API int32_t llama_decode2(',
    /llama_decode\(\) is not declared in changed/,
  ],
])('%s is a difference, by name', (_, file, before, after, message) => {
  expect(differencesAfter(file, before, after)).toMatch(message);
});
