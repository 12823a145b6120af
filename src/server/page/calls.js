// @ts-check
/** The panel with the same request as a call, to copy. */
import { addressOf } from './api.js';
import { byId } from './dom.js';
import { cliSnippet, curlSnippet, typescriptSnippet } from './snippets.js';
import { state } from './state.js';

const WRITERS = { curl: curlSnippet, cli: cliSnippet, typescript: typescriptSnippet };

const panel = byId('calls', HTMLElement);
const code = byId('code', HTMLPreElement);
const copied = byId('copied', HTMLElement);
const tabs = /** @type {HTMLButtonElement[]} */ ([...panel.querySelectorAll('[role=tab]')]);

/** Shows the call of the last request. */
export function showCalls() {
  panel.hidden = !state.request;
  choose(tabs.find((tab) => tab.ariaSelected === 'true') ?? tabs[0]);
}

/** @param {HTMLButtonElement | undefined} chosen */
function choose(chosen) {
  if (!chosen || !state.request) return;
  for (const tab of tabs) {
    tab.ariaSelected = String(tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
  }
  code.setAttribute('aria-labelledby', chosen.id);
  const { query, documents, topN, models } = state.request;
  const write = WRITERS[/** @type {keyof typeof WRITERS} */ (chosen.dataset.kind)];
  const texts = documents.map((document) => document.text);
  const call = { url: addressOf('v1/rerank'), query, documents: texts, topN, key: state.key !== '' };
  code.textContent = write({ ...call, model: models[0] ?? '' });
  copied.textContent = '';
}

for (const tab of tabs) tab.addEventListener('click', () => choose(tab));

byId('tabs', HTMLElement).addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const now = tabs.findIndex((tab) => tab.ariaSelected === 'true');
  const next = tabs[(now + step + tabs.length) % tabs.length];
  choose(next);
  next?.focus();
});

byId('copy', HTMLButtonElement).addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(code.textContent ?? '');
    copied.textContent = 'Copied.';
  } catch {
    // Pages that come over plain HTTP from another machine have no clipboard.
    getSelection()?.selectAllChildren(code);
    copied.textContent = 'Selected: press Ctrl+C to copy.';
  }
});
