// @ts-check
/**
 * An answer that is not a result, or none at all (status 0).
 */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {{ status: number, code: string, requestId?: string, fields?: { field: string, message: string }[], retryAfter?: number }} rest
   */
  constructor(message, { status, code, requestId, fields = [], retryAfter }) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.fields = fields;
    this.retryAfter = retryAfter;
  }
}

/**
 * Reads the answer of a server, or of a proxy before it that knows no JSON.
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfter
 */
export function failureOf(status, body, retryAfter) {
  /** @type {Record<string, any>} */
  let answer = {};
  try {
    const value = JSON.parse(body);
    if (typeof value === 'object' && value !== null) answer = value;
  } catch {}
  const fields = Array.isArray(answer.errors) ? answer.errors.filter((each) => each?.field && each?.message) : [];
  const seconds = Number.parseInt(retryAfter ?? '', 10);
  return new Failure(typeof answer.detail === 'string' ? answer.detail : `The server answered with status ${status}.`, {
    status,
    code: typeof answer.code === 'string' ? answer.code : `HTTP_${status}`,
    ...(typeof answer.request_id === 'string' ? { requestId: answer.request_id } : {}),
    fields,
    ...(Number.isFinite(seconds) ? { retryAfter: seconds } : {}),
  });
}

/** @type {Record<string, string>} */
const BY_CODE = {
  INPUT_INVALID: 'Correct what the message names, then try again.',
  INPUT_TOKEN_LIMIT_EXCEEDED: 'Shorten the query or the longest document, or split it into several documents.',
  INPUT_TOO_LARGE: 'Send fewer or shorter documents, in several requests.',
  TEXT_TOO_LARGE: 'Shorten the longest text: models read a few thousand tokens at most.',
  SERVICE_UNAVAILABLE: 'The server is loading a model or shutting down.',
  SERVICE_TIMEOUT: 'Try fewer or shorter documents, or a smaller model. “--timeout” of the server allows more time.',
  INSUFFICIENT_MEMORY: 'Try fewer documents or a smaller model.',
  GPU_FAILED: 'The model is being loaded again.',
  OFFLINE: 'Fetch the model once with “llama-rerank pull”, or choose another.',
};

/** @type {Record<number, string>} */
const BY_STATUS = {
  0: 'Check that the server still runs, then try again. Your texts are still here.',
  400: 'Correct what the message names, then try again.',
  401: 'Enter the key of this server, then try again.',
  403: 'Open this page with the address that the server printed when it started.',
  404: 'Choose another model. Reload the page if the list of models is old.',
  408: 'Try fewer or shorter documents.',
  413: 'Send fewer or shorter documents.',
  422: 'Correct what the message names, then try again.',
  429: 'The server is busy.',
  503: 'The server is loading a model or shutting down.',
  504: 'Try fewer or shorter documents, or a smaller model.',
};

/**
 * Whether the same request may succeed a little later. A 503 without a code is of a proxy.
 * @param {Failure} failure
 */
export function passes({ status, code }) {
  return status === 429 || ['SERVICE_UNAVAILABLE', 'GPU_FAILED', 'HTTP_503'].includes(code);
}

/**
 * What a person can do about it.
 * @param {Failure} failure
 */
export function adviceFor(failure) {
  const { status, code, retryAfter, requestId } = failure;
  const advice = BY_CODE[code] ?? BY_STATUS[status];
  if (passes(failure)) {
    return `${advice} Try again ${retryAfter ? `in ${retryAfter} ${retryAfter === 1 ? 'second' : 'seconds'}` : 'in a moment'}.`;
  }
  if (status === 503 && !BY_CODE[code]) return "Choose another model, or look into the server's log.";
  if (advice) return advice;
  return requestId
    ? "Try again. If it stays so, look for the request id in the server's log."
    : "Try again, or look into the server's log.";
}

/**
 * A heading of few words.
 * @param {Failure} failure
 */
export function titleFor(failure) {
  const { status } = failure;
  if (status === 0) return 'No answer from the server';
  if (status < 400) return 'The answer could not be shown';
  if (status === 401) return 'This server needs a key';
  if (status === 429) return 'The server is busy';
  if (status === 503) return passes(failure) ? 'The server is not ready' : 'The model cannot be used';
  return status < 500 ? 'The request was refused' : 'The server failed';
}
