// @ts-check
/** The form: its fields, what they hold as a request, and files that are dropped on the page. */
import { bodyOf } from './api.js';
import { byId, counted } from './dom.js';
import { example } from './example.js';
import { readFiles, textOfFiles } from './files.js';
import { tooLarge } from './limits.js';
import { parseDocuments } from './parse.js';

/** @typedef {import('./parse.js').Format} Format */
/** @typedef {import('./state.js').Request} Request */

const FORMATS = { lines: 'one a line', blocks: 'separated by blank lines', json: 'JSON', csv: 'CSV' };

const query = byId('query', HTMLTextAreaElement);
const texts = byId('documents', HTMLTextAreaElement);
const format = byId('format', HTMLSelectElement);
const field = byId('field', HTMLSelectElement);
const count = byId('count', HTMLElement);
const model = byId('model', HTMLSelectElement);
const other = byId('other', HTMLSelectElement);
const topN = byId('top-n', HTMLInputElement);
const chooser = byId('files', HTMLInputElement);
const undo = byId('undo', HTMLButtonElement);

/** @type {{ text: string, format: string, query?: string } | undefined} */
let replaced;

/** Reads the documents, says how many there are, and offers the fields that may hold the text. */
function refresh() {
  const parsed = parseDocuments(texts.value, /** @type {Format | 'auto'} */ (format.value), field.value);
  byId('field-box', HTMLElement).hidden = parsed.fields.length < 2;
  const names = [...field.options].map((option) => option.value);
  if (names.join('\n') !== parsed.fields.join('\n'))
    field.replaceChildren(...parsed.fields.map((name) => new Option(name, name)));
  field.value = parsed.field;
  const left = parsed.leftOut > 0 ? `; ${parsed.leftOut} without text left out` : '';
  const some = `${counted(parsed.documents.length, 'document')}, ${FORMATS[parsed.format]}${left}`;
  const problem = parsed.problem ? `Not read: ${parsed.problem}.` : tooLarge(requestBody(parsed.documents));
  count.textContent = problem || (parsed.documents.length > 0 || left ? some : 'No documents yet');
  count.classList.toggle('wrong', problem !== '');
  return { ...parsed, problem };
}

/** @param {import('./parse.js').Doc[]} documents */
function requestBody(documents) {
  return bodyOf({ model: model.value, query: query.value.trim(), documents: documents.map(({ text }) => text), topN: undefined });
}

/**
 * Marks a field as wrong, or right again.
 * @param {HTMLElement} input
 * @param {string} message
 */
function mark(input, message) {
  const note = byId(`${input.id}-error`, HTMLElement);
  note.textContent = message;
  note.hidden = message === '';
  input.toggleAttribute('aria-invalid', message !== '');
  if (message) input.setAttribute('aria-invalid', 'true');
  return message === '';
}

/**
 * @returns {Request | undefined} undefined: something is missing, and the form says what
 */
export function readForm() {
  const { documents, problem } = refresh();
  const asked = mark(query, query.value.trim() === '' ? 'Write a query.' : '');
  const given = mark(texts, problem || (documents.length === 0 ? 'Add at least one document.' : ''));
  const wanted = topN.value.trim() === '' && topN.validity.valid ? undefined : Number(topN.value);
  const whole = wanted === undefined || (Number.isSafeInteger(wanted) && wanted > 0);
  const limited = mark(topN, whole ? '' : 'A whole number, 1 or more.');
  const wrong = [asked ? undefined : query, given ? undefined : texts, limited ? undefined : topN].find((input) => input);
  wrong?.focus();
  if (wrong) return undefined;
  const models = other.value && other.value !== model.value ? [model.value, other.value] : [model.value];
  return { query: query.value.trim(), documents, topN: wanted, models };
}

/** @param {string[]} names */
export function offerModels(names) {
  const [one, two] = [model.value, other.value];
  model.replaceChildren(...names.map((name) => new Option(name, name)));
  other.replaceChildren(new Option('nothing', ''), ...names.map((name) => new Option(name, name)));
  if (names.includes(one)) model.value = one;
  if (names.includes(two)) other.value = two;
  byId('other-box', HTMLElement).hidden = names.length < 2;
  separateModels();
}

/** A model is not compared with itself. */
function separateModels() {
  for (const option of other.options) option.disabled = option.value === model.value && option.value !== '';
  if (other.value === model.value) other.value = '';
}

/**
 * Puts documents into the form; what was there can be brought back.
 * @param {{ text: string, format: string }} next
 */
function replaceDocuments(next) {
  replaced = texts.value.trim() === '' ? undefined : { text: texts.value, format: format.value };
  undo.hidden = !replaced;
  texts.value = next.text;
  format.value = next.format;
  field.replaceChildren();
  mark(texts, '');
  refresh();
}

/** @param {readonly File[]} files */
async function take(files) {
  if (files.length === 0) return;
  try {
    replaceDocuments(textOfFiles(await readFiles(files)));
    mark(texts, '');
  } catch (error) {
    mark(texts, /** @type {Error} */ (error).message);
  }
}

export function loadExample() {
  const before = query.value;
  query.value = example.query;
  mark(query, '');
  replaceDocuments({ text: example.documents, format: 'auto' });
  if (replaced) replaced.query = before;
  byId('rerank', HTMLButtonElement).focus();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;
texts.addEventListener('input', () => {
  undo.hidden = true;
  clearTimeout(later);
  later = setTimeout(refresh, 200);
});
for (const select of [format, field]) select.addEventListener('change', refresh);
for (const input of [query, texts, topN]) input.addEventListener('input', () => mark(input, ''));
model.addEventListener('change', separateModels);
byId('choose', HTMLButtonElement).addEventListener('click', () => chooser.click());
chooser.addEventListener('change', async () => {
  await take([...(chooser.files ?? [])]);
  chooser.value = '';
});
undo.addEventListener('click', () => {
  if (replaced?.query !== undefined) query.value = replaced.query;
  if (replaced) replaceDocuments(replaced);
  undo.hidden = true;
  texts.focus();
});

const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
document.addEventListener('dragover', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.body.classList.remove('dropping');
});
document.addEventListener('drop', (event) => {
  document.body.classList.remove('dropping');
  if (!hasFiles(event)) return;
  event.preventDefault();
  take([...(event.dataTransfer?.files ?? [])]);
});
refresh();
