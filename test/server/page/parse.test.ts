import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../../src/server/page/csv.js';
import { textOfFiles } from '../../../src/server/page/files.js';
import { guessFormat, parseDocuments } from '../../../src/server/page/parse.js';

const textsOf = (...given: Parameters<typeof parseDocuments>) => parseDocuments(...given).documents.map(({ text }) => text);

describe('CSV', () => {
  test.each<[string, string, string[][]]>([
    [
      'plain',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'line ends of Windows, none at the end',
      'a,b\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes with delimiters, line breaks and doubled quotes',
      'a,b\n"x, ""y""\r\nz",2',
      [
        ['a', 'b'],
        ['x, "y"\r\nz', '2'],
      ],
    ],
    [
      'empty cells and empty lines',
      'a,b\n,\n\n"",1\n',
      [
        ['a', 'b'],
        ['', ''],
        ['', '1'],
      ],
    ],
    ['a quote within a cell', 'a\n5" pipe', [['a'], ['5" pipe']]],
    [
      'semicolons',
      'a;"b,c;d,e,f"\n1,5;2',
      [
        ['a', 'b,c;d,e,f'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, rows) => expect(parseCsv(text)).toEqual(rows));

  test('a quote that is not closed names its row', () => {
    expect(() => parseCsv('a,b\n1,"2\n3,4')).toThrow('row 2: a quote is not closed');
  });

  test('100,000 rows are quick', () => {
    const start = performance.now();
    expect(parseCsv(`id,text\n${'1,"some ""text"" here"\n'.repeat(100_000)}`)).toHaveLength(100_001);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('documents', () => {
  test.each([
    ['one line\nanother', 'lines'],
    ['one\ntwo\n\nthree', 'blocks'],
    ['one\r\n \r\nthree', 'blocks'],
    ['\n\none\n\n', 'lines'],
    ['{"text":"a"}\n{"text":"b"}', 'json'],
    ['["a", "b"]', 'json'],
    ['[\n{"text":"a"}\n]', 'json'],
    ['[1] a footnote\n[2] another', 'lines'],
    ['{not json}', 'lines'],
    ['', 'lines'],
  ])('the format of %j is %s', (text, format) => expect(guessFormat(text)).toBe(format));

  test('lines: empty ones are left out, spaces at the ends too', () => {
    expect(textsOf('\uFEFF a \r\n\r\nb\n', 'lines')).toEqual(['a', 'b']);
  });

  test('blocks keep their line breaks', () => {
    expect(textsOf('a\nb\n\n \n\nc', 'blocks')).toEqual(['a\nb', 'c']);
  });

  test('JSON Lines: the likely field, names, and what has no text', () => {
    const text = '{"id":7,"title":"T","body":"one\\ntwo"}\n\n{"id":8,"body":"three"}\n{"id":9,"body":null}';
    expect(parseDocuments(text, 'auto')).toEqual({
      format: 'json',
      documents: [
        { text: 'one\ntwo', name: '7' },
        { text: 'three', name: '8' },
      ],
      fields: ['title', 'body'],
      field: 'body',
      leftOut: 1,
    });
    expect(textsOf(text, 'json', 'title')).toEqual(['T']);
    expect(textsOf(text, 'json', 'gone')).toEqual(['one\ntwo', 'three']);
  });

  test('a JSON array of strings', () => expect(textsOf('["a", "b"]', 'auto')).toEqual(['a', 'b']));

  test('JSON that is wrong names the line', () => {
    expect(parseDocuments('{"text":"a"}\n{"text":', 'json').problem).toBe('line 2 is not JSON');
    expect(parseDocuments('{"n":1}', 'json').problem).toBe('no field holds text');
  });

  test('CSV: the column with the longest texts, unless one is called text', () => {
    expect(parseDocuments('sku,notes\n1,a long note', 'csv')).toMatchObject({ field: 'notes', fields: ['sku', 'notes'] });
    expect(textsOf('Text,notes\n1,a long note', 'csv')).toEqual(['1']);
    expect(textsOf('sku,notes\n1,a long note', 'csv', 'sku')).toEqual(['1']);
    expect(parseDocuments('sku,notes\n', 'csv').problem).toBe('there is a header, but no row below it');
    expect(textsOf('a,\nx,long text', 'csv', 'column 2')).toEqual(['long text']);
  });

  test('nothing is no problem', () => {
    for (const format of ['auto', 'lines', 'blocks', 'json', 'csv'] as const) {
      expect(parseDocuments('', format)).toMatchObject({ documents: [], leftOut: 0 });
      expect(parseDocuments('', format).problem).toBeUndefined();
    }
  });
});

describe('files', () => {
  test('one file is shown as it is', () => {
    expect(textOfFiles([{ name: 'A.CSV', text: 'a,b\n1,2' }])).toEqual({ text: 'a,b\n1,2', format: 'csv' });
    expect(textOfFiles([{ name: 'a.md', text: '# a\n\nb' }])).toEqual({ text: '# a\n\nb', format: 'auto' });
  });

  test('several become JSON Lines with their names', () => {
    const { text, format } = textOfFiles([
      { name: 'a.txt', text: 'one\n\n"two"\n' },
      { name: 'b.csv', text: 'text\nthree\nfour' },
    ]);
    expect(parseDocuments(text, format).documents).toEqual([
      { name: 'a.txt', text: 'one\n\n"two"' },
      { name: 'b.csv 1', text: 'three' },
      { name: 'b.csv 2', text: 'four' },
    ]);
  });

  test('a file that is wrong is named', () => {
    const files = [
      { name: 'a.txt', text: 'a' },
      { name: 'b.jsonl', text: '{' },
    ];
    expect(() => textOfFiles(files)).toThrow('b.jsonl: line 1 is not JSON');
  });
});
