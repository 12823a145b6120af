import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RerankError } from '../errors.js';
import { expectSuccess, fileUrl, type RemoteFile } from './hub/api.js';
import { Transient } from './hub/failure.js';
import { type Answer, request } from './hub/request.js';
import { withRetries } from './hub/retries.js';
import type { HubSettings } from './hub/settings.js';
import { diskFailure } from './hub/store.js';
import { readSafetensors } from './safetensors.js';

/** Most headers are a few kilobytes and come with the first request. */
const FIRST_BYTES = 64 << 10;
const MOST_HEADER_BYTES = 16 << 20;
const MOST_TENSOR_BYTES = 64 << 20;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Fetches some tensors of a safetensors file on the Hub, and nothing of it but these and its header, and writes them to `path` as a
 * safetensors file. There is no published hash for a part of a file: what is checked is that all parts come from the same state of
 * the file, that they fit its header, and that the values are finite.
 *
 * @throws RerankError MODEL_UNKNOWN, DOWNLOAD_GATED, DOWNLOAD_FAILED, DOWNLOAD_CORRUPT (no safetensors file, or without these
 *   tensors), DISK_FULL, CACHE_UNWRITABLE; the signal's reason
 */
export async function fetchTensors(
  remote: RemoteFile,
  names: readonly string[],
  path: string,
  settings: HubSettings,
  signal?: AbortSignal,
): Promise<void> {
  const what = `${remote.repository}/${remote.file}`;
  const source = openRanges(remote, settings, signal);
  const { entries, begin } = await readEntries(source, what);
  const parts: { name: string; entry: Entry; bytes: Buffer }[] = [];
  for (const name of names) {
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (entry === undefined) throw corrupt(what, `it has no tensor ${name}`);
    const [from = -1, to = -1] = Array.isArray(entry.data_offsets) ? entry.data_offsets : [];
    if (!(from >= 0 && to > from && to - from <= MOST_TENSOR_BYTES)) throw corrupt(what, `the place of ${name} is wrong`);
    parts.push({ name, entry, bytes: await source(begin + from, begin + to) });
  }
  const partial = `${path}.incomplete`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(partial, encode(parts, remote));
    await readSafetensors(partial).catch((cause) => {
      throw corrupt(what, (cause as Error).message);
    });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw diskFailure(error, dirname(path));
  }
}

type Ranges = (from: number, to: number) => Promise<Buffer>;

/** Reads ranges of one file; that it changes between two of them is an error. */
function openRanges(remote: RemoteFile, settings: HubSettings, signal: AbortSignal | undefined): Ranges {
  const url = fileUrl(remote, settings);
  let state: string | undefined;
  return (from, to) =>
    withRetries(settings.retry, signal, async () => {
      const answer = await request(url, settings, { headers: { range: `bytes=${from}-${to - 1}` }, signal });
      try {
        expectSuccess(answer, `${remote.repository}/${remote.file}`, remote.repository, settings);
        const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
        if (answer.status !== 206 || Number(first) !== from) {
          throw new RerankError('DOWNLOAD_FAILED', `${url.host} gives no parts of files, and the whole is not wanted`);
        }
        const now = `${answer.headers.get('etag')} of ${total} bytes`;
        state ??= now;
        if (now !== state) throw new RerankError('DOWNLOAD_FAILED', `${remote.file} changed on ${url.host} meanwhile: try again`);
        return await collect(answer, Math.min(to, Number(last) + 1) - from);
      } finally {
        answer.drop();
      }
    });
}

async function collect(answer: Answer, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  for await (const chunk of answer.chunks()) {
    if (at + chunk.length > length) throw new Transient('more bytes came than were asked for');
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at < length) throw new Transient(`the connection ended at ${at} of ${length} bytes`);
  return bytes;
}

async function readEntries(read: Ranges, what: string): Promise<{ entries: Record<string, Entry>; begin: number }> {
  const start = await read(0, FIRST_BYTES);
  const length = start.length < 10 ? 0n : start.readBigUInt64LE(0);
  if (length < 2n || length > MOST_HEADER_BYTES) throw corrupt(what, 'it is no safetensors file');
  const begin = 8 + Number(length);
  const bytes = begin <= start.length ? start : Buffer.concat([start, await read(start.length, begin)]);
  try {
    return { entries: JSON.parse(bytes.toString('utf8', 8, begin)) as Record<string, Entry>, begin };
  } catch (cause) {
    throw corrupt(what, `its header is no JSON (${(cause as Error).message})`);
  }
}

function encode(
  parts: readonly { name: string; entry: Entry; bytes: Buffer }[],
  { repository, revision, file }: RemoteFile,
): Buffer {
  let at = 0;
  const tensors = parts.map(({ name, entry, bytes }) => {
    const { dtype, shape } = entry;
    const begin = at;
    at += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const metadata = { source: `${repository}/${file}#${revision}` };
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors) }));
  // Tensors begin at a multiple of 8.
  const padding = Buffer.alloc(-header.length & 7, ' ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length + padding.length));
  return Buffer.concat([length, header, padding, ...parts.map(({ bytes }) => bytes)]);
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function corrupt(what: string, why: string): RerankError {
  return new RerankError('DOWNLOAD_CORRUPT', `${what}: ${why}`);
}
