/** Where jobs wait. */
export interface QueueAddress {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. Redis 6.2 or newer. */
  readonly redis: string;
  /** Default `llama-rerank`. Workers of another model belong to another queue. */
  readonly queue?: string | undefined;
}

export const QUEUE = 'llama-rerank';
