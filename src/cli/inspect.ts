import { Command } from 'commander';
import type { GgufHeader } from '../index.js';
import { alignColumns } from './align.js';
import { bytes, count, parameters } from './numbers.js';
import { addCommonOptions, type CommonFlags } from './options.js';
import { columnsOf, hasColor, isTerminal, type Shell, write } from './shell.js';
import { style } from './style.js';
import { fitStart, oneLine, pad } from './width.js';

interface InspectFlags extends CommonFlags {
  json?: boolean;
  tensors?: boolean;
}

type Value = GgufHeader['metadata'] extends Map<string, infer V> ? V : never;

const ELEMENTS_SHOWN = 8;
const LONGEST_LINE = 1000;

/** `llama-rerank inspect`: what a GGUF file says about itself, without loading the model. */
export function inspectCommand(shell: Shell): Command {
  const command = new Command('inspect')
    .summary('show what a GGUF file holds')
    .description('Show what a GGUF file holds: size, parameters, tensor types, metadata. The model is not loaded.')
    .usage('[options] FILE.gguf')
    .argument('<file>', 'GGUF file')
    .option('--tensors', 'list every tensor')
    .option('--json', 'one JSON object; arrays longer than 64 are shortened');
  return addCommonOptions(command).action(async (file: string, flags: InspectFlags) => {
    const header = await shell.api.inspectModel(file);
    const text = flags.json ? headerJson(file, header, flags.tensors === true) : headerText(file, header, flags, shell);
    await write(shell.stdout, text);
  });
}

function headerText(file: string, header: GgufHeader, flags: InspectFlags, shell: Shell): string {
  const columns = isTerminal(shell.stdout, shell.env) ? columnsOf(shell.stdout, shell.env) : LONGEST_LINE;
  const { dim } = style(hasColor(shell.stdout, shell.env, flags.color));
  const lines = [
    `${dim('file')}        ${oneLine(file)}`,
    `${dim('size')}        ${bytes(header.fileBytes)} (${count(header.fileBytes, 'byte')}), GGUF version ${header.version}`,
    `${dim('parameters')}  ${parameters(header.parameters)} (${count(header.parameters)}) in ${count(header.tensors.length, 'tensor')}`,
  ];
  if (header.expectedBytes > header.fileBytes) {
    lines.push(`${dim('incomplete')}  the tensors need ${count(header.expectedBytes, 'byte')}: the file is cut off`);
  }
  const types = typesOf(header).map((type) => [
    type.type,
    count(type.tensors, 'tensor'),
    `${parameters(type.parameters)} parameters`,
    bytes(type.bytes),
  ]);
  lines.push('', dim('types'), ...indented(types));
  lines.push('', dim('metadata'));
  const width = Math.max(0, ...[...header.metadata.keys()].map((key) => Math.min(40, oneLine(key).length)));
  for (const [key, value] of header.metadata) {
    lines.push(`  ${fitStart(`${pad(oneLine(key), width)}  ${valueText(value)}`, columns - 2)}`.trimEnd());
  }
  if (flags.tensors) {
    const rows = header.tensors.map(({ name, type, shape, bytes: size }) => [
      oneLine(name),
      type,
      shape.join(' x '),
      bytes(size),
    ]);
    lines.push('', dim('tensors'), ...indented(rows));
  }
  return `${lines.join('\n')}\n`;
}

function headerJson(file: string, header: GgufHeader, withTensors: boolean): string {
  const body = {
    file,
    bytes: header.fileBytes,
    expected_bytes: header.expectedBytes,
    version: header.version,
    parameters: header.parameters,
    tensor_count: header.tensors.length,
    types: typesOf(header),
    metadata: Object.fromEntries([...header.metadata].map(([key, value]) => [key, shortened(value)])),
    ...(withTensors ? { tensors: header.tensors } : {}),
  };
  // Integers beyond 2^53 become strings: JSON's readers would round them.
  return `${JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`;
}

function shortened(value: Value): unknown {
  if (!Array.isArray(value) || value.length <= 64) return value;
  return { length: value.length, first: value.slice(0, ELEMENTS_SHOWN) };
}

function valueText(value: Value): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? oneLine(value.slice(0, 2 * LONGEST_LINE)) : numberText(value);
  const first = value.slice(0, ELEMENTS_SHOWN).map((element) => {
    return typeof element === 'string' ? JSON.stringify(element.slice(0, LONGEST_LINE)) : numberText(element);
  });
  return oneLine(`[${first.join(', ')}${value.length > ELEMENTS_SHOWN ? `, … ${count(value.length)} in all` : ''}]`);
}

/** Files hold most fractions in 32 bits: 1e-12 rather than 9.999999960041972e-13. */
function numberText(value: number | bigint | boolean): string {
  if (typeof value !== 'number') return String(value);
  const short = Number(value.toPrecision(7));
  return String(Math.fround(short) === value ? short : value);
}

function typesOf(header: GgufHeader): { type: string; tensors: number; parameters: number; bytes: number }[] {
  const types = new Map<string, { type: string; tensors: number; parameters: number; bytes: number }>();
  for (const tensor of header.tensors) {
    const sum = types.get(tensor.type) ?? { type: tensor.type, tensors: 0, parameters: 0, bytes: 0 };
    sum.tensors++;
    sum.parameters += tensor.shape.reduce((product, length) => product * length, 1);
    sum.bytes += tensor.bytes;
    types.set(tensor.type, sum);
  }
  return [...types.values()].sort((a, b) => b.bytes - a.bytes);
}

function indented(rows: string[][]): string[] {
  return alignColumns(rows).map((line) => `  ${line}`);
}
