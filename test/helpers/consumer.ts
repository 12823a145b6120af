import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder of node that nothing else is in but npm, a shell and what pnpm's scripts call: as on a machine without compilers. */
export function barePath(node = process.execPath): string {
  const folder = mkdtempSync(join(tmpdir(), 'llama-rerank-bare-'));
  symlinkSync(realpathSync(node), join(folder, 'node'));
  for (const program of ['npm', 'npx', 'sh', 'sed', 'dirname', 'uname']) {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(realpathSync(found), join(folder, program));
  }
  return folder;
}

/** What npm's global settings say, which another node does not find. */
const settings = Object.fromEntries(
  ['registry', 'cafile'].map((name) => [`npm_config_${name}`, npmSetting(name)]).filter(([, value]) => value !== 'null'),
);

function npmSetting(name: string): string {
  return spawnSync('npm', ['config', 'get', name], { encoding: 'utf8', shell: process.platform === 'win32' }).stdout.trim();
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody's program in an empty folder outside the checkout, whose PATH is `path` alone. */
export class Consumer {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-rerank-consumer-')));

  constructor(
    readonly path: string,
    registry: string,
  ) {
    this.write('package.json', '{ "name": "consumer", "private": true, "type": "module" }');
    this.write('.npmrc', `@llama-rerank:registry=${registry}\nfund=false\naudit=false\nupdate-notifier=false\n`);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  run(command: string, ...args: string[]): Promise<Ran> {
    const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|LLAMA_RERANK_|NODE_|VITEST)/i.test(name));
    const env = { ...Object.fromEntries(kept), ...settings, PATH: this.path, CI: 'true' };
    return new Promise((done, failed) => {
      const child = spawn(command, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stderr.on('data', (chunk) => (stderr += chunk));
      child.on('error', failed);
      child.on('close', (status) => done({ status, stdout, stderr }));
    });
  }

  /** @throws what it wrote to stderr, unless it exits with 0 */
  async expectRun(command: string, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(command, ...args);
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}: ${stdout}${stderr}`);
    return stdout;
  }
}
