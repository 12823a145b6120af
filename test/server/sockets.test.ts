import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODY, fakeServer } from '../helpers/fake-server.js';

const { app, calls } = fakeServer({ headersTimeout: 500, bodyTimeout: 1000, keepAliveTimeout: 500, bodyLimit: 50_000 });
let port: number;
beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as { port: number }).port;
});
afterAll(() => app.close());

const payload = JSON.stringify(BODY);
const HEAD = 'POST /v1/rerank HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const WHOLE = `${HEAD}Content-Length: ${payload.length}\r\n\r\n${payload}`;

interface Talk {
  socket: Socket;
  text(): string;
  /** Milliseconds until the server closed the connection. */
  closed: Promise<number>;
}

function talk(first: string): Talk {
  const begin = performance.now();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(first);
  const closed = once(socket, 'close').then(() => performance.now() - begin);
  return { socket, text: () => text, closed };
}

async function answerTo(first: string): Promise<string> {
  const { text, closed } = talk(first);
  await closed;
  return text();
}

describe('H03: a body over the limit is not read', () => {
  test('by its length', async () => {
    expect(await answerTo(`${HEAD}Content-Length: 1000000000\r\n\r\n{"query"`)).toMatch(/^HTTP\/1\.1 413 .*INPUT_TOO_LARGE/s);
  });

  test('in chunks, without a length', async () => {
    const { socket, text, closed } = talk(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `1000\r\n${' '.repeat(4096)}\r\n`;
    let sent = 0;
    const timer = setInterval(() => {
      if (socket.writable) sent += socket.write(chunk) ? 4096 : 0;
    }, 1);
    await closed;
    clearInterval(timer);
    expect(text()).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(1_000_000);
  });
});

describe('H11: slow clients', () => {
  test.each([
    ['headers', 'POST /v1/rerank HTTP/1.1\r\nHost: local'],
    ['body', `${HEAD}Content-Length: ${payload.length}\r\n\r\n${payload.slice(0, 10)}`],
    ['body in chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"que\r\n`],
  ])('%s', async (_, first) => {
    const before = calls.length;
    const { socket, text, closed } = talk(first);
    // Something comes again and again: it is the whole that counts.
    const timer = setInterval(() => socket.writable && socket.write(first.includes('chunked') ? '1\r\n \r\n' : 'h'), 100);
    if (first.includes('Content-Length')) clearInterval(timer);
    const took = await closed;
    clearInterval(timer);
    expect(text()).toMatch(/^HTTP\/1\.1 408 .*REQUEST_TIMEOUT/s);
    expect(took).toBeLessThan(10_000);
    expect(calls.length).toBe(before);
  });

  test('an idle connection', async () => {
    const { text, closed } = talk(WHOLE);
    expect(await closed).toBeLessThan(10_000);
    expect(text()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('many of them do not keep others from being served', async () => {
    const slow = Array.from({ length: 200 }, () => talk(`${HEAD}Content-Length: 1000\r\n\r\n{`));
    expect(await answerTo(WHOLE.replace('Content-Type', 'Connection: close\r\nContent-Type'))).toMatch(/^HTTP\/1\.1 200 /);
    await Promise.all(slow.map(({ closed }) => closed));
  });
});

describe('H17: what the parser has to refuse', () => {
  const both = `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  test.each([
    ['two lengths', `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
    ['length and chunks', `${HEAD}${both}`],
    ['an unknown transfer coding', `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', 'GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n'],
    ['a folded header', 'GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n c: d\r\n\r\n\0'],
    ['a negative length', `${HEAD}Content-Length: -1\r\n\r\n`],
    ['a bad chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['no HTTP', 'hello\r\n\r\n'],
  ])('%s', async (_, first) => {
    const before = calls.length;
    expect(await answerTo(first)).toMatch(/^HTTP\/1\.1 400 /);
    expect(calls.length).toBe(before);
  });

  test('headers without end', async () => {
    expect(await answerTo(`GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('requests one after the other on one connection are answered in order', async () => {
    const text = await answerTo(`${WHOLE}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${WHOLE}`);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(text.indexOf('"results"')).toBeLessThan(text.indexOf('"status":"ok"'));
  });
});
