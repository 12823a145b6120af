// @ts-check
/** Values of constant expressions, as far as llama.cpp's enums use them. */
import { isName } from './statements.mjs';

/** Precedence of the operators that occur in the values of enums. @type {Record<string, [number, (a: number, b: number) => number]>} */
const operators = {
  '|': [1, (a, b) => a | b],
  '&': [2, (a, b) => a & b],
  '<<': [3, (a, b) => a << b],
  '+': [4, (a, b) => a + b],
  '-': [4, (a, b) => a - b],
  '*': [5, (a, b) => a * b],
};

/**
 * @param {string[]} tokens
 * @param {(name: string) => number} lookup
 */
export function evaluate(tokens, lookup) {
  let at = 0;
  /** @returns {number} */
  const operand = () => {
    const token = tokens[at++] ?? '';
    if (token === '-') return -operand();
    if (token === '~') return ~operand();
    if (token === '(') {
      const value = expression(0);
      at++;
      return value;
    }
    return isName(token) ? lookup(token) : Number(token.replace(/[uUlL]+$/, ''));
  };
  /** @param {number} above @returns {number} */
  const expression = (above) => {
    let value = operand();
    for (let next = operators[tokens[at] ?? '']; next && next[0] > above; next = operators[tokens[at] ?? '']) {
      at++;
      value = next[1](value, expression(next[0]));
    }
    return value;
  };
  const value = expression(0);
  if (at < tokens.length || Number.isNaN(value)) throw new Error(`the enum value ${tokens.join(' ')} cannot be read`);
  return value;
}
