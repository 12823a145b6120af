// @ts-check
/** Cuts C headers into top-level statements: lists of tokens, no macro expanded. */

/** Macros that stand before or around a declaration and say nothing about its layout. */
export const noise = new Set([
  'LLAMA_API',
  'GGML_API',
  'GGML_BACKEND_API',
  'GGML_NORETURN',
  'GGML_RESTRICT',
  'extern',
  'inline',
  'static',
]);
const wrappers = new Set(['DEPRECATED', 'GGML_DEPRECATED']);
const attributes = new Set(['LLAMA_ATTRIBUTE_FORMAT', 'GGML_ATTRIBUTE_FORMAT', '__attribute__']);

/** @param {string} text */
export const isName = (text) => /^[A-Za-z_]\w*$/.test(text);

/**
 * Token lists of the top-level statements, without the macros above.
 * @param {string} text
 */
export function statementsOf(text) {
  const tokens = text.replace(/extern\s*"C"\s*\{/g, ' ').match(/"(?:\\.|[^"\\])*"|\w+|\.\.\.|<<|>>|[^\s\w]/g) ?? [];
  /** @type {string[][]} */
  const statements = [];
  /** @type {string[]} */
  let current = [];
  let depth = 0;
  for (const token of unwrapped(tokens)) {
    if (token === '{') depth++;
    // The brace that closes extern "C" has no partner.
    if (token === '}' && depth === 0) continue;
    if (token === '}') depth--;
    if (token !== ';' || depth > 0) current.push(token);
    const isBody = token === '}' && depth === 0 && current.slice(0, current.indexOf('{')).includes('(');
    if (token === ';' && depth === 0 && current.length > 0) statements.push(current);
    if (isBody || (token === ';' && depth === 0)) current = [];
  }
  return statements;
}

/**
 * DEPRECATED(declaration, hint) becomes the declaration; attributes go.
 * @param {string[]} tokens
 * @returns {Generator<string>}
 */
function* unwrapped(tokens) {
  for (let i = 0; i < tokens.length; i++) {
    const token = /** @type {string} */ (tokens[i]);
    if (noise.has(token)) continue;
    if (!wrappers.has(token) && !attributes.has(token)) yield token;
    else {
      const end = closing(tokens, i + 1);
      const comma = wrappers.has(token) ? tokens.lastIndexOf(',', end) : i + 2;
      yield* unwrapped(tokens.slice(i + 2, comma));
      i = end;
    }
  }
}

/**
 * @param {string[]} tokens
 * @param {number} open
 */
function closing(tokens, open) {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i] === '(') depth++;
    if (tokens[i] === ')' && --depth === 0) return i;
  }
  return tokens.length;
}

/**
 * @param {string[]} tokens
 * @param {string} separator
 */
export function split(tokens, separator) {
  /** @type {string[][]} */
  const parts = [[]];
  let depth = 0;
  for (const token of tokens) {
    if ('({['.includes(token)) depth++;
    if (')}]'.includes(token)) depth--;
    if (token === separator && depth === 0) parts.push([]);
    else parts[parts.length - 1]?.push(token);
  }
  return parts.filter((part) => part.length > 0).map((part) => part.join(' '));
}
