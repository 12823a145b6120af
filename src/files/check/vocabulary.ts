import { GgufArray } from '../gguf-values.js';
import { shown } from '../shown.js';
import type { Architecture, SpecialRule, VocabularyRules } from './architecture.js';
import type { Findings } from './findings.js';
import { findTextFaults } from './token-texts.js';
import { BYTE, checkBytes, checkCharsmap, checkScores, type Fail } from './vocabulary-parts.js';

/** Values of `tokenizer.ggml.token_type`; their names are llama.cpp's. Of the next one, BYTE, most vocabularies have none: it aborts the process. */
const CONTROL = 3;
const USER_DEFINED = 4;
const LAST_TYPE = 5;
/** llama.cpp looks for each of them in every text; models have less than 30. */
const MOST_USER_DEFINED = 1024;

const TOKENS = 'tokenizer.ggml.tokens';
const ADVICE = 'The file is damaged or its tokenizer was converted wrongly; fetch it again, or convert the model again';
const SWITCHES = ['add_bos_token', 'add_eos_token', 'add_sep_token', 'add_space_prefix', 'remove_extra_whitespaces'];
const NORMALIZER = ['normalizer.lowercase', 'normalizer.strip_accents'];

/** What a vocabulary is good for. */
export interface Vocabulary {
  readonly tokens: GgufArray;
  /** Ids of the control tokens by their text. */
  readonly control: ReadonlyMap<string, number>;
  /** The same of the user-defined ones: added to the vocabulary, but not control tokens. */
  readonly userDefined: ReadonlyMap<string, number>;
}

/** Checks the vocabulary; undefined if it cannot be read at all. */
export async function checkVocabulary(findings: Findings, architecture: Architecture): Promise<Vocabulary | undefined> {
  const fail = (what: string): void => findings.problem('MODEL_BAD_VOCAB', what, ADVICE);
  const rules = chooseRules(findings, architecture);
  const tokens = findings.list(TOKENS, 'string');
  if (!tokens || tokens.length === 0) {
    fail(`${TOKENS} is ${findings.describe(TOKENS)}, expected a list of texts`);
    return undefined;
  }
  const types = checkLists(findings, tokens, rules, fail);
  if (rules?.scores) checkScores(findings, tokens, fail);
  if (rules?.charsmap) checkCharsmap(findings, fail);
  if (rules?.bytes && types) checkBytes(tokens, types, fail);
  checkScalars(findings, tokens, rules, fail);
  await checkTexts(findings, tokens, rules?.longestToken ?? tokens.bytes.length, fail);
  const control = new Map<string, number>();
  const userDefined = new Map<string, number>();
  types?.forEach((type, id) => {
    if (type === CONTROL) control.set(tokens.at(id) as string, id);
    if (type === USER_DEFINED) userDefined.set(tokens.at(id) as string, id);
  });
  for (const rule of rules?.specials ?? []) checkSpecial(findings, rule, tokens, control, fail);
  return { tokens, control, userDefined };
}

function chooseRules(findings: Findings, { name, vocabularies }: Architecture): VocabularyRules | undefined {
  const found = findings.entry('tokenizer.ggml.model')?.value;
  const rules = vocabularies.find(({ model }) => model === found);
  if (rules) return rules;
  const known = vocabularies.map(({ model }) => `"${model}"`).join(' or ');
  const other = ['bert', 'gpt2', 'llama', 't5'].includes(String(found));
  findings.problem(
    other ? 'MODEL_UNSUPPORTED_ARCH' : 'MODEL_BAD_VOCAB',
    `tokenizer.ggml.model is ${findings.describe('tokenizer.ggml.model')}, expected ${known} in a ${name} model`,
    other ? 'This version does not score models with that tokenizer' : ADVICE,
  );
  return undefined;
}

