import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import { findHead } from '../files/head.js';
import { readSafetensors } from '../files/safetensors.js';
import { crossEncoder } from '../pairwise/family.js';
import { expectSameClassifier, HEAD_TENSORS, type PoolerHead, readPoolerHead } from '../pairwise/head.js';
import type { PairForm } from '../pairwise/pair.js';
import { normalize } from '../texts.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { readJinaTokenizer, slopeFactors } from './jina-v1.js';
import { hasTensor, isNamed, metadataValue, numberOf } from './metadata.js';
import { type RawTensor, readRawTensor } from './tensor.js';

/**
 * Whether a file is a cross-encoder on an encoder: it has a classifier or, for jina-bert-v2, a head. A head that only lies beside a file that
 * says how it is pooled, as embedding models do, is another model's.
 */
export async function isCrossEncoder({ model, file, head }: Candidate): Promise<boolean> {
  switch (model.architecture.name) {
    case 'jina-bert-v2':
      if (hasTensor(model, 'cls.weight') || head !== undefined) return true;
      return numberOf(model, 'pooling_type') === undefined && (await findHead(file.path, undefined)) !== undefined;
    case 'bert':
    case 'modern-bert':
      return hasTensor(model, 'cls.output.weight');
    default:
      return false;
  }
}

/**
 * Encoders that read query and document as one sequence.
 *
 * @throws RerankError PROJECTOR_*, MODEL_NOT_A_RERANKER, MODEL_BAD_VOCAB, MODEL_UNSUPPORTED_TYPE
 */
export async function choosePairwise(candidate: Candidate): Promise<FamilyChoice> {
  const { model } = candidate;
  if (model.architecture.name === 'jina-bert-v2') return chooseJinaV1(candidate);
  if (model.architecture.name === 'modern-bert') {
    if (isNamed(candidate, /gte[^a-z]*(multilingual)?[^a-z]*rerank/i)) return chooseWhole(candidate, 'bert');
    throw refused(
      candidate,
      'that is not gte-reranker by any of its names: files do not say whether the mean of all states or the first one is classified',
    );
  }
  const vocabulary = metadataValue(model, 'tokenizer.ggml.model');
  if (vocabulary === 't5') return chooseWhole(candidate, 'roberta');
  if (vocabulary === 'bert') return chooseBert(candidate);
  throw refused(candidate, `with a ${vocabulary} vocabulary, which was never compared with the original`);
}

/** jina-reranker-v1: llama.cpp has neither its tokenizer nor its slopes nor its pooler. */
async function chooseJinaV1(candidate: Candidate): Promise<FamilyChoice> {
  const head = await readHead(candidate, 'cls.weight', 'jinaai/jina-reranker-v1-turbo-en or -tiny-en');
  const tokenizer = await readJinaTokenizer(candidate);
  const slopes = slopeFactors(candidate.model);
  return {
    name: 'pairwise',
    head: head.file,
    native: { exactGelu: true, ...(slopes && { slopeFactors: slopes }) },
    // Of the published models every head has 32 numbers or 64. Few numbers do not average the rounding out.
    flashAttention: candidate.model.dimensions.headSize >= 16,
    open: (engine, ubatchSize) => encoder(candidate, 'roberta', ubatchSize, { tokenizer, head: head.open(engine) }),
  };
}

/** ms-marco-MiniLM and its kind: llama.cpp has neither the pooler nor the types of the tokens. */
async function chooseBert(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file } = candidate;
  if (hasTensor(model, 'cls.weight')) {
    throw refused(
      candidate,
      "with a dense layer in the file that conversions of BERT leave out: it cannot be told what it is, and DistilBERT's has no tanh",
    );
  }
  const head = await readHead(candidate, 'cls.output.weight', 'cross-encoder/ms-marco-MiniLM-L6-v2');
  const table = (await readRawTensor(candidate, 'token_types.weight')) as RawTensor;
  if (table.type !== 'F32')
    throw new RerankError('MODEL_UNSUPPORTED_TYPE', `${file.path}: token_types.weight is ${table.type}, expected F32`);
  const { width, tokenTypes } = model.dimensions;
  // Copied, since numbers must lie at a multiple of their size.
  const typeRows = new Float32Array(table.bytes.slice(0, 2 * width * 4).buffer);
  const typed = tokenTypes >= 2;
  return {
    name: 'pairwise',
    head: head.file,
    native: { exactGelu: true, ...(typed && { typeRows }) },
    open: (engine, ubatchSize) => encoder(candidate, 'bert', ubatchSize, { typed, head: head.open(engine) }),
  };
}

