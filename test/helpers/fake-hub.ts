import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HubSettings, hubSettings } from '../../src/files/hub/settings.js';

export const COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01';
export const REPOSITORY = 'someone/tiny-GGUF';

/** Bytes that begin like a GGUF file, the same for the same seed. */
export function weights(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) bytes.writeUInt32LE(Math.imul(i + seed, 2654435761) >>> 0, i);
  bytes.write('GGUF', 'latin1');
  return bytes;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A folder that goes when the test ends. */
export function temporary(name = 'hub-'): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Seen {
  method: string;
  url: string;
  host: string;
  range: string | undefined;
  ifRange: string | undefined;
  authorization: string | undefined;
}

/** Answers in place of the hub, if it returns true. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse, count: number) => boolean | undefined;

export interface FakeHub {
  readonly endpoint: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Requests for bytes alone. */
  bytesSeen(): Seen[];
  files: Map<string, Buffer>;
  /** Asked about every request for bytes; `count` begins at 1. */
  onBytes: Misbehave | undefined;
  /** Asked about every request. */
  onAny: Misbehave | undefined;
  /** Host name of the storage: another name for this machine makes it another host. */
  storage: string;
  settings(changes?: Partial<HubSettings> & { env?: Record<string, string> }): HubSettings;
}

/** A server on this machine that speaks the Hub's language, for one test. */
export async function fakeHub(files: Record<string, Buffer>): Promise<FakeHub> {
  let bytesCount = 0;
  let anyCount = 0;
  const server = createServer((request, response) => {
    const { url = '', method = '', headers } = request;
    const { host = '', range, authorization } = headers;
    const ifRange = headers['if-range']?.toString();
    hub.seen.push({ method, url, host, range, ifRange, authorization });
    if (hub.onAny?.(request, response, ++anyCount)) return;
    if (url.startsWith('/storage/')) {
      if (hub.onBytes?.(request, response, ++bytesCount)) return;
      sendBytes(request, response, hub.files.get(decodeURIComponent(url.slice('/storage/'.length))));
    } else answer(hub, url, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => stop(server));
  const { port } = server.address() as AddressInfo;
  const hub: FakeHub = {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    seen: [],
    bytesSeen: () => hub.seen.filter(({ url }) => url.startsWith('/storage/')),
    files: new Map(Object.entries(files)),
    onBytes: undefined,
    onAny: undefined,
    storage: '127.0.0.1',
    settings: ({ env, ...changes } = {}) => ({
      ...hubSettings({ HF_HOME: temporary(), XDG_CACHE_HOME: temporary(), HF_ENDPOINT: hub.endpoint, ...env }),
      stall: 2000,
      retry: { attempts: 3, first: 5, longest: 1000 },
      ...changes,
    }),
  };
  return hub;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function answer(hub: FakeHub, url: string, response: ServerResponse): void {
  if (/^\/api\/models\/[^/]+\/[^/]+\/revision\//.test(url)) {
    const siblings = [...hub.files.keys()].map((rfilename) => ({ rfilename }));
    response.end(JSON.stringify({ sha: COMMIT, siblings }));
    return;
  }
  const [, file = ''] = /\/resolve\/[^/]+\/(.+)$/.exec(url) ?? [];
  const bytes = hub.files.get(decodeURIComponent(file));
  if (bytes === undefined) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    return;
  }
  response.writeHead(302, {
    location: `http://${hub.storage}:${hub.port}/storage/${file}`,
    'x-repo-commit': COMMIT,
    'x-linked-etag': `"${sha256(bytes)}"`,
    'x-linked-size': bytes.length,
  });
  response.end();
}

/** What a good storage does: ranges, conditions, ETags. */
export function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined, etag?: string): void {
  if (bytes === undefined) {
    response.writeHead(404).end();
    return;
  }
  const tag = etag ?? `"${sha256(bytes).slice(0, 16)}"`;
  const condition = request.headers['if-range'];
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined || (condition !== undefined && condition !== tag)) {
    response.writeHead(200, { etag: tag, 'content-length': bytes.length }).end(bytes);
    return;
  }
  if (Number(from) >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const last = Math.min(to ? Number(to) : bytes.length - 1, bytes.length - 1);
  const part = bytes.subarray(Number(from), last + 1);
  const place = `bytes ${from}-${last}/${bytes.length}`;
  response.writeHead(206, { etag: tag, 'content-length': part.length, 'content-range': place }).end(part);
}

/** Sends the beginning of a file as if all would come, and hangs up. */
export function sendThenDrop(response: ServerResponse, bytes: Buffer, count: number): true {
  response.writeHead(200, { etag: `"${sha256(bytes).slice(0, 16)}"`, 'content-length': bytes.length });
  response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), 20));
  return true;
}
