import type { Engine } from '../engine/engine.js';
import { RerankError } from '../errors.js';
import type { Family } from '../family.js';
import { findText } from '../files/check/token-texts.js';
import type { GgufTensor } from '../files/gguf-tensors.js';
import type { ModelFile } from '../files/model-file.js';
import { DOCUMENT_MARKER } from '../listwise/prompt.js';
import { twoToken } from '../pairwise/causal.js';
import { MXBAI_V2, QWEN3_RERANKER, type Template } from '../pairwise/prompt.js';
import type { Candidate, FamilyChoice } from './candidate.js';
import { hasTensor, isNamed, metadataValue } from './metadata.js';

const CLASSIFIER = 'cls.output.weight';

const WORKING =
  'Use jina-reranker-v3 with its projector.safetensors, Qwen3-Reranker (with a classifier, or with Qwen3-Reranker in its name) or mxbai-rerank-v2 (with that in its name)';

/**
 * The prompt of a file that answers with one of two tokens: Qwen3-Reranker is told by its classifier, others only by their names (in the
 * file's metadata, of the file, in the catalogue), since their tensors are those of any language model.
 */
export function templateOf(candidate: Candidate): Template | undefined {
  const { model } = candidate;
  if (model.architecture.name === 'qwen3') {
    const listwise = model.vocabulary.control.has(DOCUMENT_MARKER.special);
    const named = !listwise && isNamed(candidate, /qwen[^a-z]?3[^a-z]*rerank/i);
    return named || hasTensor(model, CLASSIFIER) ? QWEN3_RERANKER : undefined;
  }
  return model.architecture.name === 'qwen2' && isNamed(candidate, /mxbai[^a-z]*rerank/i) ? MXBAI_V2 : undefined;
}

/**
 * Qwen3-Reranker and mxbai-rerank-v2. Of the output matrix only the rows of the two answers are read, so neither llama.cpp's output
 * layer nor its classifier ever runs.
 *
 * @throws RerankError MODEL_NOT_A_RERANKER (a language model that is not known to rerank, or another classifier), MODEL_BAD_VOCAB,
 *   INVALID_ARGUMENT
 */
export async function chooseTwoToken(candidate: Candidate): Promise<FamilyChoice> {
  const { model, file, head } = candidate;
  const template = templateOf(candidate);
  if (template === undefined) throw notKnown(candidate);
  if (head !== undefined)
    throw new RerankError('INVALID_ARGUMENT', `options.head: ${file.path} has its classifier inside, it takes no head`);
  const { control, userDefined } = model.vocabulary;
  expectSpecials(template, candidate);
  const { tensor, rows } = outputOf(candidate, template);
  const [yes, no] = [await readRow(file, tensor, rows[0]), await readRow(file, tensor, rows[1])];
  const { context, width } = model.dimensions;
  const open = (engine: Engine, batchTokens: number): Family => {
    const less = engine.dequantize(tensor.type, no, width);
    const direction = Float64Array.from(engine.dequantize(tensor.type, yes, width), (value, i) => value - (less[i] as number));
    return twoToken({ template, control, userDefined, contextSize: context, batchTokens, direction });
  };
  return { name: 'pairwise', head: undefined, native: {}, open };
}

function expectSpecials({ control, userDefined }: Template, { model: { vocabulary }, file }: Candidate): void {
  const missing = [
    ...control.filter((text) => !vocabulary.control.has(text)),
    ...userDefined.filter((text) => !vocabulary.userDefined.has(text) && !vocabulary.control.has(text)),
  ];
  if (missing.length === 0) return;
  throw new RerankError(
    'MODEL_BAD_VOCAB',
    `${file.path}: the vocabulary has no special token ${missing.join(', ')}, which the prompt needs. Its tokenizer was converted wrongly; convert the model again`,
  );
}

/** Where the rows of yes and no are: in the classifier, in the output matrix, or in the embedding matrix where that is both. */
function outputOf({ model, file }: Candidate, { answers }: Template): { tensor: GgufTensor; rows: readonly [number, number] } {
  const find = (name: string) => model.header.tensors.find((tensor) => tensor.name === name);
  const classifier = find(CLASSIFIER);
  if (classifier) {
    const key = `${model.architecture.name}.classifier.output_labels`;
    const labels = (metadataValue(model, key) ?? []) as readonly string[];
    const rows = [labels.indexOf(answers[0]), labels.indexOf(answers[1])] as const;
    if (labels.length === 2 && !rows.includes(-1)) return { tensor: classifier, rows };
    throw new RerankError(
      'MODEL_NOT_A_RERANKER',
      `${file.path}: the classifier's labels (${key}) are ${JSON.stringify(labels.slice(0, 8))}, expected ${JSON.stringify(answers)}: it is trained for something else. ${WORKING}`,
    );
  }
  const rows = answers.map((text) => findText(model.vocabulary.tokens, text)) as [number | undefined, number | undefined];
  const [yes, no] = rows;
  if (yes === undefined || no === undefined) {
    const text = answers[rows.indexOf(undefined)];
    throw new RerankError(
      'MODEL_BAD_VOCAB',
      `${file.path}: the vocabulary has no token ${JSON.stringify(text)}, which is one of the model's two answers. Its tokenizer was converted wrongly; convert the model again`,
    );
  }
  return { tensor: (find('output.weight') ?? find('token_embd.weight')) as GgufTensor, rows: [yes, no] };
}

/** Bytes of one row of a matrix, as they are in the file. */
async function readRow(file: ModelFile, { name, offset, bytes, shape }: GgufTensor, row: number): Promise<Uint8Array> {
  const read = new Uint8Array(bytes / (shape[1] as number));
  const filled = await file.read(read, offset + row * read.length);
  if (filled === read.length) return read;
  throw new RerankError('MODEL_TRUNCATED', `${file.path} ends within the tensor ${name}. Fetch it again`);
}

/** What a language model without any sign of a reranker is refused with. */
export function notKnown({ model, file }: Candidate): RerankError {
  const { name } = model.architecture;
  return new RerankError(
    'MODEL_NOT_A_RERANKER',
    `${file.path}: a ${name} language model gives no scores: it has neither a projector nor a classifier (${CLASSIFIER}), and no name says that it ` +
      `reranks. What other programs rank with then is meaningless. ${WORKING}`,
  );
}
