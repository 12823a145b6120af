/** What the blend with BM25 adds to a call: `node bench/lexical.mjs` (after `npm run build:ts`). Milliseconds, medians of 9 calls. */
import { Bm25 } from '../dist/lexical/bm25.js';
import { installedDocuments } from './documents.mjs';

for (const [count, characters] of [
  [100, 900],
  [500, 900],
]) {
  const texts = await installedDocuments(count, characters);
  const times = [];
  for (let round = 0; round < 9; round++) {
    const begin = performance.now();
    (await Bm25.of(texts)).scores('how do I parse command line options?');
    times.push(performance.now() - begin);
  }
  console.log(`${texts.length} documents of ${characters} characters: ${times.sort((a, b) => a - b)[4].toFixed(1)} ms`);
}
