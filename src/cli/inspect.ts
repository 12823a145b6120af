import { Command } from 'commander';
import type { GgufHeader, ModelReport } from '../index.js';
import { alignColumns } from './align.js';
import { bytes, count, parameters } from './numbers.js';
import { addCommonOptions, type CommonFlags, integer } from './options.js';
import { columnsOf, hasColor, isTerminal, type Shell, write } from './shell.js';
import { style } from './style.js';
import { fitStart, oneLine, pad } from './width.js';

interface InspectFlags extends CommonFlags {
  head?: string;
  documents?: number;
  json?: boolean;
  tensors?: boolean;
}

type Value = GgufHeader['metadata'] extends Map<string, infer V> ? V : never;

const ELEMENTS_SHOWN = 8;
const LONGEST_LINE = 1000;
const PROBLEMS_SHOWN = 20;

/** `llama-rerank inspect`: what a GGUF file says about itself and what is wrong with it, without loading the model. */
export function inspectCommand(shell: Shell): Command {
  const command = new Command('inspect')
    .summary('show what a GGUF file holds')
    .description(
      'Show what a GGUF file holds, how it would rerank, the memory that takes, and what is wrong with it. The model is not loaded.',
    )
    .usage('[options] FILE.gguf')
    .argument('<file>', 'GGUF file')
    .option('--head <file>', "file with the model's head (projector), if it is not beside the model")
    .option('--documents <n>', 'documents of 256 tokens to estimate the memory for (default: 100)', integer(1, 1_000_000))
    .option('--tensors', 'list every tensor')
    .option('--json', 'one JSON object; arrays longer than 64 are shortened');
  return addCommonOptions(command).action(async (file: string, flags: InspectFlags) => {
    const report = await shell.api.inspectModel(file, { head: flags.head, documents: flags.documents });
    const text = flags.json ? reportJson(file, report, flags.tensors === true) : reportText(file, report, flags, shell);
    await write(shell.stdout, text);
  });
}

function reportText(file: string, report: ModelReport, flags: InspectFlags, shell: Shell): string {
  const columns = isTerminal(shell.stdout, shell.env) ? columnsOf(shell.stdout, shell.env) : LONGEST_LINE;
  const { dim } = style(hasColor(shell.stdout, shell.env, flags.color));
  const row = (name: string, text: string): string => `${dim(name)}${' '.repeat(12 - name.length)}${text}`;
  const { shape, problems, remarks } = report;
  const lines = [
    row('file', oneLine(file)),
    row('size', `${bytes(report.fileBytes)} (${count(report.fileBytes, 'byte')}), GGUF version ${report.version}`),
    row(
      'parameters',
      `${parameters(report.parameters)} (${count(report.parameters)}) in ${count(report.tensors.length, 'tensor')}`,
    ),
    row('weights', report.quantization),
    ...(shape
      ? [row('layers', `${shape.layers}, ${count(shape.width)} wide`), row('context', count(shape.contextSize, 'token'))]
      : []),
    row('family', familyText(report)),
    ...prefixRows(report, row),
    ...(report.corrections.length > 0 ? [row('corrected', report.corrections.join(', '))] : []),
    ...(report.memory ? [row('memory', memoryText(report.memory))] : []),
    row('problems', problems.length === 0 ? 'none' : String(problems.length)),
    ...problems.slice(0, PROBLEMS_SHOWN).map(({ code, message }) => `  ${code}: ${oneLine(message.replace(`${file}: `, ''))}`),
    ...(problems.length > PROBLEMS_SHOWN ? [`  … and ${problems.length - PROBLEMS_SHOWN} more: --json shows them`] : []),
    ...remarks.map((remark) => row('remark', remark)),
  ];
  return `${[...lines, ...headerLines(report, flags, columns, dim)].join('\n')}\n`;
}

function familyText({ family, head }: ModelReport): string {
  if (family === undefined) return 'none: this file cannot be loaded';
  return head === undefined ? family : `${family}, with the head ${oneLine(head)}`;
}

function prefixRows({ prefixes }: ModelReport, row: (name: string, text: string) => string): string[] {
  if (prefixes === undefined) return [];
  return [
    row('query', `${JSON.stringify(prefixes.query)} stands before it`),
    row('documents', `${JSON.stringify(prefixes.document)} stands before them`),
  ];
}

function memoryText(memory: NonNullable<ModelReport['memory']>): string {
  const parts = [`${bytes(memory.weights)} weights`, ...(memory.cache > 0 ? [`${bytes(memory.cache)} attention cache`] : [])];
  const documents = `${count(memory.documents, 'document')} of ${count(memory.tokensPerDocument, 'token')}`;
  return `about ${bytes(memory.total)} for ${documents} (${parts.join(', ')})`;
}

function headerLines(header: GgufHeader, flags: InspectFlags, columns: number, dim: (text: string) => string): string[] {
  const lines: string[] = [];
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
  return lines;
}

function reportJson(file: string, report: ModelReport, withTensors: boolean): string {
  const { shape, memory } = report;
  const body = {
    file,
    bytes: report.fileBytes,
    expected_bytes: report.expectedBytes,
    version: report.version,
    family: report.family ?? null,
    head: report.head ?? null,
    prefixes: report.prefixes ?? null,
    corrections: report.corrections,
    quantization: report.quantization,
    shape: shape ? { layers: shape.layers, width: shape.width, context_size: shape.contextSize } : null,
    memory: memory ? { ...memory, tokensPerDocument: undefined, tokens_per_document: memory.tokensPerDocument } : null,
    problems: report.problems,
    remarks: report.remarks,
    parameters: report.parameters,
    tensor_count: report.tensors.length,
    types: typesOf(report),
    metadata: Object.fromEntries([...report.metadata].map(([key, value]) => [key, shortened(value)])),
    ...(withTensors ? { tensors: report.tensors } : {}),
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
