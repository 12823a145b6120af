import { describe, expect, test } from 'vitest';
import { seriousViolations } from '../helpers/browser.js';
import { chromium, Opened } from '../helpers/page.js';
import { twoModels } from '../helpers/two-models.js';

describe.skipIf(!chromium)('how the page looks', () => {
  const opened = new Opened(twoModels);

  test.each(['light', 'dark'] as const)('axe finds nothing serious: %s', async (colorScheme) => {
    const { page } = opened;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await seriousViolations(page)).toEqual([]);
    await opened.compare();
    expect(await seriousViolations(page)).toEqual([]);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    const brightness = Math.max(...(String(background).match(/\d+/g) ?? []).map(Number));
    expect(brightness < 128).toBe(colorScheme === 'dark');
  });

  test('360 pixels: nothing is wider than the screen, and the results come into view', async () => {
    const { page } = opened;
    await page.setViewportSize({ width: 360, height: 740 });
    await opened.compare();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect((await page.locator('#results').boundingBox())?.y).toBeLessThan(100);
    expect(await seriousViolations(page)).toEqual([]);
  });
});
