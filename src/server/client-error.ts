import type { Socket } from 'node:net';

const ANSWERS: Record<string, [status: string, code: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'REQUEST_TIMEOUT', 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'INPUT_HEADERS_TOO_LARGE', 'the headers are too large'],
};
const MALFORMED = ['400 Bad Request', 'INPUT_NOT_HTTP', 'the request is not well formed'] as const;

/** Answers what never became a request: slow ones, and those that Node's parser refuses. */
export function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = ANSWERS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ detail, code });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
