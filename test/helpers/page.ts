import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { RerankApp } from '../../src/server/index.js';
import { findChromium, openBrowser } from './browser.js';

export const chromium = findChromium();

export const QUERY = 'refund to my card';
export const DOCUMENTS = ['Lentil soup with spinach.', 'The shop opens at nine.', 'We refund to the card that you paid with.'];

/** The page of a server, opened anew for each test; afterwards it must have complained of nothing, and asked nobody else. */
export class Opened {
  page!: Page;
  url = '';
  #complaints: string[] = [];

  /** @param app default: none; the test calls `open` itself */
  constructor(app?: () => Promise<RerankApp>) {
    let browser: { context: BrowserContext; close(): Promise<void> } | undefined;
    let server: RerankApp | undefined;
    beforeAll(async () => {
      server = await app?.();
      browser = await openBrowser(chromium as string);
      if (server) this.url = await listen(server);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });
    beforeEach(async () => {
      this.page = await (browser as { context: BrowserContext }).context.newPage();
      await this.page.emulateMedia({ reducedMotion: 'reduce' });
      this.#complaints = [];
      this.page.on('pageerror', (error) => this.#complaints.push(String(error)));
      this.page.on('console', (message) => {
        // The browser itself notes answers that are errors.
        const expected = /status of [45]\d\d|net::ERR/.test(message.text());
        if (message.type() === 'error' && !expected) this.#complaints.push(message.text());
      });
      this.page.on('request', (request) => {
        if (!request.url().startsWith(this.url)) this.#complaints.push(`asked for ${request.url()}`);
      });
      if (server) await this.go(this.url);
    });
    afterEach(async () => {
      await this.page?.close();
      expect(this.#complaints).toEqual([]);
    });
  }

  async go(url: string): Promise<void> {
    this.url = url;
    await this.page.goto(url);
    await this.page.locator('#model option').first().waitFor({ state: 'attached' });
  }

  /** Opens the page of another server. */
  async open(app: RerankApp): Promise<void> {
    await this.go(await listen(app));
  }

  async fill(documents = DOCUMENTS.join('\n')): Promise<void> {
    await this.page.getByLabel('Query').fill(QUERY);
    await this.page.getByLabel('Documents').fill(documents);
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name }).click();
  }

  async rerank(): Promise<void> {
    await this.press('Rerank');
    await this.says('ranked by');
  }

  async says(text: string): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  /** Ranks the example with both models. */
  async compare(): Promise<void> {
    await this.press('Load the example');
    await this.page.getByLabel('Compare with').selectOption({ index: 2 });
    await this.rerank();
    await this.page.locator('#common').filter({ hasText: 'both models share' }).waitFor();
  }

  get problem(): Locator {
    return this.page.getByRole('alert');
  }

  textsOf(column = 0): Promise<string[]> {
    return this.page.locator('.column').nth(column).locator('.text').allTextContents();
  }

  focused(): Promise<string> {
    return this.page.evaluate('document.activeElement.id');
  }
}

async function listen(app: RerankApp): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 });
}
