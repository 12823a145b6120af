import { realpath, stat } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { SharedRanker } from '../adapters/shared-ranker.js';
import { type LoadOptions, type Progress, type Ranker, RerankError } from '../index.js';
import { progressReports } from './progress.js';
import { callRerank } from './rerank.js';
import { filesInput, output, type RerankArguments, textsInput } from './schemas.js';
import { McpServer, type ServerContext, StdioServerTransport, serveStdio } from './sdk.js';

export interface McpOptions {
  load: (options: Pick<LoadOptions, 'signal' | 'onProgress'>) => Promise<Ranker>;
  /** Folders whose files may be ranked; without any the tool takes texts alone. */
  roots: string[];
  version: string;
  stdin: Readable;
  stdout: Writable;
  /** Ends the server. */
  signal: AbortSignal;
  /** A load that failed (the next call tries again), or a message that was none. */
  onError: (error: unknown) => void;
}

const ABOUT =
  'Rank texts by how well they answer a query, with a reranking model on this machine. Use it to find the few of many search results, passages, messages or files that matter before reading them.';

/**
 * Serves the Model Context Protocol until the client goes away. The model is loaded at once, beside the protocol's first messages, and once
 * for all calls.
 *
 * @throws RerankError INVALID_ARGUMENT: a root is no folder
 */
export async function serveMcp(options: McpOptions): Promise<void> {
  const { stdin, stdout, signal, onError } = options;
  const roots = await Promise.all(options.roots.map(realFolder));
  const listeners = new Set<(progress: Progress) => void>();
  const onProgress = (progress: Progress) => {
    for (const listener of listeners) listener(progress);
  };
  const shared = new SharedRanker((loadSignal) => options.load({ signal: loadSignal, onProgress }));

  const rerank = async (given: RerankArguments, context: ServerContext) => {
    const call = { roots, signal: context.mcpReq.signal, onProgress: reporter(context), onCrash: () => void shared.dispose() };
    listeners.add(call.onProgress);
    try {
      return await callRerank(() => shared.get(call.signal), given, call);
    } finally {
      listeners.delete(call.onProgress);
    }
  };
  const makeServer = () => {
    const server = new McpServer({ name: 'llama-rerank', version: options.version });
    const inputSchema = roots.length > 0 ? filesInput(roots) : textsInput;
    const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
    const about = { title: 'Rerank', description: ABOUT, annotations };
    server.registerTool('rerank', { ...about, inputSchema, outputSchema: output }, rerank);
    return server;
  };

  const ended = endOf(stdin, stdout, signal);
  const served = serveStdio(makeServer, { transport: new StdioServerTransport(stdin, stdout), onerror: onError });
  shared.get().catch((error: unknown) => {
    if (!ended.reached()) onError(error);
  });
  await ended.promise;
  await Promise.all([served.close(), shared.dispose()]);
  signal.throwIfAborted();
}

async function realFolder(root: string): Promise<string> {
  const real = await realpath(root).catch(() => undefined);
  if (real !== undefined && (await stat(real)).isDirectory()) return real;
  throw new RerankError('INVALID_ARGUMENT', `root: expected a folder, got ${root}`);
}

/** The client asks for progress with a token; without one nothing is sent. */
function reporter({ mcpReq }: ServerContext): (progress: Progress) => void {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  return progressReports((report) => {
    // A client that has gone away ends the server by other ways.
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...report } }).catch(() => {});
  });
}

function endOf(stdin: Readable, stdout: Writable, signal: AbortSignal): { promise: Promise<void>; reached: () => boolean } {
  let over = false;
  const promise = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    stdin.once('end', end).once('close', end);
    stdout.once('error', end).once('close', end);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  });
  return { promise, reached: () => over };
}
