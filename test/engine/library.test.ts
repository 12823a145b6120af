import { expect, test } from 'vitest';
import type { NativeDevice } from '../../src/engine/addon.js';
import { chooseDevice, listDevices } from '../../src/engine/library.js';
import type { Gpu } from '../../src/types.js';

const device = (name: string, type: NativeDevice['type'], backend: string): NativeDevice => ({
  name,
  type,
  backend,
  description: `the ${name}`,
  memoryFree: 1,
  memoryTotal: 2,
});
const CPU = device('CPU', 'cpu', 'CPU');
const BLAS = device('BLAS', 'accel', 'BLAS');
const METAL = device('Metal', 'gpu', 'Metal');
const CUDA = device('CUDA0', 'gpu', 'CUDA');
const BUILT_IN = device('Vulkan0', 'igpu', 'Vulkan');

test.each([
  ['auto', [CPU, BLAS], 'CPU'],
  ['auto', [BLAS, METAL, CPU], 'Metal'],
  ['auto', [BUILT_IN, CPU], 'Vulkan0'],
  ['cpu', [METAL, CPU], 'CPU'],
  ['metal', [METAL, CPU], 'Metal'],
  ['cuda', [BUILT_IN, CUDA, CPU], 'CUDA0'],
  ['vulkan', [CUDA, BUILT_IN, CPU], 'Vulkan0'],
] as [Gpu, NativeDevice[], string][])('gpu %s chooses among %o: %s', (gpu, devices, expected) => {
  expect(chooseDevice(gpu, devices)?.name).toBe(expected);
});

test.each([
  ['metal', [CPU]],
  ['cuda', [METAL, CPU]],
  ['vulkan', [CUDA, CPU]],
] as [Gpu, NativeDevice[]][])('A06: gpu %s that is not there', (gpu, devices) => {
  const names = devices.map(({ name }) => name).join('.*');
  const expected = { code: 'GPU_UNAVAILABLE', message: expect.stringMatching(`no ${gpu} device answers; devices: ${names}`) };
  expect(() => chooseDevice(gpu, devices)).toThrow(expect.objectContaining(expected));
});

test('lists the library and its devices', async () => {
  const { library, devices } = await listDevices();
  expect(library).toEqual({ release: expect.stringMatching(/^\d+\.\d+\.\d+$/), folder: expect.any(String) });
  expect(devices.filter(({ type }) => type === 'cpu')).toHaveLength(1);
  for (const { memoryFree, memoryTotal } of devices) expect(memoryFree).toBeLessThanOrEqual(memoryTotal);
});
