// @ts-check
/**
 * Sums up the reports of vitest and prints the sum alone on the last line. Exits 1 if anything failed.
 *
 *   ci-summary.mjs [REPORT.json:STATUS ...] [--failed STEP ...]
 *
 * STATUS is what vitest exited with. A step that failed counts as one failure, and so does a run that failed without a failed test
 * (no report, a crashed worker).
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { failed: { type: 'string', multiple: true, default: [] } },
});

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const total = { passed: 0, failed: 0, skipped: 0 };
console.log('');
for (const argument of positionals) {
  const [, file = argument, status = '0'] = /^(.*):(\d+)$/.exec(argument) ?? [];
  const report = readReport(file);
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  let failed = report?.numFailedTests ?? 0;
  const broken = failed === 0 && (!report?.success || status !== '0');
  if (broken) failed = 1;
  console.log(`${file}: ${passed} passed, ${failed} failed, ${skipped} skipped${broken ? ' (the run itself failed)' : ''}`);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
for (const step of values.failed) console.log(`failed: ${step}`);
total.failed += values.failed.length;
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;
