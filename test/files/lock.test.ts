import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withLock } from '../../src/files/hub/lock.js';
import { temporary } from '../helpers/fake-hub.js';

const path = (): string => join(temporary(), 'lock');

test('D06: only one holds it at a time, and nothing stays behind', async () => {
  const lock = path();
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await pause(20);
    inside--;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(lock, {}, work)));
  expect(most).toBe(1);
  expect(existsSync(lock)).toBe(false);
});

test('D06: the lock of a process that died is taken over at once', async () => {
  const lock = path();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(lock, JSON.stringify({ process: pid, host: hostname(), token: 'x' }));
  const begin = performance.now();
  await withLock(lock, {}, async (expectHeld) => expectHeld());
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(readdirSync(join(lock, '..'))).toEqual([]);
});

test.each([
  ['of another machine', JSON.stringify({ process: 1, host: 'elsewhere', token: 'x' })],
  ['that is empty', ''],
])('D06: a lock %s counts until it is stale', async (_, text) => {
  const lock = path();
  writeFileSync(lock, text);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('waited')), 250);
  let waited = 0;
  const options = { signal: controller.signal, onWait: () => void waited++ };
  await expect(withLock(lock, options, async () => {})).rejects.toThrow('waited');
  expect(waited).toBeGreaterThan(0);
  const past = new Date(Date.now() - 60_000);
  utimesSync(lock, past, past);
  await withLock(lock, {}, async () => {});
});

test('several that find a stale lock do not get in together', async () => {
  const lock = path();
  writeFileSync(lock, '');
  const past = new Date(Date.now() - 60_000);
  utimesSync(lock, past, past);
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await pause(5);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lock, {}, work)));
  expect(most).toBe(1);
});

test('a holder shows signs of life, and learns that it lost the lock', async () => {
  const lock = path();
  await withLock(lock, { stale: 100 }, async (expectHeld) => {
    await pause(250);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('still held')), 200);
    await expect(withLock(lock, { stale: 100, signal: controller.signal }, async () => {})).rejects.toThrow('still held');
    await expectHeld();
    writeFileSync(lock, JSON.stringify({ process: 1, host: 'elsewhere', token: 'y' }));
    await expect(expectHeld()).rejects.toThrow(/taken the download over/);
  });
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ token: 'y' });
});

test('a folder that cannot be written is no lock to wait for', async () => {
  await expect(withLock(join(temporary(), 'none', 'lock'), {}, async () => {})).rejects.toMatchObject({ code: 'ENOENT' });
});
