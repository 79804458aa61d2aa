import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { type Colours, loadColours } from '../../report/colours.ts';
import { escapeUnsafe, formatJson } from '../../report/escape.ts';
import type { DoctorFlags } from './command.ts';
import { diagnose } from './diagnose.ts';
import type { CheckResult, Finding } from './finding.ts';

/** Runs `dreamina doctor` and returns its exit code: 0 if there is no problem; warnings do not count. */
export async function runDoctor(flags: DoctorFlags, host: Host): Promise<number> {
  const colours = await loadColours(host.stdout, host.env);
  const results: CheckResult[] = [];
  for await (const result of diagnose(flags.config, host)) {
    results.push(result);
    if (!flags.json) {
      host.stdout.write(formatFinding(result, colours));
    }
  }
  if (flags.json) {
    host.stdout.write(`${formatJson(results.map(toFinding), 2)}\n`);
  }
  return exitCodeFor(results);
}

/** A problem with the settings (4) goes before any other (1), because people can fix it themselves. */
function exitCodeFor(results: readonly CheckResult[]): number {
  return Math.max(
    exitCodes.success,
    ...results.map((result) => (result.status === 'problem' ? result.exitCode : exitCodes.success)),
  );
}

function toFinding({ check, status, message, advice }: CheckResult): Finding {
  return { check, status, message, ...(advice !== undefined && { advice }) };
}

const marks = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
  skipped: 'dim',
} as const satisfies Record<Finding['status'], string>;

const markWidth = Math.max(...Object.keys(marks).map((mark) => mark.length));

/** As wide as the longest name of a check. */
const checkWidth = 'certificates'.length;

function formatFinding({ check, status, message, advice }: Finding, colours: Colours): string {
  const mark = colours[marks[status]](status.padEnd(markWidth));
  const line = `${mark}  ${check.padEnd(checkWidth)}  ${escapeUnsafe(message)}\n`;
  const indent = ' '.repeat(markWidth + checkWidth + 4);
  return advice === undefined ? line : `${line}${indent}${escapeUnsafe(advice)}\n`;
}
