import { Interruption } from '../../errors.ts';
import { isInterrupted } from '../../exit-code.ts';
import type { FoundFile } from '../../files/found-file.ts';
import type { Host } from '../../host.ts';
import { createResultWriter } from '../../report/result-writer.ts';
import { StandardError } from '../../report/standard-error.ts';
import { interruptedBeforeAny, UploadReporter } from '../../report/upload-reporter.ts';
import { writeOutput } from '../../report/write-output.ts';
import { untilAborted } from '../../until-aborted.ts';
import type { UploadFlags } from './command.ts';
import { type Plan, preparePlan, resolveFormat, resolveVerbosity } from './plan.ts';
import { reportRun } from './report-run.ts';

/** Runs `dreamina upload`; throws a UsageError or ConfigError before anything is sent. */
export async function runUpload(
  patterns: readonly string[],
  flags: UploadFlags,
  host: Host,
): Promise<number> {
  const format = resolveFormat(flags);
  const standardError = await StandardError.open(host, resolveVerbosity(flags));
  const { messages } = standardError;
  const print = (text: string) => writeOutput(text, host);
  let plan: Plan;
  try {
    // An interruption ends every wait, also that for a folder on a dead disk or for a silent pipe.
    plan = await untilAborted(preparePlan(patterns, flags, { format, messages, host }), host.signal);
  } catch (error) {
    if (error instanceof Interruption) {
      await createResultWriter(format, print, () => '').end([]);
      if (isInterrupted(host.signal) && !flags.dryRun) {
        messages.note(interruptedBeforeAny);
      }
    }
    throw error;
  }
  const { found, destination } = plan;
  try {
    if (destination !== undefined && showsProgress(flags, host)) {
      await standardError.loadProgress(new URL(destination.apiUrl).host);
    }
    const results = createResultWriter(format, print, await createLabel(found, host));
    const reporter = new UploadReporter(format, results, messages, destination?.apiUrl ?? '');
    return await reportRun(plan, flags, { format, reporter, standardError, host });
  } finally {
    standardError.stopProgress();
    await destination?.close();
  }
}

/** On a terminal, a person must see which line belongs to which file; a script needs lines that are only references. */
async function createLabel(found: readonly FoundFile[], { stdout }: Host): Promise<(path: string) => string> {
  if (stdout.isTTY !== true || found.length === 1) {
    return () => '';
  }
  const { createPathLabel } = await import('../../report/path-label.ts');
  return createPathLabel(
    found.map(({ path }) => path),
    stdout.columns,
  );
}

/** Progress is drawn only if a person is likely to watch it. */
function showsProgress({ progress, quiet }: UploadFlags, { stderr, env }: Host): boolean {
  return progress && !quiet && stderr.isTTY === true && env.TERM !== 'dumb' && !isContinuousIntegration(env);
}

/** Some set `CI` to `false` or `0` on a person's machine. */
function isContinuousIntegration({ CI }: Host['env']): boolean {
  return Boolean(CI) && CI !== 'false' && CI !== '0';
}