/** Models whose classifier is whole in the file, and which llama.cpp computes as it was meant. */
async function chooseWhole(candidate: Candidate, form: keyof typeof SPECIALS): Promise<FamilyChoice> {
  const { model, file, head } = candidate;
  if (head !== undefined)
    throw new RerankError('INVALID_ARGUMENT', `options.head: ${file.path} has its head in it, it takes none`);
  if (!hasTensor(model, 'cls.weight')) throw refused(candidate, 'without the dense layer before its classifier (cls.weight)');
  if (model.dimensions.labels !== 1)
    throw refused(candidate, `with ${model.dimensions.labels} outputs, expected 1: a classifier of another kind`);
  const isModern = model.architecture.name === 'modern-bert';
  return {
    name: 'pairwise',
    head: undefined,
    native: isModern ? {} : { exactGelu: true },
    // Its tokenizer works on NFC.
    open: (_, ubatchSize) => encoder(candidate, form, ubatchSize, isModern ? { normalize } : {}),
  };
}

const SPECIALS = {
  bert: { begin: '[CLS]', between: ['[SEP]'], end: '[SEP]' },
  roberta: { begin: '<s>', between: ['</s>', '</s>'], end: '</s>' },
};

function encoder(
  { model }: Candidate,
  form: keyof typeof SPECIALS,
  batchTokens: number,
  { typed = false, ...own }: { typed?: boolean } & Pick<Parameters<typeof crossEncoder>[0], 'tokenizer' | 'normalize' | 'head'>,
): Family {
  const { begin, between, end } = SPECIALS[form];
  const ids = (texts: readonly string[]): number[] => texts.map((text) => model.vocabulary.control.get(text) as number);
  const pair: PairForm = { prefix: ids([begin]), between: ids(between), suffix: ids([end]), typed };
  return crossEncoder({ form: pair, maxTokens: model.dimensions.context, batchTokens, ...own });
}

interface OpenableHead {
  readonly file: string;
  open(engine: Engine): (states: Float32Array) => Promise<Float32Array>;
}

/** Pooler and classifier from the head file; `classifier` is the name of what is in the model's file of it. */
async function readHead(candidate: Candidate, classifier: string, source: string): Promise<OpenableHead> {
  const { model, file, head: named } = candidate;
  const { width } = model.dimensions;
  const path = await findHead(file.path, named);
  if (path === undefined) {
    throw new RerankError(
      'MODEL_NOT_A_RERANKER',
      `${file.path}: its pooler is missing, which conversions leave out, and without it there are no scores. It is in the original's model.safetensors ` +
        `(for example of ${source}): put that file beside the model as projector.safetensors, or pass head`,
    );
  }
  const head = readPoolerHead(await readSafetensors(path, HEAD_TENSORS), width, path);
  const own = await readRawTensor(candidate, classifier);
  return {
    file: path,
    open(engine) {
      if (own) expectSameClassifier(head, engine.dequantize(own.type, own.bytes, own.count), path);
      return engine.head(width, layersOf(head));
    },
  };
}

function layersOf({ pooler, classifier }: PoolerHead): Parameters<Engine['head']>[1] {
  return [{ ...pooler, activation: 'tanh' }, classifier];
}

function refused({ model, file }: Candidate, what: string): RerankError {
  return new RerankError('MODEL_NOT_A_RERANKER', `${file.path}: a ${model.architecture.name} cross-encoder ${what}`);
}
