import type { KnownModel } from './catalog.js';

const told = new Set<string>();

/** Tells a person something, once in a process. */
export function tellOnce(notice: string, tell: ((notice: string) => void) | undefined): void {
  if (told.has(notice)) return;
  told.add(notice);
  if (tell === undefined) process.emitWarning(notice, 'LlamaRerankWarning');
  else tell(notice);
}

/** What to know before a model of the catalogue is fetched. */
export function licenceNotice({ name, licence, repository }: KnownModel, endpoint: URL): string {
  const use = licence.commercial ? 'commercial use is allowed' : 'NOT for commercial use';
  return `${name}: licence ${licence.id}, ${use} (${new URL(repository ?? '', endpoint).href})`;
}
