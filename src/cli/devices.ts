import { createRequire } from 'node:module';
import { Command } from 'commander';
import type { Gpu, NativeDevice } from '../index.js';
import { alignColumns } from './align.js';
import { bytes } from './numbers.js';
import { addCommonOptions, type CommonFlags, gpuOption } from './options.js';
import { hasColor, type Shell, write } from './shell.js';
import { style } from './style.js';
import { oneLine } from './width.js';

interface DevicesFlags extends CommonFlags {
  gpu?: Gpu;
  json?: boolean;
}

/** `llama-rerank devices`: the llama.cpp in use and the devices that it finds. */
export function devicesCommand(shell: Shell): Command {
  const command = new Command('devices')
    .summary('show the llama.cpp in use and its devices')
    .description('Show which llama.cpp is in use, and the devices that it can run models on.')
    .usage('[options]')
    .addOption(gpuOption())
    .option('--json', 'one JSON object');
  return addCommonOptions(command).action(async (flags: DevicesFlags) => {
    const { library, devices } = await shell.api.listDevices(flags.gpu === undefined ? {} : { gpu: flags.gpu });
    const text = flags.json
      ? `${JSON.stringify({ library: { ...library, addon: loadedAddon() }, devices: devices.map(deviceJson) }, null, 2)}\n`
      : `llama.cpp ${library.release}  ${library.folder}\n\n${deviceTable(devices, hasColor(shell.stdout, shell.env, flags.color))}`;
    await write(shell.stdout, text);
  });
}

/** The addon's file, as Node has it among the modules that were loaded. */
function loadedAddon(): string | undefined {
  return Object.keys(createRequire(import.meta.url).cache).find((file) => /llama.rerank.*\.node$/.test(file));
}

function deviceJson(device: NativeDevice): object {
  const { name, type, backend, description, memoryFree, memoryTotal } = device;
  return { name, type, backend, description, memory_free: memoryFree, memory_total: memoryTotal };
}

function deviceTable(devices: NativeDevice[], color: boolean): string {
  const rows = devices.map((device) => [
    device.name,
    device.type,
    device.backend,
    memory(device.memoryFree),
    memory(device.memoryTotal),
    oneLine(device.description),
  ]);
  const [header = '', ...lines] = alignColumns([['device', 'type', 'backend', 'free', 'memory', 'description'], ...rows]);
  return `${[style(color).dim(header), ...lines].join('\n')}\n`;
}

function memory(value: number): string {
  return value > 0 ? bytes(value) : '-';
}
