// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Real documents that every checkout has: READMEs and licences of the installed packages, in a fixed order.
 *
 * @param {number} count
 * @param {number} characters how much of each to take
 */
export function installedDocuments(count, characters) {
  const root = 'node_modules';
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|[/\\])(README|LICENSE|LICENCE)(\.md|\.txt)?$/i.test(name))
    .sort();
  const texts = new Set(files.map((name) => readFileSync(join(root, name), 'utf8').slice(0, characters)));
  const documents = [...texts].filter((text) => text.length > 100).slice(0, count);
  if (documents.length < count) throw new Error(`expected ${count} documents in ${root}, found ${documents.length}`);
  return documents;
}
