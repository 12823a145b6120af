import { afterEach, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/index.js';
import { seriousViolations } from '../helpers/browser.js';
import { type FakeServer, type FakeServerOptions, fakeServer, until } from '../helpers/fake-server.js';
import { chromium, DOCUMENTS, Opened, QUERY } from '../helpers/page.js';

/** The real server over a made-up model that fails as it is told. */
describe.skipIf(!chromium)('what the page says of errors', () => {
  const opened = new Opened();
  const servers: FakeServer[] = [];
  afterEach(async () => {
    for (const { app } of servers.splice(0)) await app.close();
  });

  async function open(options: FakeServerOptions): Promise<FakeServer> {
    const fake = fakeServer({ drainTimeout: 50, ...options });
    servers.push(fake);
    await opened.open(fake.app);
    return fake;
  }

  /** What is shown after a request that fails. */
  async function shown(documents?: string): Promise<string> {
    await opened.fill(documents);
    await opened.press('Rerank');
    await opened.problem.waitFor();
    return opened.problem.innerText();
  }

  const ask = (url: string) =>
    fetch(`${url}/v1/rerank`, {
      method: 'POST',
      body: JSON.stringify({ query: QUERY, documents: DOCUMENTS }),
      headers: { 'content-type': 'application/json' },
    });

  test('what and what to do, and the form keeps its content', async () => {
    await open({ maxDocuments: 2 });
    const said = await shown();
    for (const part of [
      'The request was refused',
      'more than 2 items',
      'Correct what the message names',
      'INPUT_INVALID',
      'request',
    ])
      expect(said).toContain(part);
    expect(said.match(/more than 2 items/g)).toHaveLength(1);
    expect(await opened.page.getByLabel('Documents').inputValue()).toBe(DOCUMENTS.join('\n'));
    expect(await seriousViolations(opened.page)).toEqual([]);
    await opened.fill(DOCUMENTS.slice(0, 2).join('\n'));
    await opened.rerank();
    expect(await opened.problem.isVisible()).toBe(false);
  });

  test.each([
    ['CONTEXT_OVERFLOW', 'INPUT_TOKEN_LIMIT_EXCEEDED', 'Shorten the query or the longest document'],
    ['TEXT_TOO_LARGE', 'TEXT_TOO_LARGE', 'Shorten the longest text'],
    ['INSUFFICIENT_MEMORY', 'INSUFFICIENT_MEMORY', 'Try fewer documents or a smaller model.'],
    ['MODEL_UNREADABLE', 'MODEL_UNREADABLE', 'Choose another model'],
    ['INTERNAL', 'INTERNAL_ERROR', 'look for the request id'],
  ] as const)('%s', async (thrown, code, advice) => {
    await open({
      onCall: () => {
        throw new RerankError(thrown, 'it failed');
      },
    });
    const said = await shown();
    expect(said).toContain(code);
    expect(said).toContain(advice);
  });

  test('a request that takes too long', async () => {
    await open({ hold: true, timeout: 50 });
    const said = await shown();
    for (const part of ['longer than 0.05 s', 'Try fewer or shorter documents', 'SERVICE_TIMEOUT']) expect(said).toContain(part);
  });

  test('a body that is too large for this server', async () => {
    await open({ bodyLimit: 1000 });
    const said = await shown('A document. '.repeat(100));
    for (const part of ['too large', 'Send fewer or shorter documents', 'INPUT_TOO_LARGE']) expect(said).toContain(part);
  });

  test('a busy server, and one that is gone', async () => {
    const fake = await open({ hold: true, queueLimit: 1 });
    const other = ask(opened.url);
    await until(() => fake.calls.length === 1);
    expect(await shown()).toMatch(/The server is busy\. Try again in \d+ seconds?\./);
    fake.release();
    await other;
    await fake.app.close();
    await opened.press('Rerank');
    await opened.problem.filter({ hasText: 'Check that the server still runs' }).waitFor();
  });

  test('a server that starts is asked again, and that can be cancelled', async () => {
    let finish = () => {};
    const loading = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const model = { model: { scoreKind: 'cosine' }, rerank: async () => ({}), dispose: async () => {} } as never;
    await open({ load: () => loading.then(() => model) });
    await opened.fill();
    await opened.press('Rerank');
    await opened.says('The server is starting…');
    await opened.press('Cancel');
    await opened.says('Cancelled.');
    await opened.press('Rerank');
    await opened.says('The server is starting…');
    finish();
    // The made-up model has no results to give, but it was asked.
    await opened.problem.filter({ hasText: 'INTERNAL_ERROR' }).waitFor();
  });

  test('a key is asked for when the server wants one, and never shown or kept', async () => {
    const { page } = opened;
    const fake = fakeServer({ drainTimeout: 50, apiKeys: ['s3cret'] });
    servers.push(fake);
    opened.url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
    await page.goto(opened.url);
    await page.getByLabel('Key of this server').waitFor();
    expect(await opened.focused()).toBe('key');
    await page.keyboard.type('wrong');
    await opened.fill();
    await opened.problem.filter({ hasText: 'AUTH_INVALID_API_KEY' }).waitFor();
    // Whoever went on to another field types there.
    expect(await opened.focused()).toBe('documents');
    await page.getByLabel('Key of this server').fill('s3cret');
    await opened.rerank();
    expect(await opened.problem.isVisible()).toBe(false);
    const code = await page.locator('#code').textContent();
    expect(code).toContain('Bearer $LLAMA_RERANK_API_KEY');
    expect(code).not.toContain('s3cret');
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe('[{},{},""]');
  });

  test('a proxy without JSON before the server', async () => {
    await open({});
    await opened.page.route('**/v1/rerank', (route) => route.fulfill({ status: 502, body: '<html>Bad Gateway</html>' }));
    expect(await shown()).toContain('The server answered with status 502.');
  });
});
