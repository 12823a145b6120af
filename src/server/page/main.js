// @ts-check
import { listModels, patiently, rerank } from './api.js';
import { showCalls } from './calls.js';
import { agreement } from './compare.js';
import { byId, counted, make } from './dom.js';
import { adviceFor, Failure, titleFor } from './failure.js';
import { loadExample, offerModels, readForm } from './form.js';
import { still } from './motion.js';
import { Column, time, toggleText } from './results.js';
import { state } from './state.js';

const form = byId('form', HTMLFormElement);
const keyBox = byId('key-box', HTMLElement);
const key = byId('key', HTMLInputElement);
const results = byId('results', HTMLElement);
const columns = byId('columns', HTMLElement);
const problem = byId('problem', HTMLElement);
const status = byId('status', HTMLElement);
const elapsed = byId('elapsed', HTMLElement);

/** @type {Column[]} */
let shown = [];

async function run() {
  if (state.running) return;
  let request = readForm();
  if (!request) return;
  const controller = new AbortController();
  const { signal } = controller;
  setRunning(controller);
  problem.hidden = true;
  state.answers = [];
  shown = [];
  try {
    if (!request.models[0]) {
      await loadModels(signal);
      request = readForm() ?? request;
    }
    begin(request);
    const texts = request.documents.map((document) => document.text);
    for (const model of request.models) {
      status.textContent = `Ranking ${counted(texts.length, 'document')} with ${model}…`;
      const { query, topN } = request;
      const call = { model, query, documents: texts, topN };
      state.answers.push(await untilReady(() => rerank(call, { key: state.key, signal }), signal));
      showAnswers();
    }
    status.textContent = saidOf(state.answers);
  } catch (error) {
    for (const column of shown.slice(state.answers.length)) column.element.remove();
    columns.classList.remove('two');
    if (signal.aborted) status.textContent = 'Cancelled.';
    else showProblem(error);
  } finally {
    setRunning(undefined);
  }
}

/**
 * Shows the documents in the order given, and the request as a call.
 * @param {import('./state.js').Request} request
 */
function begin(request) {
  state.request = request;
  shown = request.models.map((model) => new Column(model, request.documents));
  columns.replaceChildren(...shown.map((column) => column.element));
  columns.classList.toggle('two', shown.length > 1);
  byId('welcome', HTMLElement).hidden = true;
  byId('tools', HTMLElement).hidden = true;
  showCalls();
  const { top } = results.getBoundingClientRect();
  if (top > innerHeight * 0.35 || top < 0) results.scrollIntoView({ behavior: still() ? 'auto' : 'smooth' });
}

function showAnswers() {
  const { answers, order } = state;
  answers.forEach((answer, i) => {
    shown[i]?.show(answer, { order, other: answers.length > 1 ? answers[1 - i] : undefined });
  });
  byId('tools', HTMLElement).hidden = false;
  const [a, b] = answers;
  const common = byId('common', HTMLElement);
  common.textContent = '';
  if (a && b) {
    // Of a whole list, they would always share everything.
    const half = Math.ceil((state.request?.documents.length ?? 0) / 2);
    const { first, shared } = agreement(a.results, b.results, Math.min(10, half));
    common.textContent = `Of the first ${first}, both models share ${shared}.`;
  }
}

/** @param {import('./api.js').Answer[]} answers */
function saidOf(answers) {
  return answers
    .map(
      ({ model, results: list, details }) =>
        `${counted(list.length, 'document')} ranked by ${model} in ${time(details.milliseconds.total)}.`,
    )
    .join(' ');
}

/** @param {AbortController | undefined} controller */
function setRunning(controller) {
  state.running = controller;
  const running = controller !== undefined;
  byId('rerank', HTMLButtonElement).ariaDisabled = String(running);
  const cancel = byId('cancel', HTMLButtonElement);
  if (!running && document.activeElement === cancel) byId('rerank', HTMLButtonElement).focus();
  cancel.hidden = !running;
  columns.ariaBusy = String(running);
  elapsed.textContent = '';
  if (!running) return;
  const start = performance.now();
  const timer = setInterval(() => {
    if (state.running !== controller) clearInterval(timer);
    else elapsed.textContent = `${Math.round((performance.now() - start) / 1000)} s`;
  }, 1000);
}

/** What nobody asked for just now failed: whoever types goes on typing where they are. */
function showQuietly(/** @type {unknown} */ error) {
  showProblem(error, document.activeElement === document.body);
}

/**
 * @param {unknown} error
 * @param {boolean} takesFocus whether the key's field may take the focus if a key is what is missing
 */
function showProblem(error, takesFocus = true) {
  const failure = error instanceof Failure ? error : new Failure(String(error), { status: 200, code: 'PAGE_FAILED' });
  const facts = make('p', 'facts', 'Code ', make('code', '', failure.code));
  if (failure.requestId) facts.append(', request ', make('code', '', failure.requestId));
  const fields = failure.fields
    .filter(({ message }) => !failure.message.includes(message))
    .map(({ field, message }) => make('li', '', make('code', '', field), `: ${message}`));
  problem.replaceChildren(
    make('h3', '', titleFor(failure)),
    make('p', '', failure.message),
    ...(fields.length > 0 ? [make('ul', '', ...fields)] : []),
    make('p', 'advice', adviceFor(failure)),
    facts,
  );
  problem.hidden = false;
  status.textContent = '';
  if (failure.status !== 401) return;
  keyBox.hidden = false;
  if (takesFocus) key.focus();
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} [signal]
 */
function untilReady(ask, signal) {
  const said = status.textContent;
  const onWait = (/** @type {boolean} */ waiting) => {
    status.textContent = waiting ? 'The server is starting…' : said;
  };
  return patiently(ask, { onWait, signal });
}

/** @param {AbortSignal} [signal] */
async function loadModels(signal) {
  offerModels(await untilReady(() => listModels(state.key), signal));
  problem.hidden = true;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
  if (event.key === 'Escape') state.running?.abort();
});
byId('cancel', HTMLButtonElement).addEventListener('click', () => state.running?.abort());
for (const id of ['example', 'example-2']) byId(id, HTMLButtonElement).addEventListener('click', loadExample);
key.addEventListener('input', () => {
  state.key = key.value.trim();
});
key.addEventListener('change', () => loadModels().catch(showQuietly));
byId('order', HTMLElement).addEventListener('change', (event) => {
  state.order = /** @type {'score' | 'given'} */ (/** @type {HTMLInputElement} */ (event.target).value);
  for (const column of shown) column.sort(state.order);
});
columns.addEventListener('click', (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest('.more');
  if (button instanceof HTMLElement && state.request) toggleText(button, state.request.documents);
});
// In two lists, the same document stands out in both.
columns.addEventListener('pointerover', (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest('.row');
  const index = row instanceof HTMLElement ? row.dataset.index : undefined;
  if (shown.length < 2) return;
  for (const each of columns.querySelectorAll('.row.same')) each.classList.remove('same');
  for (const each of columns.querySelectorAll(`[data-index="${index}"]`)) each.classList.add('same');
});

loadModels().catch(showQuietly);
