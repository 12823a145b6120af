import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, openBrowser, seriousViolations } from '../helpers/browser.js';
import { startPageServer } from '../helpers/page-server.js';

const chromium = findChromium();

const QUERY = 'refund to my card';
const DOCUMENTS = ['Lentil soup with spinach.', 'The shop opens at nine.', 'We refund to the card that you paid with.'];

describe.skipIf(!chromium)('the page', () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    server = await startPageServer();
    browser = await openBrowser(chromium as string);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    page = await browser.context.newPage();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // The browser itself notes answers that are errors.
      if (message.type() === 'error' && !/status of [45]\d\d|net::ERR/.test(message.text())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(server.url);
    await page.locator('#model option').first().waitFor({ state: 'attached' });
  });
  afterEach(async () => {
    await page?.close();
    expect(complaints).toEqual([]);
  });

  const fill = async (documents = DOCUMENTS.join('\n')) => {
    await page.getByLabel('Query').fill(QUERY);
    await page.getByLabel('Documents').fill(documents);
  };
  const rerank = async () => {
    await page.getByRole('button', { name: 'Rerank' }).click();
    await page.getByRole('status').filter({ hasText: 'ranked by' }).waitFor();
  };
  const textsOf = (column = 0) => page.locator('.column').nth(column).locator('.text').allTextContents();
  const focused = () => page.evaluate('document.activeElement.id') as Promise<string>;
  const problem = () => page.getByRole('alert');
  const answerWith = (status: number, json: unknown, headers: Record<string, string> = {}) =>
    page.route('**/v1/rerank', (route) => route.fulfill({ status, json, headers }));

  test('type, rerank, and the order changes', async () => {
    await fill();
    expect(await page.locator('#count').textContent()).toMatch(/documents?|No documents/);
    await rerank();
    const texts = await textsOf();
    expect(texts[0]).toBe(DOCUMENTS[2]);
    expect([...texts].sort()).toEqual([...DOCUMENTS].sort());
    expect(await page.locator('.row').first().locator('.change').textContent()).toContain('up 2: given as number 3');
    expect(await page.locator('.note').first().textContent()).toContain('cosines from −1 to 1, not probabilities');
    expect(await page.locator('.stages').textContent()).toMatch(/ m?s.*waiting.*tokenizing.*model.*scoring.*tokens.*reused/);
    await page.getByText('As given').click();
    expect(await textsOf()).toEqual(DOCUMENTS);
    await page.getByText('By score').click();
    expect(await textsOf()).toEqual(texts);
  });

  test('rows move from their old places, unless less motion is wanted', async () => {
    const moving = () => page.evaluate('document.getAnimations().length');
    await fill();
    await rerank();
    expect(await moving()).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.getByText('As given').click();
    expect(await moving()).toBeGreaterThan(1);
  });

  test('the example loads with one click', async () => {
    await fill('mine');
    await page.getByRole('button', { name: 'Load the example' }).click();
    expect(await page.locator('#count').textContent()).toBe('10 documents, one a line');
    await rerank();
    expect((await textsOf())[0]).toMatch(/^Refunds go to the card/);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await page.getByLabel('Documents').inputValue()).toBe('mine');
    expect(await page.getByLabel('Query').inputValue()).toBe(QUERY);
  });

  test('truncated documents are marked, and open', async () => {
    const long = `Refund card. ${'Much more follows here. '.repeat(40)}`.trim();
    await fill([...DOCUMENTS, long].join('\n'));
    await rerank();
    const row = page.locator('.row').filter({ hasText: 'Much more' });
    expect(await row.locator('.badge').textContent()).toBe('truncated');
    expect(await page.locator('.badge').count()).toBe(1);
    expect(await page.locator('.note.strong').textContent()).toContain('1 document was longer than the model reads');
    await row.getByRole('button', { name: 'Show all' }).click();
    expect(await row.locator('.text').textContent()).toBe(long);
    await row.getByRole('button', { name: 'Show less' }).click();
    expect((await row.locator('.text').textContent())?.length).toBeLessThan(250);
  });

  test('the best N', async () => {
    await fill();
    await page.getByLabel('Show the best').fill('1');
    await rerank();
    expect(await textsOf()).toEqual([DOCUMENTS[2]]);
    expect(await page.locator('.note.strong').textContent()).toContain('The best 1 of 3 documents.');
    await page.getByLabel('Show the best').fill('0');
    await page.getByRole('button', { name: 'Rerank' }).click();
    expect(await page.locator('#top-n-error').textContent()).toBe('A whole number, 1 or more.');
  });

  test('two models side by side', async () => {
    await page.setViewportSize({ width: 1400, height: 900 });
    await page.getByRole('button', { name: 'Load the example' }).click();
    await page.getByLabel('Compare with').selectOption({ index: 2 });
    await rerank();
    await page.locator('#common').filter({ hasText: 'both models share' }).waitFor();
    expect(await page.locator('.column').count()).toBe(2);
    const [left, right] = [await textsOf(0), await textsOf(1)];
    expect(left).not.toEqual(right);
    const place = left.findIndex((text, i) => text !== right[i]);
    const there = right.indexOf(left[place] as string);
    const change = await page.locator('.column').nth(0).locator('.change').nth(place).textContent();
    const models = await page.locator('#model option').allTextContents();
    expect(change).toContain(`${models[1]} ranks it number ${there + 1}`);
    expect(await page.locator('.column').nth(1).locator('.note').first().textContent()).toContain('probabilities from 0 to 1');
    const [a, b] = await Promise.all([0, 1].map((i) => page.locator('.rows').nth(i).boundingBox()));
    expect(a?.y).toBe(b?.y);
    expect(b?.x).toBeGreaterThan((a?.x ?? 0) + (a?.width ?? 0));
  });

  test('an error says what and what to do, and the form keeps its content', async () => {
    const errors = [{ field: 'documents[1]', message: 'is too long' }];
    await answerWith(422, { detail: 'The request is not valid.', code: 'INVALID_ARGUMENT', request_id: 'r-1', errors });
    await fill();
    await page.getByRole('button', { name: 'Rerank' }).click();
    await problem().waitFor();
    const shown = await problem().innerText();
    for (const part of ['The request is not valid.', 'documents[1]: is too long', 'Correct what', 'INVALID_ARGUMENT', 'r-1']) {
      expect(shown).toContain(part);
    }
    expect(await page.getByLabel('Documents').inputValue()).toBe(DOCUMENTS.join('\n'));
    expect(await seriousViolations(page)).toEqual([]);
    await page.unroute('**/v1/rerank');
    await rerank();
    expect(await problem().isVisible()).toBe(false);
  });

  test('a busy server, and one that is gone', async () => {
    await fill();
    await answerWith(429, { detail: 'The queue is full.', code: 'QUEUE_FULL', request_id: 'r-2' }, { 'Retry-After': '4' });
    await page.getByRole('button', { name: 'Rerank' }).click();
    await problem().filter({ hasText: 'Try again in 4 seconds.' }).waitFor();
    await page.unroute('**/v1/rerank');
    await page.route('**/v1/rerank', (route) => route.abort());
    await page.getByRole('button', { name: 'Rerank' }).click();
    await problem().filter({ hasText: 'Check that the server still runs' }).waitFor();
  });

  test('a server that starts is asked again', async () => {
    let left = 1;
    await page.route('**/v1/models', (route) =>
      left-- > 0
        ? route.fulfill({ status: 503, json: { detail: 'loading', code: 'LOADING' }, headers: { 'Retry-After': '1' } })
        : route.continue(),
    );
    await page.reload();
    await page.getByRole('status').filter({ hasText: 'starting' }).waitFor();
    await page.locator('#model option').first().waitFor({ state: 'attached' });
    expect(await problem().isVisible()).toBe(false);
  });

  test('a key is asked for when the server wants one, and never shown or kept', async () => {
    const guard = async (route: import('playwright-core').Route) => {
      if (route.request().headers().authorization === 'Bearer s3cret') return route.continue();
      return route.fulfill({ status: 401, json: { detail: 'A key is needed.', code: 'UNAUTHORIZED', request_id: 'r-3' } });
    };
    await page.route('**/v1/**', guard);
    await page.reload();
    await page.getByLabel('Key of this server').waitFor();
    expect(await focused()).toBe('key');
    await page.keyboard.type('s3cret');
    await fill();
    await rerank();
    expect(await problem().isVisible()).toBe(false);
    const code = await page.locator('#code').textContent();
    expect(code).toContain('Bearer $LLAMA_RERANK_API_KEY');
    expect(code).not.toContain('s3cret');
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe('[{},{},""]');
  });

  test('cancel', async () => {
    await page.route('**/v1/rerank', () => {});
    await fill();
    await page.getByRole('button', { name: 'Rerank' }).click();
    expect(await textsOf()).toEqual(DOCUMENTS);
    const failed = page.waitForEvent('requestfailed');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await failed;
    await page.getByRole('status').filter({ hasText: 'Cancelled.' }).waitFor();
    expect(await page.getByLabel('Documents').inputValue()).toBe(DOCUMENTS.join('\n'));
    expect(await page.getByRole('button', { name: 'Cancel' }).isVisible()).toBe(false);
    await page.unroute('**/v1/rerank');
    await rerank();
  });

  const drop = async (files: Record<string, string>) => {
    const dataTransfer = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      for (const [name, text] of ${JSON.stringify(Object.entries(files))}) data.items.add(new File([text], name));
      return data;
    })()`);
    await page.dispatchEvent('#documents', 'drop', { dataTransfer });
  };

  test('a dropped CSV, and its column', async () => {
    await fill('what was here');
    await drop({ 'shop.csv': 'sku,title,description\n1,"Card, refund","Soup\nwith ""salt"""\n2,Shop,Opens at nine every day\n' });
    await page.locator('#count').filter({ hasText: '2 documents, CSV' }).waitFor();
    const column = page.getByLabel('Text is in');
    expect(await column.inputValue()).toBe('description');
    await column.selectOption('title');
    await rerank();
    expect(await textsOf()).toEqual(['Card, refund', 'Shop']);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await page.getByLabel('Documents').inputValue()).toBe('what was here');
    expect(await page.getByLabel('Format').inputValue()).toBe('auto');
  });

  test('dropped text files are one document each; what is no text is refused', async () => {
    await drop({ 'a.txt': 'Refund.\n\nTo a card.', 'b.md': 'Soup' });
    await page.locator('#count').filter({ hasText: '2 documents, JSON' }).waitFor();
    await page.getByLabel('Query').fill(QUERY);
    await rerank();
    expect(await page.locator('.name').allTextContents()).toEqual(['a.txt', 'b.md']);
    await drop({ 'c.pdf': '%PDF\0' });
    await page.locator('#documents-error').filter({ hasText: 'c.pdf is not UTF-8 text' }).waitFor();
  });

  test('what is missing is said at the field', async () => {
    await page.getByRole('button', { name: 'Rerank' }).click();
    expect(await page.locator('#query-error').textContent()).toBe('Write a query.');
    expect(await page.locator('#documents-error').textContent()).toBe('Add at least one document.');
    expect(await focused()).toBe('query');
    expect(await seriousViolations(page)).toEqual([]);
  });

  test('keyboard only', async () => {
    const tabTo = async (id: string) => {
      for (let i = 0; i < 40 && (await focused()) !== id; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(id);
    };
    await tabTo('query');
    await page.keyboard.type(QUERY);
    await tabTo('documents');
    await page.keyboard.insertText(DOCUMENTS.join('\n'));
    await page.keyboard.press('Control+Enter');
    await page.getByRole('status').filter({ hasText: 'ranked by' }).waitFor();
    expect((await textsOf())[0]).toBe(DOCUMENTS[2]);
    await tabTo('rerank');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await textsOf()).toEqual(DOCUMENTS);
    await tabTo('tab-curl');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('tab-ts');
    expect(await page.locator('#code').textContent()).toContain('Reranker.load(');
    await tabTo('copy');
    await page.keyboard.press('Enter');
    await page.locator('#copied').filter({ hasText: 'Copied.' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await page.locator('#code').textContent());
    await tabTo('code');
  });

  test.each(['light', 'dark'] as const)('axe finds nothing serious: %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Load the example' }).click();
    await page.getByLabel('Compare with').selectOption({ index: 2 });
    await rerank();
    await page.locator('#common').filter({ hasText: 'both' }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    const brightness = Math.max(...(String(background).match(/\d+/g) ?? []).map(Number));
    expect(brightness < 128).toBe(colorScheme === 'dark');
  });

  test('360 pixels: nothing is wider than the screen, and the results come into view', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: 'Load the example' }).click();
    await page.getByLabel('Compare with').selectOption({ index: 2 });
    await rerank();
    await page.locator('#common').filter({ hasText: 'both' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect((await page.locator('#results').boundingBox())?.y).toBeLessThan(100);
    expect(await seriousViolations(page)).toEqual([]);
  });

  test('1,000 documents do not freeze the page', async () => {
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    const texts = Array.from(
      { length: 1000 },
      (_, i) => `Document ${i} ${i % 7 === 0 ? 'refund card ' : ''}${'word '.repeat(60)}`,
    );
    await fill(texts.join('\n'));
    await page.evaluate(`{
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
    }`);
    await rerank();
    expect(await page.locator('.row').count()).toBe(1000);
    expect(await page.evaluate('document.getAnimations().length')).toBeLessThan(200);
    await page.getByText('As given').click();
    await page.waitForTimeout(1000);
    const longest = await page.evaluate('window.longest');
    console.log(`1,000 documents: the longest task took ${longest} ms`);
    expect(longest).toBeLessThan(2000);
  });
});
