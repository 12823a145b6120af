// @ts-check
import { barOf, changeOf, ranksOf, scaleOf } from './compare.js';
import { counted, labelled, make } from './dom.js';
import { withMotion } from './motion.js';

/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {import('./api.js').Result} Result */
/** @typedef {import('./parse.js').Doc} Doc */
/** @typedef {'score' | 'given'} Order */

const PREVIEW = 240;

/** One model's list, with its summary. */
export class Column {
  #list = make('ol', 'rows');
  #head = make('div', 'head');
  /** @type {readonly Doc[]} */
  #documents;

  /**
   * Shows the documents in the order they were given in, until there is an answer.
   * @param {string} model
   * @param {readonly Doc[]} documents
   */
  constructor(model, documents) {
    this.#documents = documents;
    this.#list.role = 'list';
    this.#list.classList.toggle('many', documents.length > 100);
    const title = make('h3', 'model', model);
    this.element = make('section', 'column waiting', title, this.#head, this.#list);
    this.element.ariaLabel = `Results of ${model}`;
    this.#head.append(make('p', 'note', `${counted(documents.length, 'document')}, in the order given`));
    this.#list.replaceChildren(...documents.map((document, index) => rowOf(document, index, String(index + 1))));
  }

  /**
   * @param {Answer} answer
   * @param {{ order: Order, other?: Answer | undefined }} options `other`: whose ranks the arrows compare with, else the given order
   */
  show(answer, { order, other }) {
    const { results, details } = answer;
    this.element.classList.remove('waiting');
    this.#head.replaceChildren(...summaryOf(answer, this.#documents.length, other));
    const scale = scaleOf(details.score_kind, results);
    const before = other && ranksOf(other.results);
    const rows = results.map((result, i) => {
      const row = rowOf(/** @type {Doc} */ (this.#documents[result.index]), result.index, String(i + 1));
      const old = before ? before.get(result.index) : result.index + 1;
      row.firstElementChild?.append(moved(i + 1, old, before ? `${other.model} ranks it` : 'given as'));
      row.append(scoreOf(result, scale));
      if (result.truncated) row.children[1]?.append(make('span', 'badge', 'truncated'));
      if (result.chunk)
        row.children[1]?.append(make('span', 'remark', `part ${result.chunk.index + 1} of ${result.chunk.count}`));
      return row;
    });
    withMotion(this.#list, () => this.#list.replaceChildren(...inOrder(rows, order)));
    // In the order of the results, whatever order is shown.
    this.sort = (/** @type {Order} */ next) => {
      withMotion(this.#list, () => this.#list.replaceChildren(...inOrder(rows, next)));
    };
  }

  /** @type {(order: Order) => void} */
  sort = () => {};
}

/**
 * @param {HTMLElement[]} rows best first
 * @param {Order} order
 */
function inOrder(rows, order) {
  return order === 'score' ? rows : [...rows].sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index));
}

/**
 * @param {Doc} document
 * @param {number} index
 * @param {string} rank
 */
function rowOf({ text, name }, index, rank) {
  const preview = text.replace(/\s+/g, ' ').trim();
  const body = make('div', 'body');
  if (name) body.append(make('p', 'name', name));
  body.append(make('p', 'text', preview.length > PREVIEW ? `${preview.slice(0, PREVIEW)}…` : preview));
  if (preview.length > PREVIEW) {
    const more = make('button', 'link more', 'Show all');
    more.type = 'button';
    more.ariaExpanded = 'false';
    body.append(more);
  }
  const row = make('li', 'row', make('div', 'place', make('span', 'rank', rank)), body);
  row.dataset.index = String(index);
  return row;
}

/**
 * Opens or closes a long text.
 * @param {HTMLElement} button
 * @param {readonly Doc[]} documents
 */
export function toggleText(button, documents) {
  const row = /** @type {HTMLElement} */ (button.closest('.row'));
  const text = /** @type {HTMLElement} */ (row.querySelector('.text'));
  const open = button.ariaExpanded !== 'true';
  const full = documents[Number(row.dataset.index)]?.text ?? '';
  text.textContent = open ? full : `${full.replace(/\s+/g, ' ').trim().slice(0, PREVIEW)}…`;
  text.classList.toggle('full', open);
  button.ariaExpanded = String(open);
  button.textContent = open ? 'Show less' : 'Show all';
}

/**
 * @param {number} rank
 * @param {number | undefined} before
 * @param {string} words
 */
function moved(rank, before, words) {
  const { kind, places } = changeOf(rank, before);
  if (kind === 'absent') return labelled('change', 'new', 'not in the other list');
  if (kind === 'same') return labelled('change', '=', 'same place');
  return labelled(`change ${kind}`, `${kind === 'up' ? '↑' : '↓'}${places}`, `${kind} ${places}: ${words} number ${before}`);
}

/**
 * @param {Result} result
 * @param {{ least: number, most: number }} scale
 */
function scoreOf(result, scale) {
  const score = result.relevance_score;
  const fill = make('span', score < 0 ? 'fill negative' : 'fill');
  const { start, size } = barOf(score, scale);
  fill.style.insetInlineStart = `${start}%`;
  fill.style.inlineSize = `${size}%`;
  const bar = make('span', scale.least < 0 ? 'bar middle' : 'bar', fill);
  bar.ariaHidden = 'true';
  const number = make('span', 'number', score.toFixed(3).replace('-', '−'));
  if (result.parts) number.title = `cosine ${result.parts.cosine.toFixed(3)}, BM25 ${result.parts.bm25.toFixed(2)}`;
  if (result.logit !== undefined) number.title = `logit ${result.logit.toFixed(3)}`;
  return make('div', 'score', bar, number);
}

/**
 * @param {Answer} answer
 * @param {number} count
 * @param {Answer | undefined} other
 */
function summaryOf({ results, details }, count, other) {
  const { milliseconds: ms, tokens } = details;
  const stages = make('dl', 'stages');
  /** @type {[string, string][]} */
  const cells = [
    ['total', time(ms.total)],
    ['waiting', time(ms.queue)],
    ['tokenizing', time(ms.tokens)],
    ['model', time(ms.states)],
    ['scoring', time(ms.score)],
    ['tokens', tokens.total.toLocaleString('en')],
    ['reused', tokens.reused.toLocaleString('en')],
  ];
  for (const [label, value] of cells) stages.append(make('div', '', make('dt', '', label), make('dd', '', value)));
  const { least } = scaleOf(details.score_kind, results);
  const bars = `Bars span ${least === 0 ? '0' : '−1'} to 1.`;
  const kind = {
    cosine: `Scores: cosines from −1 to 1, not probabilities. ${bars}`,
    blend: `Scores: cosines blended with BM25, for this list only, not probabilities. ${bars}`,
    probability: 'Scores: probabilities from 0 to 1.',
  }[details.score_kind];
  const arrows = other ? ` Arrows compare with ${other.model}.` : ' Arrows compare with the order given.';
  return [stages, make('p', 'note', kind + arrows), ...remarksOf(results, details, count)];
}

/**
 * @param {Result[]} results
 * @param {Answer['details']} details
 * @param {number} count
 */
function remarksOf(results, details, count) {
  const cut = results.filter((result) => result.truncated).length;
  const remarks = [];
  if (results.length < count) remarks.push(`The best ${results.length} of ${counted(count, 'document')}.`);
  if (cut > 0)
    remarks.push(`${counted(cut, 'document')} ${cut === 1 ? 'was' : 'were'} longer than the model reads: marked “truncated”.`);
  if (details.query_truncated) remarks.push('The query is too long: the model read only its beginning.');
  if (details.overflow === 'split') remarks.push(`The list did not fit one prompt and was split into ${details.blocks}.`);
  if (details.overflow === 'chunk') remarks.push('Long documents were read in parts. The best part counts.');
  return remarks.length > 0 ? [make('p', 'note strong', remarks.join(' '))] : [];
}

/** @param {number} ms */
export function time(ms) {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 10 ? 0 : 1)} ms`;
}
