import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, openBrowser, seriousViolations } from '../helpers/browser.js';
import { EXAMPLE } from '../helpers/electron-app.js';

const chromium = findChromium();
const TYPES: Record<string, string> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };

/** What preload.cjs would give to the page. */
const PRELOAD = `
  const passage = (title, text) => ({ file: title.toLowerCase() + '.md', title, passage: text, relevanceScore: 0.5 });
  const all = [
    passage('Heating', '## Radiators stay cold at the top\\n\\nThere is air in them. <b>Turn the pump off</b>, hold a cup below the small valve at the side and open it with the square key.'),
    passage('Guests', 'The network is called Linden4-guest. The password is on the back of the picture of the lighthouse.'),
    passage('Car', 'Winter tyres from October to Easter. Jump leads are below the spare wheel.'),
  ];
  const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
  window.shown = [];
  window.notes = {
    opened: async () => ({ value: location.hash === '#new' ? undefined : { folder: '/home/me/notes', files: 3, passages: 9 } }),
    choose: async () => ({ value: { folder: '/home/me/other', files: 1, passages: 2 } }),
    show: async (file) => void window.shown.push(file),
    search: async (query) => {
      if (query === 'slow') await wait(1000);
      if (query === 'slow') return { value: { candidates: 1, milliseconds: 1000, results: [passage('Late', 'too late')] } };
      if (query === 'fail') return { error: { code: 'PROCESS_ENDED', message: 'the search process has ended (139): search again' } };
      return { value: { candidates: 12, milliseconds: 83, results: query === 'nothing' ? [] : all } };
    },
  };
`;

describe.skipIf(!chromium)('the page of the Electron example, with a stand-in for its preload script', () => {
  let server: Server;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const file = url === '/' ? '/index.html' : url;
      response.setHeader('Content-Type', TYPES[extname(file)] ?? 'text/plain');
      response.end(readFileSync(join(EXAMPLE, 'page', file)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await openBrowser(chromium as string);
    await browser.context.addInitScript(PRELOAD);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(async () => {
    page = await browser.context.newPage();
    await page.setViewportSize({ width: 760, height: 720 });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const open = (hash = '') => page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${hash}`);
  const status = () => page.locator('#status');
  const titles = () => page.locator('.title').evaluateAll((all) => all.map((each) => each.firstChild?.textContent));

  test('typing searches; notes are text and no markup', async () => {
    await open();
    expect(await page.locator('#query').getAttribute('placeholder')).toBe('Ask 3 notes');
    await page.keyboard.type('cold radiators');
    await page.waitForSelector('#results li');
    expect(await status().textContent()).toBe('3 passages of 12, 83 ms');
    expect(await page.locator('.passage').first().textContent()).toContain('<b>Turn the pump off</b>');
    expect(await page.locator('.passage b').count()).toBe(0);
  });

  test('keys: down into the results, Enter shows the note, Escape goes back', async () => {
    await open();
    await page.keyboard.type('x');
    await page.waitForSelector('#results li');
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    expect(await page.evaluate('window.shown')).toEqual(['guests.md']);
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('query');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement.id')).toBe('query');
  });

  test('an answer that comes too late is not shown', async () => {
    await open();
    await page.locator('#query').fill('slow');
    await page.waitForTimeout(300);
    await page.locator('#query').fill('quick');
    await page.waitForSelector('#results li');
    await page.waitForTimeout(1200);
    expect(await titles()).toEqual(['Heating', 'Guests', 'Car']);
  });

  test('nothing found, a failure, and an empty box say so', async () => {
    await open();
    for (const [text, said] of [
      ['nothing', 'Nothing found: no note has these words.'],
      ['fail', 'the search process has ended (139): search again'],
      ['', ''],
    ] as const) {
      await page.locator('#query').fill(text);
      await expect.poll(() => status().textContent()).toBe(said);
      expect(await page.locator('#results li').count()).toBe(0);
    }
  });

  test('without a folder it asks for one', async () => {
    await open('#new');
    await expect.poll(() => status().textContent()).toBe('Choose a folder of notes (.md, .txt) to search.');
    await page.locator('#choose').click();
    await expect.poll(() => page.locator('#folder').textContent()).toBe('/home/me/other');
    expect(await page.locator('#query').getAttribute('placeholder')).toBe('Ask 1 note');
    expect(await status().textContent()).toBe('');
  });

  test.each(['light', 'dark'] as const)('%s: nothing that axe finds serious', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await open();
    await page.keyboard.type('x');
    await page.waitForSelector('#results li');
    await page.keyboard.press('ArrowDown');
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `notes-${colorScheme}.png`) });
    expect(await seriousViolations(page)).toEqual([]);
  });

  test('a narrow window needs no scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 600 });
    await open();
    await page.keyboard.type('x');
    await page.waitForSelector('#results li');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});
