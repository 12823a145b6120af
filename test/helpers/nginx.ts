import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './fake-server.js';
import { freePort } from './port.js';

const CONFIGURATION = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url));

/** Not everybody's PATH leads there. */
const PROGRAM = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
export const hasNginx = spawnSync(PROGRAM, ['-v']).status === 0;
if (!hasNginx) console.warn('no nginx: tests of replicas behind a balancer are skipped (apt-get install nginx-light)');

/** A line of the access log. */
export interface Access {
  path: string;
  status: number;
  /** Addresses of the servers that were tried, and what they answered, with commas between; 502 is no answer. */
  upstream: string;
  upstream_status: string;
}

/** nginx with deploy/nginx.conf, in which ports, names and folders alone are others. */
export class Nginx {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  static async start(replicas: readonly [number, number]): Promise<Nginx> {
    const nginx = new Nginx(await freePort(), replicas);
    await until(async () => (await fetch(`${nginx.url}/health/balancer`).catch(() => undefined))?.ok === true);
    return nginx;
  }

  private constructor(port: number, replicas: readonly [number, number]) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    // nginx gives up root, if it is root, and is another then.
    chmodSync(this.#folder, 0o755);
    const file = join(this.#folder, 'nginx.conf');
    const changes: [string, string][] = [
      ['listen 8080;', `listen 127.0.0.1:${port};`],
      ['server replica-1:8080 ', `server 127.0.0.1:${replicas[0]} `],
      ['server replica-2:8080 ', `server 127.0.0.1:${replicas[1]} `],
      ['access_log /dev/stdout ', `access_log ${this.#folder}/access.log `],
    ];
    let text = readFileSync(CONFIGURATION, 'utf8').replaceAll(' /tmp/', ` ${this.#folder}/`);
    for (const [from, to] of changes) {
      if (text.split(from).length !== 2) throw new Error(`deploy/nginx.conf: expected once: ${from}`);
      text = text.replace(from, to);
    }
    writeFileSync(file, text);
    this.#process = spawn(PROGRAM, ['-c', file, '-e', 'stderr', '-g', 'daemon off;'], { stdio: 'ignore' });
  }

  /** The rerank requests, once there are so many in its log: it writes a line after the answer was sent. */
  async log(requests: number): Promise<Access[]> {
    let found: Access[] = [];
    await until(() => {
      const lines = readFileSync(join(this.#folder, 'access.log'), 'utf8').trim().split('\n');
      found = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
      found = found.filter(({ path }) => path === '/v1/rerank');
      return found.length >= requests;
    });
    return found;
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
