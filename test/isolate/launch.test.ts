import { expect, test } from 'vitest';
import { keptFlags, surroundings } from '../../src/isolate/launch.js';

const versions = process.versions;
const cwd = () => '/here';

test('keeps flags of memory and network alone', () => {
  const kept = ['--max-old-space-size=4096', '--use-system-ca', '--tls-min-v1.2', '--dns-result-order=ipv4first'];
  const dropped = [
    '--inspect',
    '--inspect-brk=9229',
    '--import',
    'tsx',
    '--require=./a.js',
    '--loader=x',
    '--test',
    '--watch',
    '-e',
    '1',
  ];
  expect(keptFlags([...dropped, ...kept])).toEqual(kept);
});

test('the child has the environment but for what is meant for this process', () => {
  const env = {
    PATH: '/bin',
    HF_TOKEN: 'secret',
    NODE_CHANNEL_FD: '3',
    NODE_OPTIONS: '--inspect  --max-old-space-size=100 -r x',
  };
  expect(surroundings({ env, execArgv: ['--inspect=1', '--use-openssl-ca'], versions, cwd })).toEqual({
    cwd: '/here',
    env: { PATH: '/bin', HF_TOKEN: 'secret', NODE_OPTIONS: '--max-old-space-size=100' },
    execArgv: ['--use-openssl-ca'],
  });
  expect(surroundings({ env: { NODE_OPTIONS: '--inspect' }, execArgv: [], versions, cwd }).env).toEqual({});
});

test("Electron's program is Node in a child of fork", () => {
  const electron = { ...versions, electron: '40.0.0' };
  expect(surroundings({ env: {}, execArgv: [], versions: electron, cwd }).env).toEqual({ ELECTRON_RUN_AS_NODE: '1' });
});
