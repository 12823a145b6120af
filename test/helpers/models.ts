import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '../..');
const unpackedModels = join(root, 'build/test-models');

export const LISTWISE_FIXTURES = join(root, 'test/fixtures/listwise');
export const SIMILARITY_FIXTURES = join(root, 'test/fixtures/similarity');
export const PAIRWISE_FIXTURES = join(root, 'test/fixtures/pairwise');
export const STARTER = join(root, 'gguf/all-MiniLM-L6-v2-Q8_0.gguf');

/** Makes `target` from `source` unless that was done already. Safe when several processes do it at once. */
function derive(source: string, target: string, write: (temporary: string) => void): string {
  const { mtime } = statSync(source);
  if (existsSync(target) && statSync(target).mtimeMs === mtime.getTime()) return target;
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}-${threadId}`;
  try {
    write(temporary);
    utimesSync(temporary, mtime, mtime);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    // Windows refuses to replace a file that another process has open: that one is as good.
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** A model file that is ready to load: a .gguf as it is, a .gguf.gz unpacked into the folder `name` under build/test-models. */
export function unpack(file: string, name: string): string {
  if (!file.endsWith('.gz')) return file;
  const target = join(unpackedModels, name, basename(file, '.gz'));
  return derive(file, target, (temporary) => writeFileSync(temporary, gunzipSync(readFileSync(file))));
}

/** Path of the tiny jina-reranker-v3 of the fixtures, with its projector.safetensors beside it. */
export function tinyListwise(kind: 'F16' | 'Q8_0' = 'F16'): string {
  const folder = join(LISTWISE_FIXTURES, 'models/tiny-v3');
  const model = unpack(join(folder, `tiny-v3-${kind}.gguf.gz`), 'tiny-v3');
  const projector = join(folder, 'projector.safetensors');
  derive(projector, join(dirname(model), basename(projector)), (temporary) => copyFileSync(projector, temporary));
  return model;
}
