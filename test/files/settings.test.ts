import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubSettings } from '../../src/files/hub/settings.js';
import { temporary } from '../helpers/fake-hub.js';

test.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '/home' }, '/home/hub'],
  [{ HF_HOME: '/home', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/home', HF_HUB_CACHE: '/hub' }, '/hub'],
  [{ HF_HOME: '~/models' }, join(homedir(), 'models/hub')],
  [{ HF_HOME: '' }, join(homedir(), '.cache/huggingface/hub')],
])('D10: the cache of %o is a folder that stays', (env, cache) => {
  expect(hubSettings(env).cache).toBe(join(cache));
});

test('llama.cpp’s caches, which are only read', () => {
  expect(hubSettings({ LLAMA_CACHE: '/llama' }).llamaCaches).toEqual([join('/llama')]);
  expect(hubSettings({}).llamaCaches[0]).toMatch(/llama\.cpp$/);
});

test('HF_HUB_OFFLINE, the time limit and the endpoint', () => {
  for (const yes of ['1', 'ON', 'true', 'Yes']) expect(hubSettings({ HF_HUB_OFFLINE: yes }).offline).toBe(true);
  for (const no of [undefined, '', '0', 'no']) expect(hubSettings({ HF_HUB_OFFLINE: no }).offline).toBe(false);
  expect(hubSettings({ TRANSFORMERS_OFFLINE: '1' }).offline).toBe(true);
  expect(hubSettings({}).stall).toBe(30_000);
  expect(hubSettings({ HF_HUB_DOWNLOAD_TIMEOUT: '5' }).stall).toBe(5000);
  expect(hubSettings({}).endpoint.href).toBe('https://huggingface.co/');
  expect(hubSettings({ HF_ENDPOINT: 'http://mirror.lan/hf' }).endpoint.href).toBe('http://mirror.lan/hf/');
  expect(() => hubSettings({ HF_ENDPOINT: 'mirror' })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => hubSettings({ HF_ENDPOINT: 'file:///x' })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('the token: HF_TOKEN, the file HF_TOKEN_PATH, the file that `hf auth login` writes', async () => {
  const home = temporary();
  const elsewhere = join(temporary(), 'secret');
  expect(await hubSettings({ HF_HOME: home }).token()).toBeUndefined();
  writeFileSync(join(home, 'token'), 'hf_login\n');
  writeFileSync(elsewhere, 'hf_path\n');
  expect(await hubSettings({ HF_HOME: home }).token()).toBe('hf_login');
  expect(await hubSettings({ HF_HOME: home, HF_TOKEN_PATH: elsewhere }).token()).toBe('hf_path');
  expect(await hubSettings({ HF_HOME: home, HF_TOKEN_PATH: elsewhere, HF_TOKEN: 'hf_env' }).token()).toBe('hf_env');
  await expect(hubSettings({ HF_TOKEN: 'a\nb' }).token()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
