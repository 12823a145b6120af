import { Command } from 'commander';
import { identify, startWorker } from '../bulk/index.js';
import { addressOf } from './bulk.js';
import { addCommonOptions, addModelOptions, type CommonFlags, integer, loadOptions, type ModelFlags } from './options.js';
import { loadingFor } from './progress.js';
import type { Shell } from './shell.js';

interface WorkerFlags extends ModelFlags, CommonFlags {
  redis?: string;
  queue?: string;
  concurrency: number;
  name?: string;
  healthFile?: string;
}

const EXAMPLES = `
Examples:
  llama-rerank worker --redis redis://queue.example:6379
  llama-rerank worker --redis redis://queue.example:6379 -m jina-reranker-v3 -t 8 --health-file /tmp/healthy

Model and settings must be those of \`llama-rerank bulk\`. SIGTERM or Ctrl-C finishes the running job and ends; twice ends at once.`;

/** `llama-rerank worker`: computes the jobs of `bulk --redis`. */
export function workerCommand(shell: Shell): Command {
  const command = new Command('worker')
    .summary('compute the jobs of bulk --redis')
    .description('Take jobs of `llama-rerank bulk --redis` from a queue, and compute them.')
    .usage('--redis URL [options]')
    .optionsGroup('Queue:')
    .option('--redis <url>', 'where the queue is; also LLAMA_RERANK_REDIS')
    .option('--queue <name>', 'name of the queue (default: llama-rerank); also LLAMA_RERANK_QUEUE')
    .option('--concurrency <n>', 'jobs that are taken at a time; 2 hides the way to a server that is far', integer(1, 64), 1)
    .option('--name <name>', 'what this worker is called (default: host and process id)')
    .option('--health-file <file>', 'write this file every 5 seconds while Redis answers');
  addModelOptions(command);
  addCommonOptions(command).addHelpText('after', EXAMPLES);
  return command.action((flags: WorkerFlags) => work(command, flags, shell));
}

async function work(command: Command, flags: WorkerFlags, shell: Shell): Promise<void> {
  const { redis, queue } = addressOf(flags, shell.env);
  if (redis === undefined) command.error('error: where is the queue? (--redis, or LLAMA_RERANK_REDIS)');
  const { concurrency, name, healthFile } = flags;
  const progress = loadingFor(true, shell);
  const onNotice = (text: string): void => {
    progress.clear();
    shell.stderr.write(`llama-rerank: ${text}\n`);
  };
  let isLoading = true;
  const loading = new AbortController();
  const told = shell.untilTold().then(() => loading.abort());
  const options = { ...loadOptions(flags), signal: loading.signal, onNotice, onProgress: progress.update };
  try {
    const identity = await identify(flags.model, options);
    const ranker = await shell.api.Reranker.load(flags.model, options);
    try {
      const worker = await startWorker({ redis, queue, ranker, identity, concurrency, name, healthFile, onNotice });
      isLoading = false;
      onNotice(`${worker.name} takes jobs for ${identity.label}`);
      await Promise.race([worker.ended, told.then(() => worker.drain())]);
    } finally {
      await ranker.dispose();
    }
  } catch (error) {
    // Told to end while it was loading.
    if (!isLoading || !loading.signal.aborted) throw error;
  } finally {
    progress.clear();
  }
}
