import { Engine } from '../../src/engine/engine.js';
import { openLibrary } from '../../src/engine/library.js';
import type { Family } from '../../src/family.js';
import { findByFile, readCatalog } from '../../src/files/catalog.js';
import { checkModel } from '../../src/files/check/check.js';
import { openModelFile } from '../../src/files/model-file.js';
import { chooseFamily } from '../../src/models/choose.js';

/** A model's engine and family without a reranker around them, on the CPU. */
export async function openEngine(path: string, head?: string): Promise<{ engine: Engine; family: Family }> {
  const file = await openModelFile(path);
  const known = findByFile(readCatalog(), path);
  const choice = await chooseFamily({ model: await checkModel(file), file, head, known });
  const options = { gpuLayers: 0, useGpu: false, mmap: false, ...choice.native };
  const engine = await Engine.open(await openLibrary('auto'), file, options, undefined, undefined);
  return { engine, family: choice.open(engine, 512) };
}
