import {
  type ErrorCode,
  type Progress,
  type RerankError,
  Reranker,
  type RerankOptions,
  type RerankResponse,
  type RerankResult,
  type ScoreKind,
  type StageReport,
} from '../src/index.js';

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

interface Page {
  id: number;
  title: string;
  body: { html: string };
}

export async function documentsKeepTheirType(reranker: Reranker, pages: Page[], frozen: readonly Page[]): Promise<void> {
  const response = await reranker.rerank('query', pages, { text: 'title' });
  same<typeof response, RerankResponse<Page>>(true);
  same<(typeof response.results)[number]['document'], Page>(true);
  same<(typeof response.results)[number]['embedding'], number[] | undefined>(true);
  same<(typeof response.usage)['overflow'], 'none' | 'split' | 'truncate' | 'chunk'>(true);

  const { results } = await reranker.rerank('query', frozen, { text: (page) => page.body.html });
  same<typeof results, RerankResult<Page>[]>(true);

  const strings = await reranker.rerank('query', ['a', 'b']);
  same<(typeof strings.results)[number]['document'], string>(true);
  const constants = await reranker.rerank('query', ['a', 'b'] as const);
  same<(typeof constants.results)[number]['document'], 'a' | 'b'>(true);
}

export async function embeddingsAreTyped(reranker: Reranker, pages: Page[]): Promise<void> {
  same<typeof reranker.scoreKind, ScoreKind>(true);
  same<ScoreKind, 'cosine' | 'probability' | 'blend'>(true);
  const documentEmbeddings = await reranker.embedDocuments(pages, { text: (page) => page.body.html, timeout: 1000 });
  same<typeof documentEmbeddings, Float32Array[]>(true);
  await reranker.rerank('query', pages, { text: 'title', documentEmbeddings });
  same<typeof reranker.model.prefixes, { query: string; document: string; instruction?: string } | undefined>(true);
  // @ts-expect-error: Page has no such property
  await reranker.embedDocuments(pages, { text: 'text' });
  // @ts-expect-error: nothing is ranked
  await reranker.embedDocuments(pages, { text: 'title', topN: 3 });
  // @ts-expect-error: vectors are Float32Arrays
  await reranker.rerank('query', ['a'], { documentEmbeddings: [[1, 2]] });
  // @ts-expect-error: what the score is cannot be chosen
  reranker.scoreKind = 'cosine';
}

export async function cascadesAreRerankers(reranker: Reranker, pages: Page[]): Promise<void> {
  const cascade = Reranker.cascade([reranker, reranker], { keep: [20] });
  same<typeof cascade, Reranker>(true);
  const { results, stages } = await cascade.rerank('query', pages, { text: 'title', deadline: 200 });
  same<(typeof results)[number]['document'], Page>(true);
  same<(typeof results)[number]['stage'], number | undefined>(true);
  same<typeof stages, StageReport[] | undefined>(true);
  // @ts-expect-error: rerankers are loaded before
  Reranker.cascade(['starter', 'jina-reranker-v3']);
}

export async function misuse(reranker: Reranker, pages: Page[]): Promise<void> {
  // @ts-expect-error: Page has no such property
  await reranker.rerank('query', pages, { text: 'text' });
  // @ts-expect-error: strings have no properties to choose from
  await reranker.rerank('query', ['a'], { text: 'length' });
  // @ts-expect-error: the function must give a string
  await reranker.rerank('query', pages, { text: (page) => page.id });
  // @ts-expect-error: the function gets a Page
  await reranker.rerank('query', pages, { text: (page: { author: string }) => page.author });
  // @ts-expect-error: a slip in an option's name
  await reranker.rerank('query', pages, { text: 'title', topn: 3 });
  // @ts-expect-error: a number
  await reranker.rerank('query', pages, { text: 'title', topN: '3' });
  // @ts-expect-error: no such policy
  await reranker.rerank('query', pages, { text: 'title', overflow: 'drop' });
  // @ts-expect-error: a query is one string
  await reranker.rerank(['query'], pages, { text: 'title' });
  // @ts-expect-error: documents are a list
  await reranker.rerank('query', 'document');
  // @ts-expect-error: no such device
  await Reranker.load('model.gguf', { gpu: 'rocm' });
  // @ts-expect-error: the constructor is private, load makes rerankers
  new Reranker();
  // @ts-expect-error: a fact about the model is not changed
  reranker.model.contextSize = 5;
}

export function optionsAreTyped(error: RerankError, progress: Progress): void {
  same<RerankOptions<Page>['text'], 'id' | 'title' | 'body' | ((document: Page) => string) | undefined>(true);
  same<typeof error.code, ErrorCode>(true);
  same<Parameters<NonNullable<RerankOptions['onProgress']>>, [progress: typeof progress]>(true);
}
