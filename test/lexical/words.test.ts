import { expect, test } from 'vitest';
import { words } from '../../src/lexical/words.js';

test.each([
  ['endings go, case and signs as well', "The Runner's running-shoes, RUNNING.", 'the runner s runnin shoes runnin'],
  ['words with digits stay whole', 'error 0x80070005 in v1234567', 'error 0x80070005 in v1234567'],
  ['names of code come apart', 'os.path.join_all(x)', 'os path join all x'],
  ['accents', 'Café CAFE\u0301 naïve Ärger', 'cafe cafe naive arger'],
  ['other alphabets', 'Столица России ёлка', 'столиц россии елка'],
  ['Arabic, without its short vowels', 'مُحَمَّد كتاب', 'محمد كتاب'],
  ['vowel signs of Hindi stay', 'राजधानी दिल्ली', 'राजधान दिल्ली'],
  ['full-width letters', 'ＡＢＣ ｱｲ', 'abc アイ'],
  ['Korean is left in syllables', '대한민국의 수도', '대한민국의 수도'],
  ['pairs of Chinese', '我爱北京', '我爱 爱北 北京'],
  ['a single one, and Latin letters beside it', '用iPhone15拍', '用 iphone15 拍'],
  ['pairs of Japanese, the long sign within', 'コーヒー豆', 'コー ーヒ ヒー ー豆'],
  ['words of Thai', 'ฉันรักแมว', 'ฉัน รัก แมว'],
  ['characters beyond 16 bits are not cut in half', '𝒳𐐀𐐁𐐂𐐃𐐄𐐅𐐆', 'x𐐨𐐩𐐪𐐫𐐬'],
  ['nothing', '... !?', ''],
])('%s', (_, text, expected) => expect(words(text).join(' ')).toBe(expected));
