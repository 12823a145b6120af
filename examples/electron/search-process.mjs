// Runs in Electron's utility process, so that neither reading notes nor the model can hold up a window, and a crash of native code ends this
// process and not the app. Answers { id, method, params } with { id, result } or { id, error }.
import { Notes } from './notes.mjs';

const port = process.parentPort;
const notes = new Notes();
let latest = new AbortController();

const methods = {
  /** @param {string} folder */
  open: (folder) => notes.open(folder),
  /** @param {string} query A search ends the one before: its results are of no use any more. */
  search: (query) => {
    latest.abort(new DOMException('another search has begun', 'AbortError'));
    latest = new AbortController();
    return notes.search(query, latest.signal);
  },
};

port.on('message', async ({ data: { id, method, params } }) => {
  try {
    port.postMessage({ id, result: await methods[method](...params) });
  } catch (error) {
    // Errors lose their code on the way; plain objects do not.
    port.postMessage({ id, error: { name: error.name, code: error.code, message: error.message } });
  }
});
