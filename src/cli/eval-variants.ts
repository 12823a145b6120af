import type { EvaluateOptions } from '../eval/index.js';
import type { LoadOptions } from '../index.js';
import { InputError } from './exit.js';

/** One way to rerank: a model, how it is loaded, and how it is called. */
export interface Variant {
  label: string;
  /** None is the starter model, unless `cascade` names several. */
  model: string | undefined;
  /** Models one after the other, and how many documents each but the first scores. */
  cascade?: string[];
  keep?: number[];
  load: LoadOptions;
  call: Pick<EvaluateOptions, 'rerank' | 'order'>;
}

type Change = (variant: Variant, value: string) => Variant;

const QUANTIZATION = /^(BF16|F16|F32|I?Q\d\w*)$/i;
const GGUF = /\.gguf$/i;

const rerank = (variant: Variant, options: object): Variant => ({
  ...variant,
  call: { ...variant.call, rerank: { ...variant.call.rerank, ...options } },
});

/** What `--compare` can vary. */
const DIMENSIONS: Record<string, Change> = {
  model: (variant, value) => {
    if (variant.cascade) throw new InputError(`--compare ${value}: a cascade has several models; name each with --cascade`);
    return { ...variant, model: modelOf(variant.model, value) };
  },
  keep: (variant, value) => {
    if (!variant.cascade) throw new InputError(`--compare keep: is for cascades alone, and ${variant.label} is none`);
    return { ...variant, keep: [number(value)] };
  },
  overflow: (variant, value) => rerank(variant, { overflow: value }),
  blockSize: (variant, value) => rerank(variant, { blockSize: number(value) }),
  maxDocumentTokens: (variant, value) => rerank(variant, { maxDocumentTokens: number(value) }),
  order: (variant, value) => {
    if (value !== 'given' && value !== 'reversed' && value !== 'shuffled')
      throw new InputError(`--compare order: expected given, reversed or shuffled, got '${value}'`);
    return { ...variant, call: { ...variant.call, order: value } };
  },
  lexical: (variant, value) => ({ ...variant, load: { ...variant.load, lexical: number(value) } as LoadOptions }),
};

/**
 * The variants of a run: each model and then each cascade, with each value of `--compare DIMENSION=A,B`. Without a dimension the values
 * are models or quantizations. Where nothing is named, it is the starter model.
 *
 * @throws InputError
 */
export function variantsOf(
  models: readonly string[],
  compare: string | undefined,
  common: Pick<Variant, 'load' | 'call'>,
  { cascades = [], keep }: { cascades?: readonly string[][]; keep?: number[] | undefined } = {},
): Variant[] {
  const named = models.length + cascades.length > 0 ? models : [undefined];
  const bases: Variant[] = [
    ...named.map((model) => ({ ...common, model, label: nameOf(model) })),
    ...cascades.map((cascade) => ({
      ...{ ...common, model: undefined, cascade, label: cascade.map(nameOf).join('+') },
      ...(keep === undefined ? {} : { keep }),
    })),
  ];
  if (compare === undefined) return distinct(bases);
  const [, name = 'model', list = ''] = /^(?:([\w-]+)=)?(.*)$/.exec(compare) ?? [];
  const dimension = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const change = Object.hasOwn(DIMENSIONS, dimension) ? DIMENSIONS[dimension] : undefined;
  const values = list.split(',').filter((value) => value !== '');
  if (change === undefined || values.length < 2)
    throw new InputError(
      `--compare: expected DIMENSION=A,B,… with one of ${Object.keys(DIMENSIONS).join(', ')}, or quantizations alone, got '${compare}'`,
    );
  const changed = bases.flatMap((base) =>
    values.map((value) => {
      const variant = change(base, value);
      if (dimension === 'model') return { ...variant, label: nameOf(variant.model) };
      return { ...variant, label: `${bases.length > 1 ? `${base.label} ` : ''}${name}=${value}` };
    }),
  );
  return distinct(changed);
}

/** A quantization is one of the named model; everything else is a model by itself. */
function modelOf(model: string | undefined, value: string): string | undefined {
  if (value === 'starter') return undefined;
  if (!QUANTIZATION.test(value)) return value;
  if (model === undefined || GGUF.test(model))
    throw new InputError(`--compare ${value}: expected the name of a model with --model, of which this is a quantization`);
  return `${model.replace(/:[^:/]*$/, '')}:${value}`;
}

function nameOf(model: string | undefined): string {
  return model === undefined ? 'starter' : GGUF.test(model) ? model.replace(/^.*[/\\]/, '').replace(GGUF, '') : model;
}

function number(value: string): number {
  const result = Number(value);
  if (Number.isFinite(result)) return result;
  throw new InputError(`--compare: expected a number, got '${value}'`);
}

/** Labels name files and rows. */
function distinct(variants: Variant[]): Variant[] {
  const twice = variants.find(({ label }, i) => variants.findIndex((other) => other.label === label) < i);
  if (twice === undefined) return variants;
  throw new InputError(`there are two variants called '${twice.label}': name their files differently`);
}
