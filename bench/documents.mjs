// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** READMEs and licences of the installed packages, in a fixed order: real text that every checkout has. */
function installedTexts() {
  const root = 'node_modules';
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|[/\\])(README|LICENSE|LICENCE)(\.md|\.txt)?$/i.test(name))
    .sort();
  return files.map((name) => readFileSync(join(root, name), 'utf8'));
}

/**
 * The beginnings of installed texts.
 *
 * @param {number} count
 * @param {number} characters how much of each to take
 */
export function installedDocuments(count, characters) {
  const texts = new Set(installedTexts().map((text) => text.slice(0, characters)));
  const documents = [...texts].filter((text) => text.length > 100).slice(0, count);
  if (documents.length < count) throw new Error(`expected ${count} documents in node_modules, found ${documents.length}`);
  return documents;
}

/**
 * Pieces of installed texts, each as many words as fit into the tokens.
 *
 * @param {number} count
 * @param {number} tokens
 * @param {(text: string) => Promise<number>} countTokens
 */
export async function installedPassages(count, tokens, countTokens) {
  const passages = [];
  for (const text of new Set(installedTexts())) {
    let words = text.split(/\s+/).filter((word) => word.length < 100);
    while (words.length > tokens) {
      const size = await mostWords(words, tokens, countTokens);
      passages.push(words.slice(0, size).join(' '));
      if (passages.length === count) return passages;
      words = words.slice(size);
    }
  }
  throw new Error(`expected ${count} passages in node_modules, found ${passages.length}`);
}

/**
 * @param {string[]} words
 * @param {number} tokens
 * @param {(text: string) => Promise<number>} countTokens
 */
async function mostWords(words, tokens, countTokens) {
  let [least, most] = [1, tokens];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if ((await countTokens(words.slice(0, middle).join(' '))) <= tokens) least = middle;
    else most = middle - 1;
  }
  return least;
}
