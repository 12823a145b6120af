import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { RerankError } from '../../errors.js';
import { foreignFormat } from '../foreign-format.js';
import { expectSuccess } from './api.js';
import { Transient } from './failure.js';
import { request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings } from './settings.js';

export interface Body {
  readonly url: URL;
  readonly repository: string;
  /** Name of the file, for messages and for what it must begin with. */
  readonly file: string;
  readonly size: number;
}

export interface PartialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that are there. */
  readonly onBytes: (done: number) => void;
  /** Throws if another process writes the file now. */
  readonly expectHeld: () => Promise<void>;
}

/**
 * Fetches a file's bytes to `path`, going on where an earlier try stopped. Beside it lies `path.etag` with the ETag of the answer whose
 * bytes these are; without it, or when the server has another file now, it begins anew.
 *
 * @throws RerankError DOWNLOAD_FAILED, DOWNLOAD_GATED, MODEL_UNKNOWN, DOWNLOAD_CORRUPT (what comes is no such file); errors of the
 *   disk as they are; the signal's reason
 */
export async function fetchPartial(path: string, body: Body, settings: HubSettings, options: PartialOptions): Promise<void> {
  let most = await sizeOf(path);
  const onBytes = (done: number): void => {
    most = Math.max(most, done);
    options.onBytes(done);
  };
  const attempt = (): Promise<void> => fetchRest(path, body, settings, { ...options, onBytes });
  await withRetries(settings.retry, options.signal, attempt, () => most);
}

/** Removes a partial file and what belongs to it. */
export async function removePartial(path: string): Promise<void> {
  await rm(`${path}.etag`, { force: true });
  await rm(path, { force: true });
}

async function fetchRest(path: string, body: Body, settings: HubSettings, options: PartialOptions): Promise<void> {
  await options.expectHeld();
  const known = await readFile(`${path}.etag`, 'utf8').catch(() => undefined);
  const there = known === undefined ? 0 : await sizeOf(path);
  if (there === body.size) return options.onBytes(there);
  const from = there < body.size ? there : 0;
  const isStrong = known?.startsWith('"') === true;
  const headers = from === 0 ? {} : { range: `bytes=${from}-`, ...(isStrong ? { 'if-range': known } : {}) };
  const answer = await request(body.url, settings, { headers, signal: options.signal });
  try {
    const etag = answer.headers.get('etag') ?? '';
    const resumes = from > 0 && continues(answer.status, answer.headers, from, body.size, etag, known ?? '');
    if (from > 0 && !resumes && (answer.status === 206 || answer.status === 416)) {
      await removePartial(path);
      throw new Transient(`${body.url.host}: the rest of the file does not fit what is there`);
    }
    expectSuccess(answer, body.file, body.repository, settings);
    await writeBody(path, resumes ? from : 0, etag, body, answer, options);
  } finally {
    answer.drop();
  }
}

/** Whether the answer is what follows the bytes that are there, of the same file. */
function continues(status: number, headers: Headers, from: number, size: number, etag: string, known: string): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  const fits = Number(first) === from && Number(last) < size && (total === '*' || Number(total) === size);
  return status === 206 && fits && (etag === '' || known === '' || etag === known);
}

async function writeBody(
  path: string,
  from: number,
  etag: string,
  body: Body,
  answer: { headers: Headers; chunks(): AsyncGenerator<Uint8Array> },
  options: PartialOptions,
): Promise<void> {
  let at = from;
  if (from === 0) await removePartial(path);
  const file = await open(path, from === 0 ? 'w' : 'r+');
  try {
    if (from === 0) await writeFile(`${path}.etag`, etag);
    else await file.truncate(from);
    for await (const chunk of from === 0 ? checked(answer, body) : answer.chunks()) {
      if (at + chunk.length > body.size) throw corrupt(body, `more than the ${body.size} bytes of the file came`);
      await writeAll(file, chunk, at);
      at += chunk.length;
      options.onBytes(at);
    }
  } finally {
    await file.close();
  }
  if (at < body.size) throw new Transient(`${body.url.host}: the connection ended at ${at} of ${body.size} bytes`);
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

const ENOUGH = 64;

/** The chunks of a body that begins at the file's beginning, once that looks like such a file. */
async function* checked(
  answer: { headers: Headers; chunks(): AsyncGenerator<Uint8Array> },
  body: Body,
): AsyncGenerator<Uint8Array> {
  let start: Buffer = Buffer.alloc(0);
  let isChecked = false;
  const check = (): void => {
    isChecked = true;
    const { file, size } = body;
    const isGguf = /\.gguf$/i.test(file);
    const fits = isGguf ? start.toString('latin1', 0, 4) === 'GGUF' : !/\.safetensors$/i.test(file) || start[8] === 0x7b;
    if (!fits) throw corrupt(body, `what came is ${isGguf ? '' : 'no safetensors file but '}${foreignFormat(start)}`);
    const length = answer.headers.get('content-length');
    if (length !== null && Number(length) !== size) throw corrupt(body, `the server has ${length} bytes instead of ${size}`);
  };
  for await (const chunk of answer.chunks()) {
    if (isChecked) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < Math.min(ENOUGH, body.size)) continue;
    check();
    yield start;
  }
  if (!isChecked && start.length > 0) {
    // A connection that drops at once says nothing about the file.
    if (Number(answer.headers.get('content-length') ?? start.length) === start.length) check();
    yield start;
  }
}

function corrupt(body: Body, what: string): RerankError {
  return new RerankError('DOWNLOAD_CORRUPT', `${body.file} from ${body.url.host}: ${what}. Nothing of it is kept`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
