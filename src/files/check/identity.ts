import type { Architecture } from './architecture.js';
import { BERT } from './bert.js';
import type { Findings } from './findings.js';
import { GEMMA_EMBEDDING } from './gemma-embedding.js';
import { JINA_BERT_V2 } from './jina-bert-v2.js';
import { MODERN_BERT } from './modern-bert.js';
import { NOMIC_BERT } from './nomic-bert.js';
import { QWEN2 } from './qwen2.js';
import { QWEN3 } from './qwen3.js';

/** Architectures whose files can be checked. */
export const ARCHITECTURES: readonly Architecture[] = [
  QWEN3,
  QWEN2,
  BERT,
  JINA_BERT_V2,
  MODERN_BERT,
  NOMIC_BERT,
  GEMMA_EMBEDDING,
];

const MMPROJ = 'the image part of a model (mmproj). Name the model itself';
/** What people try instead of a model, by `general.type`. */
const PARTS = new Map<unknown, string>([
  ['adapter', 'a LoRA adapter, a change to another model. Merge it into its base model first'],
  ['mmproj', MMPROJ],
  ['imatrix', 'statistics for quantization (imatrix). Name the model itself'],
  ['vocab', 'a vocabulary without a model. Name the model itself'],
]);

const KNOWN =
  'This version scores jina-reranker-v3 and v3.5, jina-reranker-v1 and v2, bge-reranker, Qwen3-Reranker, mxbai-rerank-v2, ' +
  'gte-reranker-modernbert, ms-marco-MiniLM and embedding models';

/** Finds the architecture of a file; undefined, and a problem, where it is none that this version loads. */
export function checkIdentity(findings: Findings): Architecture | undefined {
  checkSplit(findings);
  const name = findings.entry('general.architecture');
  const part = name?.value === 'clip' ? MMPROJ : partOf(findings);
  if (part !== undefined) {
    findings.problem('MODEL_UNSUPPORTED_ARCH', `this is ${part}`, KNOWN);
    return undefined;
  }
  if (name?.type !== 'string') {
    const found = findings.describe('general.architecture');
    findings.problem('MODEL_UNSUPPORTED_ARCH', `general.architecture is ${found}, expected a text`, KNOWN);
    return undefined;
  }
  const architecture = ARCHITECTURES.find((known) => known.name === name.value);
  if (!architecture) {
    findings.problem(
      'MODEL_UNSUPPORTED_ARCH',
      `architecture ${findings.describe('general.architecture')} cannot be scored`,
      KNOWN,
    );
  }
  return architecture;
}

function partOf(findings: Findings): string | undefined {
  const type = findings.entry('general.type');
  if (type === undefined || type.value === 'model') return undefined;
  return PARTS.get(type.value) ?? `no model: general.type is ${findings.describe('general.type')}`;
}

/** A part of a model that was split into several files. */
function checkSplit(findings: Findings): void {
  const keys = ['split.count', 'split.no', 'split.tensors.count'].filter((key) => findings.entry(key));
  const whole = keys.every((key) => {
    const { type, value } = findings.entry(key) ?? {};
    return key === 'split.tensors.count' || (type === 'u16' && value === (key === 'split.no' ? 0 : 1));
  });
  if (whole) return;
  const found = keys.map((key) => `${key} is ${findings.describe(key)}`).join(', ');
  const advice = 'Join the parts with `llama-gguf-split --merge FIRST_PART OUTPUT` and name the output';
  findings.problem('MODEL_UNSUPPORTED_SPLIT', `this is one part of a model in several files: ${found}`, advice);
}
