import { cacheBytesPerToken } from './engine/memory.js';
import { type ErrorCode, RerankError } from './errors.js';
import { findByFile, readCatalog } from './files/catalog.js';
import { type Checked, type CheckedModel, inspectFile } from './files/check/check.js';
import { quantizationOf } from './files/file-types.js';
import { decodeHeader, type GgufHeader } from './files/gguf.js';
import { openModelFile } from './files/model-file.js';
import type { FamilyChoice } from './models/candidate.js';
import { chooseFamily } from './models/choose.js';
import { CAUSAL } from './models/embedder.js';
import type { ModelFamily, ModelInfo } from './types.js';

/** What a model file holds, and whether it can be loaded. */
export interface ModelReport extends GgufHeader {
  /** How it would rerank; undefined if it would not. */
  family: ModelFamily | undefined;
  /** The head file that would be used. */
  head: string | undefined;
  /** Embedding models: what would stand before queries and documents. */
  prefixes: ModelInfo['prefixes'];
  /** What llama.cpp computes otherwise than the model, and is put right. */
  corrections: string[];
  quantization: string;
  /** Undefined where the file does not say so in a way that can be relied on. */
  shape: { layers: number; width: number; contextSize: number } | undefined;
  memory: MemoryEstimate | undefined;
  /** Everything that keeps the model from being loaded. */
  problems: { code: ErrorCode; message: string }[];
  /** What is odd about the file but harmless. */
  remarks: string[];
}

/** Bytes that ranking takes, about. */
export interface MemoryEstimate {
  documents: number;
  tokensPerDocument: number;
  /** Prompts that the documents take, if memory is no limit. */
  prompts: number;
  weights: number;
  /** Attention cache of the largest prompt. */
  cache: number;
  /** Intermediate results of one micro-batch. */
  work: number;
  total: number;
}

const MOST_PROBLEMS = 100;
const UBATCH = 512;
const BLOCK = 125;
/** Tokens that a batch of a causal model may be filled up with. */
const FILLER = 64;
/** Tokens of a prompt besides its documents: the system's text and the query; and those around each document. */
const SCAFFOLD = { prompt: 250, document: 20 };

/**
 * Reads the header of a model file and finds everything that would keep the model from being loaded. The weights are not read.
 *
 * @param options `documents` and `tokensPerDocument`: what memory is estimated for; default 100 and 256
 * @throws RerankError when there is no header to show: MODEL_NOT_FOUND, MODEL_NOT_REGULAR, MODEL_UNREADABLE, MODEL_BAD_MAGIC,
 *   MODEL_BAD_VERSION, MODEL_TRUNCATED or MODEL_CORRUPT within the header
 */
export async function inspectModel(
  path: string,
  options: { head?: string | undefined; documents?: number | undefined; tokensPerDocument?: number | undefined } = {},
): Promise<ModelReport> {
  const file = await openModelFile(path);
  try {
    const problems: ModelReport['problems'] = [];
    const report = ({ code, message }: RerankError): void => {
      if (problems.length < MOST_PROBLEMS) problems.push({ code, message });
    };
    const checked = await inspectFile(file, report);
    const known = findByFile(readCatalog(), path);
    const choice = isSound(checked, problems)
      ? await chooseFamily({ model: checked, file, head: options.head, known }).catch(keep(report))
      : undefined;
    const header = await decodeHeader(checked.header, file);
    const { dimensions, trailingBytes } = checked;
    return {
      ...header,
      family: choice?.name,
      head: choice?.head,
      prefixes: choice?.prefixes,
      corrections: choice ? correctionsOf(choice.native) : [],
      quantization: quantizationOf(header.metadata.get('general.file_type'), header.tensors),
      shape: dimensions && { layers: dimensions.layers, width: dimensions.width, contextSize: dimensions.context },
      memory:
        choice && estimate(checked as CheckedModel, choice.name, options.documents ?? 100, options.tokensPerDocument ?? 256),
      problems,
      remarks: trailingBytes > 0 ? [`${trailingBytes} bytes at the end belong to nothing`] : [],
    };
  } finally {
    await file.close();
  }
}

function correctionsOf({ windowTokens, slopeFactors, typeRows, exactGelu }: FamilyChoice['native']): string[] {
  return [
    ...(windowTokens === undefined ? [] : [`sliding window of ${windowTokens} tokens`]),
    ...(slopeFactors === undefined ? [] : ['ALiBi slopes']),
    ...(typeRows === undefined ? [] : ['token types']),
    ...(exactGelu ? ['exact GELU'] : []),
  ];
}

function isSound(checked: Checked, problems: readonly unknown[]): checked is CheckedModel {
  return problems.length === 0 && checked.dimensions !== undefined;
}

function keep(report: (problem: RerankError) => void): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof RerankError)) throw error;
    report(error);
  };
}

function estimate(
  { header, dimensions, architecture }: CheckedModel,
  family: ModelFamily,
  documents: number,
  tokensPerDocument: number,
): MemoryEstimate {
  const { width, queries, keys, ffn, context } = dimensions;
  const weights = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const perDocument = tokensPerDocument + SCAFFOLD.document;
  const block = Math.max(1, Math.min(documents, BLOCK, Math.floor((context - SCAFFOLD.prompt) / perDocument)));
  const listwise = family === 'listwise';
  // Causal models that read each document by itself keep what all prompts begin with, and one batch.
  const causal = CAUSAL.includes(architecture.name);
  const batch = Math.max(UBATCH, perDocument) + FILLER;
  const tokens = causal ? Math.min(SCAFFOLD.prompt + (listwise ? block * perDocument : batch), context) : 0;
  const scalars = [...header.metadata].map(([key, { value }]) => [key, String(value)]);
  const cache = causal ? tokens * cacheBytesPerToken(Object.fromEntries(scalars), 'f16') : 0;
  // Rows of numbers of 4 bytes that are alive at once, and the attention's mask.
  const work = UBATCH * (4 * (3 * width + queries + 2 * keys + 2 * ffn) + 6 * Math.max(tokens, UBATCH));
  const prompts = listwise ? Math.ceil(documents / block) : documents;
  return { documents, tokensPerDocument, prompts, weights, cache, work, total: weights + cache + work };
}
