type State = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'separator' | 'end';

const EXPECTED: Record<State, string> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  key: 'a name in double quotes',
  'key or }': 'a name in double quotes or }',
  colon: ':',
  separator: ', or the closing bracket',
  end: 'the end of the line',
};

const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings must not hold exactly these.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/**
 * Finds where a text stops being JSON and what was expected there. (JSON.parse's messages often have no position, and differ
 * between releases of Node.) The offset counts UTF-16 units; undefined if the text is JSON.
 */
export function findJsonError(text: string): { offset: number; expected: string } | undefined {
  const open: string[] = [];
  let state: State = 'value';
  let offset = 0;
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    if (!pattern.test(text)) return false;
    offset = pattern.lastIndex;
    return true;
  };
  const afterValue = (): State => (open.length === 0 ? 'end' : 'separator');

  for (;;) {
    match(SPACE);
    const character = text[offset];
    if (state === 'end' && character === undefined) return undefined;
    const next: State | undefined = step(character);
    if (next === undefined) return { offset, expected: EXPECTED[state] };
    state = next;
  }

  function step(character: string | undefined): State | undefined {
    if (character === undefined || state === 'end') return undefined;
    if (state === 'colon') return character === ':' ? skip('value') : undefined;
    if (state === 'separator' && character === ',') return skip(open.at(-1) === '{' ? 'key' : 'value');
    if (character === '}' || character === ']') return closes(character) ? close() : undefined;
    if (state === 'separator') return undefined;
    if (state === 'key' || state === 'key or }') return match(STRING) ? 'colon' : undefined;
    if (character === '{' || character === '[') {
      open.push(character);
      return skip(character === '{' ? 'key or }' : 'value or ]');
    }
    return match(STRING) || match(LITERAL) ? afterValue() : undefined;
  }

  function closes(character: string): boolean {
    if (state === (character === '}' ? 'key or }' : 'value or ]')) return true;
    return state === 'separator' && open.at(-1) === (character === '}' ? '{' : '[');
  }

  function close(): State {
    open.pop();
    offset++;
    return afterValue();
  }

  function skip(next: State): State {
    offset++;
    return next;
  }
}
