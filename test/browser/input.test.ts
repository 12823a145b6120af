import { describe, expect, test } from 'vitest';
import { seriousViolations } from '../helpers/browser.js';
import { chromium, DOCUMENTS, Opened, QUERY } from '../helpers/page.js';
import { twoModels } from '../helpers/two-models.js';

describe.skipIf(!chromium)('what goes into the page', () => {
  const opened = new Opened(twoModels);

  const drop = async (files: Record<string, string>) => {
    const { page } = opened;
    const dataTransfer = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      for (const [name, text] of ${JSON.stringify(Object.entries(files))}) data.items.add(new File([text], name));
      return data;
    })()`);
    await page.dispatchEvent('#documents', 'drop', { dataTransfer });
  };

  test('a dropped CSV, and its column', async () => {
    const { page } = opened;
    await opened.fill('what was here');
    await drop({ 'shop.csv': 'sku,title,description\n1,"Card, refund","Soup\nwith ""salt"""\n2,Shop,Opens at nine every day\n' });
    await page.locator('#count').filter({ hasText: '2 documents, CSV' }).waitFor();
    const column = page.getByLabel('Text is in');
    expect(await column.inputValue()).toBe('description');
    await column.selectOption('title');
    await opened.rerank();
    expect(await opened.textsOf()).toEqual(['Card, refund', 'Shop']);
    await opened.press('Undo');
    expect(await page.getByLabel('Documents').inputValue()).toBe('what was here');
    expect(await page.getByLabel('Format').inputValue()).toBe('auto');
  });

  test('dropped text files are one document each; what is no text is refused', async () => {
    const { page } = opened;
    await drop({ 'a.txt': 'Refund.\n\nTo a card.', 'b.md': 'Soup' });
    await page.locator('#count').filter({ hasText: '2 documents, JSON' }).waitFor();
    await page.getByLabel('Query').fill(QUERY);
    await opened.rerank();
    expect(await page.locator('.name').allTextContents()).toEqual(['a.txt', 'b.md']);
    await drop({ 'c.pdf': '%PDF\0' });
    await page.locator('#documents-error').filter({ hasText: 'c.pdf is not UTF-8 text' }).waitFor();
  });

  test('more than the server takes is said before it is sent', async () => {
    const { page } = opened;
    // A lower limit: a field with 4 MiB takes a slow machine long to lay out.
    const limits = await (await fetch(`${opened.url}/limits.js`)).text();
    const lower = limits.replace('4 * 1024', '0.25 * 1024');
    await page.route('**/limits.js', (route) => route.fulfill({ contentType: 'text/javascript', body: lower }));
    await opened.go(opened.url);
    await page.getByLabel('Query').fill(QUERY);
    await drop({ 'a.txt': `${'word '.repeat(200)}\n`.repeat(300) });
    const said = /^0\.3 MiB are too much: the server takes 0\.25 MiB at once\./;
    await page.locator('#count').filter({ hasText: said }).waitFor();
    await opened.press('Rerank');
    expect(await page.locator('#documents-error').textContent()).toMatch(said);
    expect(await page.locator('#count').isVisible()).toBe(false);
    expect(await page.locator('.row').count()).toBe(0);
    await opened.fill();
    await opened.rerank();
  });

  test('what is missing is said at the field', async () => {
    const { page } = opened;
    await opened.press('Rerank');
    expect(await page.locator('#query-error').textContent()).toBe('Write a query.');
    expect(await page.locator('#documents-error').textContent()).toBe('Add at least one document.');
    expect(await opened.focused()).toBe('query');
    expect(await seriousViolations(page)).toEqual([]);
  });

  test('keyboard only', async () => {
    const { page } = opened;
    const tabTo = async (id: string) => {
      for (let i = 0; i < 40 && (await opened.focused()) !== id; i++) await page.keyboard.press('Tab');
      expect(await opened.focused()).toBe(id);
    };
    await tabTo('query');
    await page.keyboard.type(QUERY);
    await tabTo('documents');
    await page.keyboard.insertText(DOCUMENTS.join('\n'));
    await page.keyboard.press('Control+Enter');
    await page.getByRole('status').filter({ hasText: 'ranked by' }).waitFor();
    expect((await opened.textsOf())[0]).toBe(DOCUMENTS[2]);
    await tabTo('rerank');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await opened.textsOf()).toEqual(DOCUMENTS);
    await tabTo('tab-curl');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await opened.focused()).toBe('tab-ts');
    expect(await page.locator('#code').textContent()).toContain('Reranker.load(');
    await tabTo('copy');
    await page.keyboard.press('Enter');
    await page.locator('#copied').filter({ hasText: 'Copied.' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await page.locator('#code').textContent());
    await tabTo('code');
  });
});
