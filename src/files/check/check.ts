import { type RawHeader, readHeader } from '../gguf-header.js';
import type { Report } from '../header-reader.js';
import type { ModelFile } from '../model-file.js';
import type { Architecture, Dimensions } from './architecture.js';
import { Findings } from './findings.js';
import { checkIdentity } from './identity.js';
import { checkTensors } from './tensors.js';
import { checkValues } from './values.js';
import { checkVocabulary, type Vocabulary } from './vocabulary.js';

/** What the check found out about a file; parts are missing only where problems were collected. */
export interface Checked {
  readonly header: RawHeader;
  readonly architecture: Architecture | undefined;
  readonly dimensions: Dimensions | undefined;
  readonly vocabulary: Vocabulary | undefined;
  /** Bytes behind the last tensor that belong to nothing. */
  readonly trailingBytes: number;
}

/** A file that can be handed to llama.cpp. */
export type CheckedModel = Checked & {
  readonly architecture: Architecture;
  readonly dimensions: Dimensions;
  readonly vocabulary: Vocabulary;
};

/** Padding behind the last tensor. */
const MOST_PADDING = 4096;

/**
 * Checks a model file before llama.cpp sees it, which aborts the process on many files that are damaged or made on purpose. Only the
 * header is read. Problems go to `report`, but for those after which nothing more can be read.
 *
 * @throws RerankError MODEL_BAD_MAGIC, MODEL_BAD_VERSION, MODEL_TRUNCATED, MODEL_CORRUPT, MODEL_UNREADABLE
 */
export async function inspectFile(file: ModelFile, report: Report): Promise<Checked> {
  const header = await readHeader(file, report);
  const findings = new Findings(file.path, header, report);
  const architecture = checkIdentity(findings);
  const dimensions = architecture && checkValues(findings, architecture);
  if (architecture && dimensions) checkTensors(findings, architecture, dimensions);
  const vocabulary = architecture && (await checkVocabulary(findings, architecture));
  const rest = file.size - header.expectedBytes;
  return { header, architecture, dimensions, vocabulary, trailingBytes: rest > MOST_PADDING ? rest : 0 };
}

/**
 * The same, stopping at the first problem.
 *
 * @throws RerankError as inspectFile, and MODEL_UNSUPPORTED_ARCH, MODEL_UNSUPPORTED_SPLIT, MODEL_UNSUPPORTED_TYPE, MODEL_BAD_HPARAM,
 *   MODEL_BAD_VOCAB
 */
export async function checkModel(file: ModelFile): Promise<CheckedModel> {
  const checked = await inspectFile(file, (problem) => {
    throw problem;
  });
  return checked as CheckedModel;
}
