import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { alignColumns } from './align.js';
import { nativeFindings } from './doctor-native.js';
import { archiveFinding, cacheFindings, memoryFinding, nodeFinding, platformFinding, processorFinding } from './doctor-system.js';
import { Unhealthy } from './exit.js';
import type { Finding } from './finding.js';
import { count } from './numbers.js';
import { addCommonOptions, type CommonFlags } from './options.js';
import { hasColor, type Shell, write } from './shell.js';
import { type Style, style } from './style.js';
import { oneLine } from './width.js';

interface DoctorFlags extends CommonFlags {
  json?: boolean;
}

/** `llama-rerank doctor`: looks at the installation and says what is wrong and how to mend it. */
export function doctorCommand(shell: Shell): Command {
  const command = new Command('doctor')
    .summary('look at the installation, and say what is wrong')
    .description(
      'Look at Node, the addon, llama.cpp, devices, the starter model and the cache. Something that does not work is exit code 1.',
    )
    .usage('[options]')
    .option('--json', 'one JSON object');
  return addCommonOptions(command).action(async (flags: DoctorFlags) => {
    const findings = await examine(shell);
    const bad = findings.filter(({ state }) => state === 'bad').map(({ name }) => name);
    const text = flags.json
      ? `${JSON.stringify({ healthy: bad.length === 0, findings }, null, 2)}\n`
      : report(findings, bad.length, style(hasColor(shell.stdout, shell.env, flags.color)));
    await write(shell.stdout, text);
    if (bad.length > 0) throw new Unhealthy(`${count(bad.length, 'problem')}: ${bad.join(', ')}`);
  });
}

async function examine(shell: Shell): Promise<Finding[]> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined);
  return [
    nodeFinding(),
    platformFinding(),
    ...archiveFinding(import.meta.url),
    processorFinding(shell.env, cpuinfo),
    memoryFinding(),
    ...(await nativeFindings(shell)),
    ...(await cacheFindings(shell)),
  ];
}

function report(findings: Finding[], bad: number, paint: Style): string {
  const colors = { ok: paint.green, note: paint.yellow, bad: paint.bold };
  const starts = alignColumns(findings.map(({ state, name }) => [state.padEnd(4), name, '.']));
  const lines = findings.flatMap(({ state, found, advice }, i) => {
    const start = (starts[i] ?? '').slice(0, -1);
    const line = `${colors[state](start.slice(0, 4))}${start.slice(4)}${oneLine(found)}`;
    return advice === undefined ? [line] : [line, `${' '.repeat(start.length)}${paint.dim('->')} ${oneLine(advice)}`];
  });
  const end = bad === 0 ? paint.green('all is well') : paint.bold(`${count(bad, 'problem')} to mend`);
  return `${[...lines, '', end].join('\n')}\n`;
}
