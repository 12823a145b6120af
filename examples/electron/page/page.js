// The page: a box to type in, results below. Arrow keys move through them, Escape goes back to the box.
const [query, status, results, choose, folder] = ['query', 'status', 'results', 'choose', 'folder'].map((id) =>
  document.getElementById(id),
);
const PAUSE = 180;
let timer;
let latest = 0;

query.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE);
});
choose.addEventListener('click', async () => opened(await window.notes.choose()));
document.addEventListener('keydown', (event) => {
  const stops = [query, ...results.querySelectorAll('button')];
  const place = stops.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape' && place > 0) query.focus();
  else if (step !== undefined && place >= 0) stops[Math.min(Math.max(place + step, 0), stops.length - 1)].focus();
  else return;
  event.preventDefault();
});
query.focus();
window.notes.opened().then(opened);

function opened({ value, error }) {
  if (error) status.textContent = error.message;
  else if (value) {
    folder.textContent = value.folder;
    query.placeholder = `Ask ${count(value.files, 'note')}`;
    search();
  } else if (folder.textContent === '') status.textContent = 'Choose a folder of notes (.md, .txt) to search.';
}

async function search() {
  const number = ++latest;
  const text = query.value.trim();
  if (text === '') {
    show([], '');
    return;
  }
  results.setAttribute('aria-busy', 'true');
  const { value, error } = await window.notes.search(text);
  if (number !== latest) return;
  results.setAttribute('aria-busy', 'false');
  if (error) show([], error.message);
  else if (value.results.length === 0) show([], 'Nothing found: no note has these words.');
  else show(value.results, `${count(value.results.length, 'passage')} of ${value.candidates}, ${value.milliseconds} ms`);
}

function show(found, message) {
  status.textContent = message;
  results.replaceChildren(...found.map(item));
}

function item({ file, title, passage, relevanceScore }) {
  const button = document.createElement('button');
  button.type = 'button';
  button.addEventListener('click', () => window.notes.show(file));
  const head = part('span', 'title', title);
  head.append(part('span', 'score', relevanceScore.toFixed(2)));
  button.append(head, part('span', 'passage', passage.replace(/^#+\s+/gm, '')), part('span', 'file', file));
  const row = document.createElement('li');
  row.append(button);
  return row;
}

/** Text only: notes are not markup here. */
function part(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
