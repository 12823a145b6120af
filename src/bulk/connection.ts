import { RerankError } from '../index.js';
import { QUEUE, type QueueAddress } from './address.js';

/** Milliseconds that the first connection may take. */
const PATIENCE = 10_000;

/** A job in Redis. */
export interface JobData {
  /** Digest of the model that is to compute it. */
  readonly identity: string;
  /** The model for people. */
  readonly model: string;
  readonly rerank: object;
  readonly query: string;
  readonly documents: readonly string[];
}

/** BullMQ, and how its connections are made. */
export interface Bullmq {
  readonly bullmq: typeof import('bullmq');
  readonly Redis: typeof import('ioredis').Redis;
  readonly queue: string;
  readonly connection: { url: string; maxRetriesPerRequest: null };
}

/**
 * Loads BullMQ, which is no dependency of this package, and tries the server once. From then on connections come back by themselves.
 *
 * @throws RerankError DEPENDENCY_MISSING, QUEUE_UNAVAILABLE, INVALID_ARGUMENT
 */
export async function openBullmq({ redis, queue = QUEUE }: QueueAddress): Promise<Bullmq> {
  if (!/^rediss?:\/\/./.test(redis))
    throw new RerankError('INVALID_ARGUMENT', `redis: expected redis://host:port or rediss://host:port, got '${shown(redis)}'`);
  if (queue === '' || queue.includes(':'))
    throw new RerankError('INVALID_ARGUMENT', `queue: expected a name without a colon, got '${queue}'`);
  const { bullmq, Redis } = await load();
  const client = new Redis(redis, { lazyConnect: true, connectTimeout: PATIENCE, retryStrategy: null, maxRetriesPerRequest: 1 });
  let reason: unknown;
  client.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw unavailable(redis, reason ?? error);
  } finally {
    client.disconnect();
  }
  return { bullmq, Redis, queue, connection: { url: redis, maxRetriesPerRequest: null } };
}

async function load(): Promise<Pick<Bullmq, 'bullmq' | 'Redis'>> {
  try {
    return { bullmq: await import('bullmq'), Redis: (await import('ioredis')).Redis };
  } catch (cause) {
    throw new RerankError(
      'DEPENDENCY_MISSING',
      `a queue needs two packages that do not come along: npm install bullmq ioredis (${(cause as Error).message})`,
      { cause },
    );
  }
}

export function unavailable(redis: string, cause: unknown): RerankError {
  const { message } = cause as Error;
  return new RerankError('QUEUE_UNAVAILABLE', `${shown(redis)}: ${message}. Expected a Redis server, 6.2 or newer`, { cause });
}

/** An address without its password. */
function shown(redis: string): string {
  return redis.replace(/\/\/[^@/]*@/, '//…@');
}

/** Whether the server refused, and will again. Lost connections, servers that start and those that are full are none. */
export function isRefusal(error: unknown): boolean {
  const { name, message } = error as Error;
  return name === 'ReplyError' && !/^(OOM|LOADING|MASTERDOWN|READONLY|TRYAGAIN|CLUSTERDOWN|BUSY)\b/.test(message);
}
