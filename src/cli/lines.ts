import { InputError } from './exit.js';

/**
 * Decodes a stream of UTF-8 chunk by chunk, without its byte order mark.
 *
 * @throws InputError if the bytes are not UTF-8 text, as those of a PDF, a Word file or a picture are not.
 */
export async function* decode(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decodeChunk = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new InputError(`${name} is not UTF-8 text: extract its text, or convert it, first`, { cause });
    }
  };
  for await (const chunk of chunks) {
    const text = decodeChunk(chunk);
    if (text.includes('\0')) throw new InputError(`${name} holds zero bytes, so it is not UTF-8 text`);
    yield text;
  }
  yield decodeChunk();
}

/**
 * Splits text at `\n` or `\r\n`. An empty last line is left out, so a final line break adds no line; other empty lines are
 * lines. (node:readline would split at U+2028 and a lone `\r` too, which JSON may hold and text may mean.)
 */
export async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  // Pieces of the current line: adding each chunk to one string would copy a long line once a chunk.
  let pieces: string[] = [];
  let emptyBefore = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      pieces.push(chunk.slice(start, end));
      const line = withoutReturn(pieces.join(''));
      if (emptyBefore) yield '';
      emptyBefore = line === '';
      if (!emptyBefore) yield line;
      pieces = [];
      start = end + 1;
    }
    pieces.push(chunk.slice(start));
  }
  const last = withoutReturn(pieces.join(''));
  if (last === '') return;
  if (emptyBefore) yield '';
  yield last;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
