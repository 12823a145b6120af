import { type ErrorCode, RerankError } from '../index.js';

/** A field of the body that is wrong, as Jina's API lists them. */
export interface FieldError {
  field: string;
  message: string;
  type: string;
}

/** An answer other than 200. The message goes to the client, so it holds no path and no text of theirs. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
  }
}

/** 422 that names a field of the body. */
export function invalidField(field: string, message: string, type = 'value_error'): HttpError {
  return new HttpError(422, 'INPUT_INVALID', message, { errors: [{ field, message, type }] });
}

interface Answer {
  status: number;
  /** Jina's code. Default: the error's own. */
  code?: string;
  /** Default: the error's own message. */
  detail?: string;
}

const NOT_LOADED: Answer = {
  status: 503,
  detail: "the model could not be loaded; the server's log says why",
};
const FAILED = { status: 500, code: 'INTERNAL_ERROR', detail: "the server failed; its log has this request's id" };
const TOO_LONG = 'the query or a document is longer than the model reads: send less, or let it be cut';

/** What the library's errors become. Not named: the model could not be loaded. */
const LIBRARY: Partial<Record<ErrorCode, Answer>> = {
  INVALID_ARGUMENT: { status: 422, code: 'INPUT_INVALID' },
  INVALID_QUERY: { status: 422, code: 'INPUT_INVALID' },
  TEXT_TOO_LARGE: { status: 422 },
  CONTEXT_OVERFLOW: { status: 422, code: 'INPUT_TOKEN_LIMIT_EXCEEDED', detail: TOO_LONG },
  TIMEOUT: { status: 504, code: 'SERVICE_TIMEOUT' },
  DISPOSED: { status: 503, code: 'SERVICE_UNAVAILABLE', detail: 'the model was unloaded; try again' },
  INSUFFICIENT_MEMORY: { status: 503, detail: 'there is not enough memory; send less' },
  GPU_FAILED: { status: 503, detail: 'the GPU failed; the model is being loaded again' },
  MODEL_CHANGED: { status: 503, detail: "the model's file was changed while it was in use" },
  NATIVE_ERROR: FAILED,
  NON_FINITE: FAILED,
  INTERNAL: FAILED,
};

/** What Fastify's errors become. */
const FRAMEWORK: Record<string, Required<Answer>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'INPUT_TOO_LARGE', detail: 'the body is too large' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 400,
    code: 'INPUT_NOT_JSON',
    detail: 'expected a JSON body with Content-Type: application/json',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, code: 'INPUT_NOT_JSON', detail: 'the body is empty' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    code: 'INPUT_NOT_JSON',
    detail: 'the body is shorter or longer than its Content-Length',
  },
  FST_ERR_BAD_URL: { status: 400, code: 'INPUT_BAD_URL', detail: 'the URL is not well formed' },
};

interface SchemaError {
  instancePath?: string;
  keyword?: string;
  message?: string;
  params?: Record<string, unknown>;
}

/** The answer for whatever was thrown. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RerankError) {
    const { status, code, detail } = LIBRARY[error.code] ?? NOT_LOADED;
    return new HttpError(status, code ?? error.code, detail ?? inJson(error.message));
  }
  const { code, validation, status } = (error ?? {}) as { code?: string; validation?: SchemaError[]; status?: number };
  if (validation) return fromSchema(validation);
  const answer = FRAMEWORK[code ?? ''];
  if (answer) return new HttpError(answer.status, answer.code, answer.detail);
  return status === 400
    ? new HttpError(400, 'INPUT_INVALID', 'bad request')
    : new HttpError(FAILED.status, FAILED.code, FAILED.detail);
}

/** Names of options as they are in the body. */
function inJson(message: string): string {
  return message.replace('options.returnEmbeddings', 'return_embeddings').replace('options.maxDocumentTokens', 'max_doc_length');
}

function fromSchema(validation: SchemaError[]): HttpError {
  const errors = validation.filter(({ keyword }) => keyword !== 'if').map(fieldError);
  return new HttpError(422, 'INPUT_INVALID', errors.map(({ message }) => message).join('; '), { errors });
}

function fieldError({ instancePath = '', keyword = 'value', message = 'is wrong', params }: SchemaError): FieldError {
  const path = instancePath
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^\./, '');
  if (keyword === 'required') {
    const field = [path, String(params?.missingProperty)].filter(Boolean).join('.');
    return { field, message: `${field}: is required`, type: 'missing' };
  }
  const field = path || 'body';
  return { field, message: `${field}: ${message.replaceAll(',', ' or ')}`, type: keyword };
}

/** What the log says about an error: no message of errors that may hold a text of a client. */
export function describe(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error };
  const { name, stack = '' } = error;
  const code = 'code' in error ? error.code : undefined;
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return { error: name, code, ...(name === 'RerankError' ? { message: error.message } : {}), stack: frames };
}
