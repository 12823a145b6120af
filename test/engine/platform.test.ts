import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { describePlatform, findLibc, libcOf } from '../../src/engine/platform.js';

test.each([
  [
    { header: { glibcVersionRuntime: '2.36' }, sharedObjects: ['/lib/x86_64-linux-gnu/libc.so.6'] },
    { family: 'glibc', version: '2.36' },
  ],
  [
    { header: {}, sharedObjects: ['/usr/lib/libstdc++.so.6', '/lib/ld-musl-x86_64.so.1'] },
    { family: 'musl', version: undefined },
  ],
  [
    { header: {}, sharedObjects: ['/lib/libc.musl-aarch64.so.1'] },
    { family: 'musl', version: undefined },
  ],
  [{ header: {}, sharedObjects: ['/opt/musl/libother.so'] }, undefined],
  [{}, undefined],
])('%o: %o', (report, expected) => {
  expect(libcOf(report)).toEqual(expected);
});

test.skipIf(process.platform !== 'linux')('the C library is the one that getconf tells, and the report’s setting stays', () => {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  report.excludeNetwork = false;
  const libc = findLibc();
  expect(report.excludeNetwork).toBe(false);
  const told = execFileSync('getconf', ['GNU_LIBC_VERSION'], { encoding: 'utf8' }).trim();
  expect(`${libc?.family} ${libc?.version}`).toBe(told);
});

test('a description names platform, C library and versions', () => {
  const start = `${process.platform}-${process.arch}`;
  const end = `Node ${process.version}, N-API ${process.versions.napi}`;
  expect(describePlatform({ family: 'musl', version: undefined })).toBe(`${start}, musl, ${end}`);
  expect(describePlatform({ family: 'glibc', version: '2.36' })).toBe(`${start}, glibc 2.36, ${end}`);
});