/** Lists that go with the tokens; gives the types. */
function checkLists(
  findings: Findings,
  tokens: GgufArray,
  rules: VocabularyRules | undefined,
  fail: Fail,
): Int32Array | undefined {
  const typeKey = 'tokenizer.ggml.token_type';
  const types = findings.list(typeKey, 'i32')?.int32s();
  if (types?.length !== tokens.length) fail(`${typeKey} is ${findings.describe(typeKey)}, expected ${tokens.length} i32`);
  const last = rules?.bytes ? BYTE : LAST_TYPE;
  const odd = types?.findIndex((type) => type < 0 || type > last) ?? -1;
  if (odd >= 0) fail(`${typeKey} of token ${odd} is ${types?.[odd]}, expected 0 to ${last}`);
  const own = types?.reduce((count, type) => count + Number(type === USER_DEFINED), 0) ?? 0;
  if (own > MOST_USER_DEFINED)
    fail(`${own} tokens are user-defined (type ${USER_DEFINED}), expected at most ${MOST_USER_DEFINED}`);
  const scoreKey = 'tokenizer.ggml.scores';
  const scores = findings.entry(scoreKey)?.value;
  const fit = scores instanceof GgufArray && ['f32', 'i32'].includes(scores.type) && scores.length === tokens.length;
  if (scores !== undefined && !fit)
    fail(`${scoreKey} is ${findings.describe(scoreKey)}, expected ${tokens.length} f32 or nothing`);
  const mergeKey = 'tokenizer.ggml.merges';
  if (rules?.merges && !findings.list(mergeKey, 'string')?.length) {
    fail(`${mergeKey} is ${findings.describe(mergeKey)}, expected a list of texts`);
  }
  const suppressKey = 'tokenizer.ggml.suppress_tokens';
  if (findings.entry(suppressKey) && !findings.list(suppressKey, 'i32')) {
    fail(`${suppressKey} is ${findings.describe(suppressKey)}, expected a list of i32 or nothing`);
  }
  return types?.length === tokens.length ? types : undefined;
}

async function checkTexts(findings: Findings, tokens: GgufArray, longest: number, fail: Fail): Promise<void> {
  const { repeated, cut, long, bulk } = await findTextFaults(tokens, longest);
  const name = (id: number): string => `token ${id}, ${JSON.stringify(shown(tokens.at(id) as string))},`;
  // One changed bit in a vocabulary shows like this.
  if (repeated !== undefined) findings.problem('MODEL_CORRUPT', `${name(repeated)} is in the vocabulary twice`, ADVICE);
  if (cut !== undefined) fail(`${name(cut)} holds a zero byte`);
  if (bulk !== undefined) fail(`tokens up to ${name(bulk)} have too long texts for a vocabulary`);
  if (long !== undefined) fail(`${name(long)} has ${tokens.end(long) - tokens.begin(long)} bytes, expected at most ${longest}`);
}

function checkScalars(findings: Findings, tokens: GgufArray, rules: VocabularyRules | undefined, fail: Fail): void {
  const preKey = 'tokenizer.ggml.pre';
  const pre = findings.entry(preKey);
  if (rules?.pre ? !rules.pre.includes(String(pre?.value)) : pre !== undefined && pre.type !== 'string') {
    const expected = rules?.pre?.map((name) => JSON.stringify(name)).join(' or ') ?? 'a text or nothing';
    fail(`${preKey} is ${findings.describe(preKey)}, expected ${expected}`);
  }
  for (const [key, { type, value }] of findings.header.metadata) {
    if (!/^tokenizer\.ggml\.\w+_token_id$/.test(key)) continue;
    if (type === 'u32' && (value as number) < tokens.length) continue;
    fail(`${shown(key)} is ${findings.describe(key)}, expected the id of one of ${tokens.length} tokens (u32)`);
  }
  for (const name of [...SWITCHES, ...NORMALIZER]) {
    const key = `tokenizer.ggml.${name}`;
    const type = findings.entry(key)?.type ?? 'bool';
    if (type !== 'bool') fail(`${key} is ${findings.describe(key)}, expected true or false (bool)`);
  }
}

function checkSpecial(
  findings: Findings,
  { key, fallback, required, anyType, texts }: SpecialRule,
  tokens: GgufArray,
  control: ReadonlyMap<string, number>,
  fail: Fail,
): void {
  const entry = findings.entry(key);
  // Another type or an id that does not exist has been told already.
  if (entry && (entry.type !== 'u32' || (entry.value as number) >= tokens.length)) return;
  const id = (entry?.value ?? fallback) as number | undefined;
  const expected = texts.map((text) => JSON.stringify(text)).join(' or ');
  if (id === undefined) {
    if (required) fail(`${key} is absent, expected the id of ${expected}`);
    return;
  }
  const where = entry ? `${key} is ${id}` : `${key} is absent, which means ${id}`;
  if (id >= tokens.length) {
    fail(`${where}, but there are ${tokens.length} tokens`);
    return;
  }
  const text = tokens.at(id) as string;
  if (!texts.includes(text)) fail(`${where}, the token ${JSON.stringify(shown(text))}, expected ${expected}`);
  else if (!anyType && control.get(text) !== id)
    fail(`token ${id}, ${JSON.stringify(text)}, is no control token (type ${CONTROL})`);
}
