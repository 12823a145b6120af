// The search itself: a folder of notes, BM25 over their passages, then the reranker. Knows nothing of Electron.
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Reranker } from 'llama-rerank';
import MiniSearch from 'minisearch';

const EXTENSIONS = ['.md', '.txt'];
/** Passages that the reranker reads for each search: more find more, and take longer. */
const CANDIDATES = 30;
const RESULTS = 10;
/** Characters that short paragraphs are joined up to. */
const PASSAGE = 600;

export class Notes {
  /** @type {Promise<Reranker> | undefined} */
  #reranker;
  #index = emptyIndex();

  /**
   * Reads a folder. The model is loaded meanwhile.
   * @param {string} folder
   */
  async open(folder) {
    this.#load().catch(() => {}); // The first search says what is wrong.
    const names = await readdir(folder, { recursive: true });
    const files = names.filter((name) => EXTENSIONS.includes(extname(name).toLowerCase()) && !/(^|[\\/])\./.test(name));
    const index = emptyIndex();
    let passages = 0;
    for (const file of files.sort()) {
      const text = await readFile(join(folder, file), 'utf8');
      const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? basename(file, extname(file));
      for (const passage of passagesOf(text)) index.add({ id: passages++, file, title, passage });
    }
    this.#index = index;
    return { folder, files: files.length, passages };
  }

  /**
   * @param {string} query
   * @param {AbortSignal} signal
   */
  async search(query, signal) {
    const start = performance.now();
    const found = this.#index.search(query).slice(0, CANDIDATES);
    const reranker = await this.#load();
    const text = (/** @type {import('minisearch').SearchResult} */ { title, passage }) => `${title}\n${passage}`;
    const { results } = await reranker.rerank(query, found, { text, topN: RESULTS, signal });
    return {
      candidates: found.length,
      milliseconds: Math.round(performance.now() - start),
      results: results.map(({ document: { file, title, passage }, relevanceScore }) => ({
        file,
        title,
        passage,
        relevanceScore,
      })),
    };
  }

  /** A load that failed is tried again by the next search. */
  #load() {
    this.#reranker ??= Reranker.load().catch((error) => {
      this.#reranker = undefined;
      throw error;
    });
    return this.#reranker;
  }
}

function emptyIndex() {
  const searchOptions = { prefix: true, fuzzy: 0.15, boost: { title: 2 } };
  return new MiniSearch({ fields: ['title', 'passage'], storeFields: ['file', 'title', 'passage'], searchOptions });
}

/**
 * Paragraphs; short ones, as headings are, go with the next.
 * @param {string} text
 */
export function passagesOf(text) {
  /** @type {string[]} */
  const passages = [];
  let open = '';
  for (const paragraph of text.split(/\r?\n\s*\r?\n/).map((each) => each.trim())) {
    if (paragraph === '') continue;
    const isHeading = /^#{1,6}\s/.test(paragraph);
    if (open !== '' && (isHeading || open.length + paragraph.length > PASSAGE)) {
      passages.push(open);
      open = '';
    }
    open = open === '' ? paragraph : `${open}\n\n${paragraph}`;
  }
  if (open !== '') passages.push(open);
  // A heading with nothing below it says where one is, not what there is to know.
  return passages.filter((passage) => !/^#{1,6}\s[^\n]*$/.test(passage));
}
