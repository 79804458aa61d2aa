import stringWidth from 'string-width';
import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { type Colours, loadColours } from '../../report/colours.ts';
import { escapeUnsafe, formatJson } from '../../report/escape.ts';
import { wrapWords } from '../../report/wrap-words.ts';
import { writeOutput } from '../../report/write-output.ts';
import { countOf } from '../../words.ts';
import type { DoctorFlags } from './command.ts';
import { diagnose } from './diagnose.ts';
import type { CheckResult, Finding } from './finding.ts';

/** Runs `dreamina doctor` and returns its exit code: 0 if there is no problem; warnings do not count. */
export async function runDoctor(flags: DoctorFlags, host: Host): Promise<number> {
  const colours = await loadColours(host.stdout, host.env);
  const columns = (host.stdout.isTTY && host.stdout.columns) || Number.POSITIVE_INFINITY;
  const results: CheckResult[] = [];
  for await (const result of diagnose(flags.config, host)) {
    results.push(result);
    if (!flags.json) {
      await writeOutput(formatFinding(result, colours, columns), host);
    }
  }
  await writeOutput(
    flags.json
      ? `${formatJson(results.map(toFinding), 2)}\n`
      : `\n${formatVerdict(results, colours, columns)}\n`,
    host,
  );
  return exitCodeFor(results);
}

/** A problem with the settings (4) takes precedence over any other (1), because the user can fix it. */
function exitCodeFor(results: readonly CheckResult[]): number {
  return Math.max(exitCodes.success, ...results.map(({ exitCode = exitCodes.success }) => exitCode));
}

function toFinding({ check, status, message, advice }: CheckResult): Finding {
  return { check, status, message, advice };
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

/** With fewer columns than this, a message goes below the name of its check. */
const minMessageColumns = 30;

function formatFinding(
  { check, status, message, advice }: Finding,
  colours: Colours,
  columns: number,
): string {
  const mark = colours[marks[status]](status.padEnd(markWidth));
  const messageColumn = markWidth + checkWidth + 4;
  const isNarrow = columns - messageColumn < minMessageColumns;
  const indent = ' '.repeat(isNarrow ? 4 : messageColumn);
  const texts = advice === undefined ? [message] : [message, advice];
  const lines = texts.flatMap((text) =>
    wrapWords(escapeUnsafe(text).split(' '), columns - indent.length, stringWidth),
  );
  const [first, ...rest] = isNarrow ? ['', ...lines] : lines;
  const head = `${mark}  ${check.padEnd(checkWidth)}  ${first}`.trimEnd();
  return [head, ...rest.map((line) => indent + line)].map((line) => `${line}\n`).join('');
}

/** A summary of all results. */
function formatVerdict(results: readonly CheckResult[], colours: Colours, columns: number): string {
  const count = (status: Finding['status']) => results.filter((result) => result.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  const but = warnings > 0 ? `, but ${countOf(warnings, 'warning')}` : '';
  const verdict =
    problems > 0
      ? `${countOf(problems, 'problem')}: uploads will fail until ${problems === 1 ? 'it is' : 'they are'} fixed.`
      : `No problem${but}: uploads should work.`;
  const colour = colours[problems > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green'];
  return wrapWords(verdict.split(' '), columns)
    .map((line) => colour(line))
    .join('\n');
}
