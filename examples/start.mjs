#!/usr/bin/env node
// `npm start`: ranks a folder of short texts for two questions, with the model that comes with the package.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const FOLDER = fileURLToPath(new URL('documents/', import.meta.url));
const QUERIES = ['I want my money back', 'what can I cook for a vegan friend?'];

if (existsSync(CLI)) {
  process.exitCode = start();
} else {
  console.error('The package is not built yet: run `npm install` (or `npm run build`) first.');
  process.exitCode = 1;
}

function start() {
  const folder = relative(process.cwd(), FOLDER) || '.';
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  const paths = files.sort().map((name) => `${folder}/${name}`);
  for (const [place, query] of QUERIES.entries()) {
    // One run says all there is to say about the model; the others only rank.
    const quiet = place > 0 ? ['--quiet'] : [];
    console.log(`${place > 0 ? '\n' : ''}$ llama-rerank rank -q "${query}" -n 5 ${folder}/*.txt\n`);
    const { status, error } = spawnSync(process.execPath, [CLI, 'rank', '-q', query, '-n', '5', ...quiet, ...paths], {
      stdio: 'inherit',
    });
    if (error) console.error(error.message);
    if (status !== 0) return status ?? 1;
  }
  return 0;
}
