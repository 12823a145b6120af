const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/**
 * The words of a text, folded (NFKC, lower case), in order, repeated ones included. Unicode's rules find them (UAX #29 with the
 * dictionaries of ICU), so that Chinese, Japanese and Thai have words, too.
 */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text.normalize('NFKC').toLowerCase())) {
    if (isWordLike) found.push(segment);
  }
  return found;
}
