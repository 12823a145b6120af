/** JSON Schemas of the bodies: they check requests and make the OpenAPI document. */

const modelSchema = { type: ['string', 'null'], description: 'Name of a served model; see /v1/models.' };
const querySchema = { type: 'string', minLength: 1 };
const count = { type: ['integer', 'null'], minimum: 1 };
const flag = { type: ['boolean', 'null'] };
/** RAGFlow's client of Xinference sends the word. */
const looseFlag = { enum: [true, false, 'true', 'false', null] };

/** Text, or an object with a text. */
const documentSchema = {
  type: ['string', 'object'],
  required: ['text'],
  properties: { text: { type: 'string' } },
};

const documentsSchema = (maxItems: number) => ({ type: 'array', minItems: 1, maxItems, items: documentSchema });

export interface JinaBody {
  model?: string | null;
  query: string;
  documents: (string | { text: string })[];
  top_n?: number | null;
  return_documents?: boolean | 'true' | 'false' | null;
  max_doc_length?: number | null;
  return_embeddings?: boolean | null;
  truncation?: boolean | null;
  deadline_ms?: number | null;
  details?: boolean | null;
}

const jina = (maxDocuments: number) => ({
  title: 'RerankRequest',
  type: 'object',
  required: ['query', 'documents'],
  properties: {
    model: modelSchema,
    query: querySchema,
    documents: documentsSchema(maxDocuments),
    top_n: { ...count, description: 'Return the best n documents. Default: all.' },
    return_documents: { ...looseFlag, description: 'Return documents in the shape they came in. Default: true.' },
    max_doc_length: { ...count, description: "Cut documents to so many tokens. Default: the model's own limit." },
    return_embeddings: { ...flag, description: 'Return the embedding of each document (listwise and similarity models).' },
    truncation: { ...flag, description: 'false: refuse the request where a text would be cut. Default: true.' },
    deadline_ms: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      maximum: 2 ** 31 - 1,
      description: 'Not of Jina: milliseconds after which no stage of a cascade but the first goes on.',
    },
    details: { ...flag, description: 'Not of Jina: tell what was cut, logits, stages and times.' },
  },
});

export interface TeiBody {
  model?: string | null;
  query: string;
  texts: string[];
  raw_scores?: boolean | null;
  return_text?: boolean | null;
  truncate?: boolean | null;
}

const tei = (maxDocuments: number) => ({
  title: 'TeiRerankRequest',
  type: 'object',
  required: ['query', 'texts'],
  properties: {
    query: querySchema,
    texts: { type: 'array', minItems: 1, maxItems: maxDocuments, items: { type: 'string' } },
    raw_scores: { ...flag, description: 'Logits instead of scores, where the model has them. Default: false.' },
    return_text: { ...flag, description: 'Default: false.' },
    truncate: { ...flag, description: 'false: refuse the request where a text would be cut. Default: true.' },
  },
});

/** Jina's body, or TEI's if it has `texts`. */
export const rerankBody = (maxDocuments: number) => ({
  type: 'object',
  if: { type: 'object', required: ['texts'] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
  then: tei(maxDocuments),
  else: jina(maxDocuments),
});

export interface CohereBody {
  model?: string | null;
  query: string;
  documents: (string | { text: string })[];
  top_n?: number | null;
  max_tokens_per_doc?: number | null;
}

export const cohereBody = (maxDocuments: number) => ({
  title: 'CohereRerankRequest',
  type: 'object',
  required: ['query', 'documents'],
  properties: {
    model: modelSchema,
    query: querySchema,
    documents: documentsSchema(maxDocuments),
    top_n: count,
    max_tokens_per_doc: { ...count, description: "Cut documents to so many tokens. Default: the model's own limit." },
  },
});

const result = {
  type: 'object',
  required: ['index', 'relevance_score'],
  properties: {
    index: { type: 'integer', description: 'Place of the document in the list that was sent.' },
    relevance_score: { type: 'number' },
    document: documentSchema,
    embedding: { type: 'array', items: { type: 'number' } },
    truncated: { type: 'boolean', description: 'With details.' },
    logit: { type: 'number', description: 'With details.' },
    parts: {
      type: 'object',
      description: 'With details, of blended scores.',
      properties: { cosine: { type: 'number' }, bm25: { type: 'number' } },
    },
    chunk: {
      type: 'object',
      description: 'With details.',
      properties: { index: { type: 'integer' }, count: { type: 'integer' } },
    },
    stage: { type: 'integer', description: 'With details: the stage of a cascade that scored it, from 0.' },
  },
};

const teiRank = {
  type: 'object',
  required: ['index', 'score'],
  properties: { index: { type: 'integer' }, score: { type: 'number' }, text: { type: 'string' } },
};

export const rerankAnswer = {
  description: 'Best first.',
  anyOf: [
    {
      title: 'RerankResponse',
      type: 'object',
      required: ['model', 'object', 'usage', 'results'],
      properties: {
        model: { type: 'string' },
        object: { type: 'string', enum: ['list'] },
        usage: { type: 'object', properties: { total_tokens: { type: 'integer' }, prompt_tokens: { type: 'integer' } } },
        results: { type: 'array', items: result },
        details: { type: 'object', description: 'With details.' },
      },
    },
    { title: 'TeiRerankResponse', type: 'array', items: teiRank },
  ],
};

export const cohereAnswer = {
  description: 'Best first.',
  type: 'object',
  required: ['id', 'results', 'meta'],
  properties: { id: { type: 'string' }, results: { type: 'array', items: result }, meta: { type: 'object' } },
};

export const jinaError = {
  description: 'Anything else.',
  type: 'object',
  required: ['detail'],
  properties: {
    detail: { type: 'string' },
    code: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' }, type: { type: 'string' } } },
    },
  },
};

export const cohereError = { description: 'Anything else.', type: 'object', properties: { message: { type: 'string' } } };
