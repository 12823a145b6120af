import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { corrupt, linesOf, ranked, readCorpus, readQueries, readRun } from '../eval/index.js';
import { RerankError } from '../index.js';
import type { BulkDocument, BulkInput, BulkLine } from './jobs.js';
import { unwritable } from './unwritable.js';

/**
 * JSON Lines of `{id, query, documents}`: `documents` are strings, or objects with a `text` and, if they have one, an `_id` or `id`.
 * Reading throws RerankError DATASET_UNREADABLE, or DATASET_CORRUPT with file and line.
 *
 * @param name what messages call the file
 */
export function jsonLines(file: string, name: string = file): BulkInput {
  return {
    name,
    async *lines(signal) {
      for await (const lines of linesOf(file, signal)) for (const { text, number } of lines) yield parse(text, name, number);
    },
  };
}

function parse(text: string, file: string, line: number): BulkLine {
  let record: { id?: unknown; query?: unknown; documents?: unknown } | null;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw corrupt(file, line, `expected a JSON object, found other text: ${(cause as Error).message}`);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw corrupt(file, line, 'expected a JSON object');
  const { id, query, documents } = record;
  if (!isId(id)) throw corrupt(file, line, "expected a string or a number in 'id'");
  if (typeof query !== 'string' || query.trim() === '') throw corrupt(file, line, "expected some text in 'query'");
  if (!Array.isArray(documents)) throw corrupt(file, line, "expected an array in 'documents'");
  return { line, id, query, documents: documents.map((document, i) => documentOf(document, i, file, line)) };
}

function documentOf(document: unknown, index: number, file: string, line: number): BulkDocument {
  if (typeof document === 'string') return { id: undefined, text: document };
  const { _id, id = _id, text } = (document ?? {}) as { _id?: unknown; id?: unknown; text?: unknown };
  if (typeof text !== 'string')
    throw corrupt(file, line, `expected a string, or an object with a 'text', in documents[${index}]`);
  if (id !== undefined && !isId(id)) throw corrupt(file, line, `expected a string or a number as id of documents[${index}]`);
  return { id, text };
}

const isId = (id: unknown): id is string | number =>
  (typeof id === 'string' && id !== '') || (typeof id === 'number' && Number.isFinite(id));

/**
 * A folder in BEIR's layout (`corpus.jsonl`, `queries.jsonl`; no judgements are needed) with a run in TREC's form, of which each query gets
 * its best `topK` documents, in the order of `queries.jsonl`. Texts of these documents are held in memory.
 *
 * @throws RerankError DATASET_UNREADABLE, DATASET_CORRUPT; the signal's reason
 */
export async function beirFolder(
  folder: string,
  run: string,
  { topK = 100, signal }: { topK?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<BulkInput> {
  const queries = await readQueries(join(folder, 'queries.jsonl'), signal);
  const found = await readRun(run, { signal });
  const stranger = [...found.keys()].find((id) => !queries.has(id));
  if (stranger !== undefined)
    throw new RerankError('DATASET_CORRUPT', `${run}: the query '${stranger}' is not in ${join(folder, 'queries.jsonl')}`);
  const lists = [...queries.keys()]
    .filter((id) => found.has(id))
    .map((id) => ({ id, documents: ranked(found.get(id) as ReadonlyMap<string, number>).slice(0, topK) }));
  const texts = await readCorpus({ folder }, new Set(lists.flatMap(({ documents }) => documents)), signal);
  return {
    name: folder,
    async *lines() {
      for (const [index, { id, documents }] of lists.entries())
        yield {
          line: index + 1,
          id,
          query: queries.get(id) as string,
          documents: documents.map((document) => ({ id: document, text: texts.get(document) as string })),
        };
    },
  };
}

/** Keeps a stream in a file, since input is read several times. */
export async function spool(stream: Readable, file: string, signal?: AbortSignal): Promise<void> {
  try {
    await pipeline(stream, createWriteStream(file, { flags: 'wx', mode: 0o600 }), signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    throw unwritable(file, cause);
  }
}
