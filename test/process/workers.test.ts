import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test.each([
  ['beside a model of the main thread', 'beside'],
  ['that alone use the addon', 'alone'],
  ['that are terminated in the middle of calls', 'busy'],
])('C12: worker threads %s', (_, mode) => {
  const script = join(import.meta.dirname, 'scripts/workers.mjs');
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, mode], { encoding: 'utf8' });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  expect(stdout.endsWith('done\n')).toBe(true);
});
