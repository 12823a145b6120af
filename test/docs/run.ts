import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scriptOf, toJavaScript } from './code.js';
import { type Block, root } from './markdown.js';

const FINISH = "const { reranker } = await import('./prelude.js');\nawait reranker.dispose();\n";

/** Runs a block in a process of its own, offline, with dist/: what it printed. */
export async function runBlock(block: Block): Promise<string> {
  // Within the package, so that it finds itself by its name.
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'block-'));
  try {
    const prelude = readFileSync(join(root, 'test/docs/prelude.ts'), 'utf8');
    writeFileSync(join(folder, 'prelude.js'), toJavaScript(prelude));
    writeFileSync(join(folder, 'block.js'), scriptOf(block));
    writeFileSync(join(folder, 'main.js'), `await import('./block.js');\n${FINISH}`);
    const env = { ...process.env, HF_HUB_OFFLINE: '1', NO_COLOR: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')], {
      cwd: root,
      env,
      timeout: 60_000,
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the remarks behind the `console.log` of a block say that it prints, in that order. `…` stands for anything. */
export function expectedOf({ code }: Block): RegExp {
  const remarks = [...code.matchAll(/console\.log\(.*\);? +\/\/ (.+)$/gm)].map((match) => match[1] as string);
  const parts = remarks.map((remark) => squeeze(remark).split('…').map(literally).join('.*?'));
  return new RegExp(parts.join('.*?'), 's');
}

/** With every break and run of spaces as one space. */
export const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim();
const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
