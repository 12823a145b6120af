// @ts-check
/**
 * Reads CSV (RFC 4180): cells in quotes may hold delimiters, line breaks and doubled quotes. The delimiter is a comma, semicolon or tab,
 * whichever the first line has most of. Empty lines are left out.
 * @param {string} text
 * @returns {string[][]}
 */
export function parseCsv(text) {
  const delimiter = delimiterOf(text);
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  let at = 0;
  const endRow = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  const stop = new RegExp(`[${delimiter}\r\n]`, 'g');
  while (at <= text.length) {
    let cell = '';
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end < 0) throw new Error(`row ${rows.length + 1}: a quote is not closed`);
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    stop.lastIndex = at;
    const end = stop.exec(text)?.index ?? text.length;
    row.push(cell + text.slice(at, end));
    if (text[end] === delimiter) {
      at = end + 1;
      continue;
    }
    endRow();
    at = text.startsWith('\r\n', end) ? end + 2 : end + 1;
  }
  return rows;
}

/**
 * @param {string} text
 * @param {number} from
 */
function closingQuote(text, from) {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

/** @param {string} text */
function delimiterOf(text) {
  const header = /^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text.slice(0, 10_000))?.[0].replace(/"(?:[^"]|"")*"/g, '') ?? '';
  const count = (/** @type {string} */ mark) => header.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}
