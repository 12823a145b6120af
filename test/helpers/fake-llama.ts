import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encoderMetadata, encoderWeights } from '../../scripts/model/encoders.mjs';
import { TINY } from '../../scripts/model/shapes.mjs';
import { makeVocabulary } from '../../scripts/model/vocabulary.mjs';
import { drawWeights } from '../../scripts/model/weights.mjs';
import { writeGguf } from '../../scripts/model/write-gguf.mjs';

const root = resolve(import.meta.dirname, '../..');
const sources = join(root, 'test/native/fake');
const built = join(root, 'build/test-fake');
const headers = join(root, 'native/llama.cpp/v0.4.0');

/**
 * Folder of a llama.cpp whose faults the name of a model file chooses (see test/native/fake/script.h). Compiled once; safe when
 * several processes do it at once.
 *
 * @param defines what is different about it: FAKE_INCOMPLETE lacks a function
 */
export function fakeLlama(...defines: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(defines));
  for (const folder of [sources, headers])
    for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)));
  const target = join(built, hash.digest('hex').slice(0, 12));
  if (existsSync(target)) return target;
  mkdirSync(built, { recursive: true });
  const temporary = mkdtempSync(`${target}.`);
  const ending = process.platform === 'darwin' ? 'dylib' : 'so';
  for (const [source, ...libraries] of [
    ['llama.cc', 'llama'],
    ['ggml.cc', 'ggml', 'ggml-base'],
  ] as const) {
    for (const library of libraries) {
      const output = join(temporary, `lib${library}.${ending}`);
      const flags = ['-std=c++17', '-O1', '-shared', '-fPIC', `-I${headers}`, ...defines.map((name) => `-D${name}`)];
      execFileSync('c++', [...flags, '-o', output, join(sources, source)], { stdio: ['ignore', 'ignore', 'inherit'] });
    }
  }
  try {
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** Path of a model of the fake llama.cpp which does what `script` says. It passes the check, as a tiny embedding model. */
export function fakeModel(script = 'well'): string {
  const folder = join(built, 'checked-models');
  const path = join(folder, `${script}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const temporary = join(mkdtempSync(join(folder, 'new-')), 'model.gguf');
  const shape = { ...TINY.bert, layers: 1 };
  const { tokens, entries } = makeVocabulary('bert', { atLeast: 0, withoutMarker: false });
  const metadata = encoderMetadata('bert', shape, { name: 'fake', fileType: 1 }, entries);
  writeGguf(
    temporary,
    new Map(Object.entries(metadata)),
    drawWeights(encoderWeights('bert', shape, tokens.length, false), 'F16', 1),
  );
  renameSync(temporary, path);
  rmSync(join(temporary, '..'), { recursive: true });
  return path;
}
