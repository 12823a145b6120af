import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { htmlReport, openDataset, prepareTask, report } from '../../src/eval/index.js';
import { findChromium, openBrowser, seriousViolations } from '../helpers/browser.js';
import { writeDataset } from '../helpers/eval-data.js';

const chromium = findChromium();

describe.skipIf(!chromium)("the evaluation's report as a page", () => {
  let browser: { context: BrowserContext; close(): Promise<void> };
  beforeAll(async () => {
    browser = await openBrowser(chromium as string);
  });
  afterAll(() => browser?.close());

  test('light and dark, wide and narrow: axe finds nothing serious, nothing is wider than the screen, nobody is asked', async () => {
    const dataset = await openDataset(writeDataset(30, 60));
    const task = await prepareTask(dataset, { topK: 10 });
    const answers = (milliseconds: number) =>
      task.queries.map(({ id, documents }) => {
        const scores = documents.map((_, i) => 1 - i / 10);
        return { query: id, documents: [...documents].reverse(), scores, truncated: false, milliseconds };
      });
    const contestants = [
      { label: 'first', run: task.run },
      { label: 'jina-reranker-v3:Q4_K_M', answers: answers(5000) },
      { label: 'starter', answers: answers(20) },
    ];
    const html = htmlReport(await report(task, contestants, { metrics: ['ndcg@10', 'mrr', 'p@5'], resamples: 200 }));
    const page = await browser.context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.setContent(html);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 740 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await seriousViolations(page)).toEqual([]);
      }
    }
    expect(await page.locator('figure').count()).toBe(2 + 3 + 1);
    expect(asked).toEqual([]);
  });
});
