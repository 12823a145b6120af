import { type Architecture, type Dimensions, keyOf, type ValueRule } from './architecture.js';
import type { Findings } from './findings.js';

const ADVICE = 'The file is damaged or was converted wrongly; fetch it again, or convert the model again';

/**
 * Checks the numbers, texts and switches of the metadata.
 *
 * @returns what shapes are made of, or undefined if a problem was found
 */
export function checkValues(findings: Findings, architecture: Architecture): Dimensions | undefined {
  let sound = true;
  const fail = (key: string, expected: string): void => {
    sound = false;
    findings.problem('MODEL_BAD_HPARAM', `${key} is ${findings.describe(key)}, expected ${expected}`, ADVICE);
  };
  for (const [name, rule] of Object.entries(architecture.values)) {
    const key = keyOf(architecture.name, name);
    const entry = findings.entry(key);
    if (entry === undefined ? !rule.optional : entry.type !== rule.type || !holds(rule, entry.value))
      fail(key, expectation(rule));
  }
  if (!sound) return undefined;
  const dimensions = dimensionsOf(findings, architecture);
  checkRelations(findings, architecture, dimensions, fail);
  checkLabels(findings, architecture, dimensions, fail);
  if (architecture.ownWindow) checkOwnWindow(findings, architecture, architecture.ownWindow, dimensions, fail);
  else checkSlidingWindow(findings, architecture, dimensions, fail);
  return sound ? dimensions : undefined;
}

function holds(rule: ValueRule, value: unknown): boolean {
  if ('oneOf' in rule) return (rule.oneOf as readonly unknown[]).includes(value);
  if ('longest' in rule) return (value as string).length <= rule.longest;
  const number = value as number;
  return 'above' in rule ? number > rule.above && number < rule.below : number >= rule.least && number <= rule.most;
}

function expectation(rule: ValueRule): string {
  const optional = rule.optional ? ', or nothing' : '';
  if ('oneOf' in rule) return `${rule.oneOf.map((value) => JSON.stringify(value)).join(' or ')} (${rule.type})${optional}`;
  if ('longest' in rule) return `a text of at most ${rule.longest} characters${optional}`;
  const range = 'above' in rule ? `between ${rule.above} and ${rule.below}` : `from ${rule.least} to ${rule.most}`;
  return `a number ${range} (${rule.type})${optional}`;
}

function numbers(findings: Findings, { name }: Architecture): (key: string) => number | undefined {
  return (key) => findings.entry(keyOf(name, key))?.value as number | undefined;
}

function dimensionsOf(findings: Findings, architecture: Architecture): Dimensions {
  const number = numbers(findings, architecture);
  const width = number('embedding_length') as number;
  const heads = number('attention.head_count') as number;
  const headSize = number('attention.key_length') ?? width / heads;
  const keys = (number('attention.head_count_kv') ?? heads) * headSize;
  const ffn = number('feed_forward_length') as number;
  return {
    layers: number('block_count') as number,
    width,
    headSize,
    queries: heads * headSize,
    keys,
    queriesKeysValues: heads * headSize + 2 * keys,
    ffn,
    ffnPair: 2 * ffn,
    dense: number('dense_2_feat_out') ?? 0,
    context: number('context_length') as number,
    tokens: findings.list('tokenizer.ggml.tokens', 'string')?.length ?? 0,
    tokenTypes: number('tokenizer.ggml.token_type_count') ?? 0,
    labels: findings.list(`${architecture.name}.classifier.output_labels`, 'string')?.length ?? 1,
  };
}

type Fail = (key: string, expected: string) => void;

function checkRelations(findings: Findings, architecture: Architecture, dimensions: Dimensions, fail: Fail): void {
  const { width, headSize, dense } = dimensions;
  const number = numbers(findings, architecture);
  const heads = number('attention.head_count') as number;
  const expectEqual = (key: string, expected: number): void => {
    if ((number(key) ?? expected) !== expected) fail(keyOf(architecture.name, key), String(expected));
  };
  if (!architecture.ownHeadSize) {
    if (width % heads !== 0) fail(`${architecture.name}.attention.head_count`, `a divisor of the width ${width}`);
    expectEqual('attention.key_length', width / heads);
  }
  if (!architecture.sharedKeys) expectEqual('attention.head_count_kv', heads);
  if (architecture.rotary && headSize % 2 !== 0) {
    const key = architecture.ownHeadSize ? 'attention.key_length' : 'attention.head_count';
    fail(`${architecture.name}.${key}`, `an even number for each head, not ${headSize}`);
  }
  if (heads % (number('attention.head_count_kv') ?? heads) !== 0) {
    fail(`${architecture.name}.attention.head_count_kv`, `a divisor of the ${heads} heads`);
  }
  expectEqual('embedding_length_out', width);
  for (const key of ['attention.value_length', 'attention.key_length_swa', 'attention.value_length_swa'])
    expectEqual(key, headSize);
  for (const key of ['rope.dimension_count', 'rope.dimension_count_swa']) expectEqual(key, headSize);
  expectEqual('dense_2_feat_in', width);
  if ((number('dense_3_feat_in') ?? 0) !== dense) fail(keyOf(architecture.name, 'dense_3_feat_in'), String(dense));
  expectEqual('dense_3_feat_out', width);
}

/** A window without the layers it is for would be left out silently. */
function checkSlidingWindow(findings: Findings, { name }: Architecture, { layers }: Dimensions, fail: Fail): void {
  const key = `${name}.attention.sliding_window_pattern`;
  const window = (findings.entry(`${name}.attention.sliding_window`)?.value as number | undefined) ?? 0;
  const pattern = findings.list(key, 'bool');
  if (window > 0 && pattern?.length !== layers) fail(key, `a list of ${layers} bool, one for each layer`);
  if (window === 0 && findings.entry(key)) fail(`${name}.attention.sliding_window`, 'a number above 0 beside its pattern');
}

/** llama.cpp aborts the process where all layers have the window, or none. */
function checkOwnWindow(
  findings: Findings,
  architecture: Architecture,
  { period, without }: NonNullable<Architecture['ownWindow']>,
  { layers }: Dimensions,
  fail: Fail,
): void {
  const number = numbers(findings, architecture);
  if (number('attention.sliding_window') === 0 || number('attention.sliding_window') === undefined) return;
  const least = without === 'first' ? 2 : (number('attention.sliding_window_pattern') ?? period);
  if (layers < least) fail(`${architecture.name}.block_count`, `at least ${least} layers, of which one is without the window`);
}

/** llama.cpp reads as many scores as there are labels, from a state of the model's width where the classifier is missing. */
function checkLabels(findings: Findings, { name, mostLabels }: Architecture, { width }: Dimensions, fail: Fail): void {
  const key = `${name}.classifier.output_labels`;
  const labels = findings.list(key, 'string')?.length ?? 0;
  const most = mostLabels ?? Math.min(width, 1024);
  if (findings.entry(key) && (labels < 1 || labels > most)) fail(key, `a list of 1 to ${most} texts, or nothing`);
}
