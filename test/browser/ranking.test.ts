import { describe, expect, test } from 'vitest';
import { chromium, DOCUMENTS, Opened, QUERY } from '../helpers/page.js';
import { CROSS_ENCODER, STARTER_NAME, twoModels } from '../helpers/two-models.js';

describe.skipIf(!chromium)('the page ranks', () => {
  const opened = new Opened(twoModels);

  test('type, rerank, and the order changes', async () => {
    const { page } = opened;
    await opened.fill();
    await page.locator('#count').filter({ hasText: '3 documents, one a line' }).waitFor();
    await opened.rerank();
    const texts = await opened.textsOf();
    expect(texts[0]).toBe(DOCUMENTS[2]);
    expect([...texts].sort()).toEqual([...DOCUMENTS].sort());
    expect(await page.locator('.row').first().locator('.change').textContent()).toContain('up 2: given as number 3');
    expect(await page.locator('.note').first().textContent()).toContain(
      'cosines blended with BM25, for this list only, not probabilities',
    );
    expect(await page.locator('.stages').textContent()).toMatch(/ m?s.*waiting.*tokenizing.*model.*scoring.*tokens.*reused/);
    await page.getByText('As given').click();
    expect(await opened.textsOf()).toEqual(DOCUMENTS);
    await page.getByText('By score').click();
    expect(await opened.textsOf()).toEqual(texts);
  });

  test('rows move from their old places, unless less motion is wanted', async () => {
    const { page } = opened;
    const moving = () => page.evaluate('document.getAnimations().length');
    await opened.fill();
    await opened.rerank();
    expect(await moving()).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.getByText('As given').click();
    expect(await moving()).toBeGreaterThan(1);
  });

  test('the example loads with one click', async () => {
    const { page } = opened;
    await opened.fill('mine');
    await opened.press('Load the example');
    expect(await page.locator('#count').textContent()).toBe('10 documents, one a line');
    await opened.rerank();
    expect((await opened.textsOf()).slice(0, 2)).toContainEqual(expect.stringMatching(/^Refunds go to the card/));
    await opened.press('Undo');
    expect(await page.getByLabel('Documents').inputValue()).toBe('mine');
    expect(await page.getByLabel('Query').inputValue()).toBe(QUERY);
  });

  test('truncated documents are marked, and open', async () => {
    const { page } = opened;
    const long = `Refund card. ${'Much more follows here. '.repeat(150)}`.trim();
    await opened.fill([...DOCUMENTS, long].join('\n'));
    await opened.rerank();
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
    const { page } = opened;
    await opened.fill();
    await page.getByLabel('Show the best').fill('1');
    await opened.rerank();
    expect(await opened.textsOf()).toEqual([DOCUMENTS[2]]);
    expect(await page.locator('.note.strong').textContent()).toContain('The best 1 of 3 documents.');
    await page.getByLabel('Show the best').fill('0');
    await opened.press('Rerank');
    expect(await page.locator('#top-n-error').textContent()).toBe('A whole number, 1 or more.');
  });

  test('two models side by side', async () => {
    const { page } = opened;
    await page.setViewportSize({ width: 1400, height: 900 });
    expect(await page.locator('#model option').allTextContents()).toEqual([STARTER_NAME, CROSS_ENCODER]);
    await opened.compare();
    expect(await page.locator('#common').textContent()).toMatch(/^Of the first 5, both models share [0-5]\.$/);
    expect(await page.locator('.column').count()).toBe(2);
    const [left, right] = [await opened.textsOf(0), await opened.textsOf(1)];
    expect(left).not.toEqual(right);
    const place = left.findIndex((text, i) => text !== right[i]);
    const there = right.indexOf(left[place] as string);
    const change = await page.locator('.column').nth(0).locator('.change').nth(place).textContent();
    expect(change).toContain(`${CROSS_ENCODER} ranks it number ${there + 1}`);
    expect(await page.locator('.column').nth(1).locator('.note').first().textContent()).toContain('probabilities from 0 to 1');
    expect(await page.locator('.column').nth(1).locator('.number').first().getAttribute('title')).toMatch(/^logit /);
    const [a, b] = await Promise.all([0, 1].map((i) => page.locator('.rows').nth(i).boundingBox()));
    expect(a?.y).toBe(b?.y);
    expect(b?.x).toBeGreaterThan((a?.x ?? 0) + (a?.width ?? 0));
  });

  test('cancel stops the work', async () => {
    const { page } = opened;
    const metric = async (name: string) => {
      const text = await (await fetch(`${opened.url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    const aborted = await metric('rerank_aborted_total');
    const many = Array.from({ length: 300 }, (_, i) => `${i} ${'word '.repeat(200)}`.trim());
    await opened.fill(many.join('\n'));
    await opened.press('Rerank');
    await expect.poll(() => page.locator('.row').count(), { timeout: 30_000 }).toBe(300);
    await expect.poll(() => metric('rerank_queue_depth'), { timeout: 30_000 }).toBe(1);
    await opened.press('Cancel');
    await opened.says('Cancelled.');
    await expect.poll(() => metric('rerank_queue_depth'), { timeout: 30_000 }).toBe(0);
    expect(await metric('rerank_aborted_total')).toBe(aborted + 1);
    expect(await page.getByLabel('Documents').inputValue()).toBe(many.join('\n'));
    expect(await page.getByRole('button', { name: 'Cancel' }).isVisible()).toBe(false);
    await opened.fill();
    await opened.rerank();
  });

  test('1,000 documents do not freeze the page', async () => {
    const { page } = opened;
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    const texts = Array.from(
      { length: 1000 },
      (_, i) => `Document ${i} ${i % 7 === 0 ? 'refund card ' : ''}${'word '.repeat(60)}`,
    );
    await page.getByLabel('Model').selectOption(CROSS_ENCODER);
    await opened.fill(texts.join('\n'));
    await page.evaluate(`{
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
    }`);
    await opened.press('Rerank');
    await page.getByRole('status').filter({ hasText: 'ranked by' }).waitFor({ timeout: 90_000 });
    expect(await page.locator('.row').count()).toBe(1000);
    expect(await page.evaluate('document.getAnimations().length')).toBeLessThan(200);
    await page.getByText('As given').click();
    await page.waitForTimeout(1000);
    const longest = await page.evaluate('window.longest');
    console.log(`1,000 documents: the longest task took ${longest} ms`);
    expect(longest).toBeLessThan(2000);
  });
});
