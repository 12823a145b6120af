import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { RerankError } from '../index.js';
import { corrupt, eachLine, unreadable } from './lines.js';
import { type Qrels, readQrels } from './trec.js';

/** A folder in BEIR's layout: queries and judgements in memory, documents still on disk. */
export interface Dataset {
  /** The folder's name. */
  readonly name: string;
  readonly folder: string;
  readonly split: string;
  /** Texts of queries by id, in the order of the file. */
  readonly queries: ReadonlyMap<string, string>;
  readonly qrels: Qrels;
}

/**
 * Opens a folder in BEIR's layout: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and `qrels/SPLIT.tsv`.
 *
 * @param folder its path
 * @param options which judgements to read
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason when it was aborted
 */
export async function openDataset(
  folder: string,
  {
    split = 'test',
    qrels,
    signal,
  }: {
    /** Which judgements, default `test`. */
    split?: string | undefined;
    /** A file with other judgements, in BEIR's or TREC's form. */
    qrels?: string | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<Dataset> {
  const queries = await readQueries(join(folder, 'queries.jsonl'), signal);
  const judgements = await readQrels(qrels ?? (await splitFile(folder, split)), signal);
  return { name: basename(resolve(folder)), folder, split, queries, qrels: judgements };
}

async function splitFile(folder: string, split: string): Promise<string> {
  const names = await readdir(join(folder, 'qrels')).catch((cause) => {
    throw unreadable(join(folder, 'qrels'), cause);
  });
  if (names.includes(`${split}.tsv`)) return join(folder, 'qrels', `${split}.tsv`);
  const splits = names.filter((name) => name.endsWith('.tsv')).map((name) => basename(name, '.tsv'));
  throw new RerankError(
    'DATASET_UNREADABLE',
    `${folder}: there is no split '${split}'; there are: ${splits.join(', ') || 'none'}`,
  );
}

/**
 * Texts of queries by id, from a file in the form of BEIR's `queries.jsonl`.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason when it was aborted
 */
export async function readQueries(file: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const queries = new Map<string, string>();
  await eachLine(
    file,
    (line, number) => {
      const { id, text } = readRecord(line, file, number);
      if (queries.has(id)) throw corrupt(file, number, `the query '${id}' is there twice`);
      if (text.trim() === '') throw corrupt(file, number, `expected some text of query '${id}', found none`);
      queries.set(id, text);
    },
    signal,
  );
  return queries;
}

/**
 * Texts of documents by id: title, a space, text. The file may be larger than memory when `wanted` says which documents are kept.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT, also for a wanted document that is not there; the signal's reason
 */
export async function readCorpus(
  { folder }: Pick<Dataset, 'folder'>,
  wanted?: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const file = join(folder, 'corpus.jsonl');
  const texts = new Map<string, string>();
  await eachLine(
    file,
    (line, number) => {
      const { id, title, text } = readRecord(line, file, number);
      if (wanted && !wanted.has(id)) return;
      if (texts.has(id)) throw corrupt(file, number, `the document '${id}' is there twice`);
      texts.set(id, `${title} ${text}`.trim());
    },
    signal,
  );
  const missing = [...(wanted ?? [])].find((id) => !texts.has(id));
  if (missing !== undefined)
    throw new RerankError('DATASET_CORRUPT', `${file}: expected the document '${missing}', which the first stage names`);
  return texts;
}

function readRecord(line: string, file: string, number: number): { id: string; title: string; text: string } {
  let record: { _id?: unknown; title?: unknown; text?: unknown } | null;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw corrupt(file, number, `expected a JSON object, found other text: ${(cause as Error).message}`);
  }
  if (typeof record !== 'object' || record === null) throw corrupt(file, number, 'expected a JSON object');
  const { _id: id, title, text } = record;
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') throw corrupt(file, number, "expected an id in '_id'");
  if (/\s/.test(String(id))) throw corrupt(file, number, `expected an id without white space, found '${id}'`);
  if (typeof text !== 'string') throw corrupt(file, number, `expected a string in 'text' of '${id}'`);
  return { id: String(id), title: typeof title === 'string' ? title : '', text };
}
