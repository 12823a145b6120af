import { array, boolean, int, number, oneOf, optional, strictObject, string } from './sdk.js';

export const MOST_DOCUMENTS = 1000;
export const DEFAULT_TOP_N = 10;

const ranking = {
  query: string().describe('What is looked for: a question or some words'),
  topN: optional(int().min(1)).describe(`How many of the best to answer; default ${DEFAULT_TOP_N}`),
  minScore: optional(number()).describe('Leave out what scores less'),
  instruction: optional(string()).describe('What to prefer, for models whose prompt has a place for it'),
  maxDocumentTokens: optional(int().min(1)).describe('Read only so many tokens of each document'),
};
const documents = array(string()).max(MOST_DOCUMENTS).describe('Texts to rank');

/** Arguments of the tool where no folder was named: texts alone. */
export const textsInput = strictObject({ ...ranking, documents });

/** Where folders were named: texts, files, or both. */
export const filesInput = (roots: string[]) =>
  strictObject({
    ...ranking,
    documents: optional(documents),
    files: optional(array(string()).max(MOST_DOCUMENTS)).describe(
      `Text files to rank, each as one document. They must lie below ${roots.join(' or ')}, from where relative paths start`,
    ),
  });

export const output = strictObject({
  results: array(
    strictObject({
      index: optional(int()).describe('Place in `documents`, from 0'),
      file: optional(string()).describe('The path as it was given in `files`'),
      relevanceScore: number(),
      truncated: boolean().describe('Whether the model saw only the beginning'),
      excerpt: string().describe('How the document begins'),
    }),
  ).describe('Best first'),
  model: string(),
  scoreKind: oneOf(['cosine', 'probability', 'blend']).describe(
    'cosine: from -1 to 1, no probability; probability: from 0 to 1; blend: about a cosine, compares within this list only',
  ),
  totalTokens: int(),
  queryTruncated: boolean(),
});

/** What both forms of the tool take. */
export interface RerankArguments {
  query: string;
  documents?: string[] | undefined;
  files?: string[] | undefined;
  topN?: number | undefined;
  minScore?: number | undefined;
  instruction?: string | undefined;
  maxDocumentTokens?: number | undefined;
}
