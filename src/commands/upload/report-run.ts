import { exitCodes, isInterrupted } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import type { GitHubReporter } from '../../report/github-reporter.ts';
import { assertRequest } from '../../report/request-object.ts';
import { isRequestFormat, type ResultFormat } from '../../report/result-formats.ts';
import type { StandardError } from '../../report/standard-error.ts';
import type { UploadReporter } from '../../report/upload-reporter.ts';
import { unlessAborted } from '../../until-aborted.ts';
import { checkAndUpload } from '../../upload/check-and-upload.ts';
import type { CheckedFile } from '../../upload/checked-file.ts';
import type { UploadFlags } from './command.ts';
import type { Plan } from './plan.ts';

/** How long after an interruption records may still go to a slow reader of standard output. */
const printingMs = 450;

/** Checks and uploads the files, and reports the events and records. */
export async function reportRun(
  { found, options, sheet }: Plan,
  flags: UploadFlags,
  {
    format,
    reporter,
    standardError,
    host,
  }: { format: ResultFormat; reporter: UploadReporter; standardError: StandardError; host: Host },
): Promise<number> {
  const { clock, random, signal } = host;
  const startedAtMs = clock.monotonicMs();
  let printUntilMs = Number.POSITIVE_INFINITY;
  const onAbort = () => {
    printUntilMs = clock.monotonicMs() + printingMs;
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) {
    onAbort();
  }
  const github = flags.annotations ? await createGitHubReporter(standardError, host) : undefined;
  const records = checkAndUpload(found, options, {
    clock,
    machine: host,
    random,
    signal,
    draining: reporter.outputFailure,
    onEvent: (event) => {
      reporter.onEvent(event);
      standardError.onEvent(event);
    },
    onChecked: (files) => {
      assertAssets(format, files);
      sheet?.checked(files);
    },
    onFittedImage: sheet && ((index, path) => sheet.fitted(index, path)),
  });
  let printing = Promise.resolve();
  for await (const block of records) {
    for (const record of block) {
      github?.record(record);
    }
    printing = printing.then(() => reporter.records(block, clock.monotonicMs() > printUntilMs));
    // After an interruption, the sheet must be written even if the reader of standard output no longer reads.
    await unlessAborted(printing, signal);
    await sheet?.records(block);
  }
  const sheetProblem = await sheet?.end();
  await printing;
  standardError.stopProgress();
  if (sheetProblem !== undefined) {
    standardError.messages.error(sheetProblem);
  }
  await reporter.end(
    clock.monotonicMs() - startedAtMs,
    options.destination !== undefined && isInterrupted(signal) ? { manifest: flags.manifest } : undefined,
  );
  const summaryProblem = await github?.end();
  if (summaryProblem !== undefined) {
    standardError.messages.warn(summaryProblem);
  }
  const exitCode = reporter.tally.exitCode(signal);
  const hasFailed =
    reporter.outputFailure.aborted || (sheetProblem !== undefined && exitCode === exitCodes.success);
  return hasFailed && !signal.aborted ? exitCodes.failure : exitCode;
}

/** @throws UsageError if a request object cannot hold the acceptable files */
function assertAssets(format: ResultFormat, files: readonly CheckedFile[]): void {
  if (isRequestFormat(format)) {
    const assets = files.flatMap(({ path, check }) => {
      switch (check.kind) {
        case 'acceptable':
          return { path, type: check.asset.type, durationMs: check.asset.durationMs };
        case 'known':
          return { path, type: check.upload.type, durationMs: check.upload.mediaDurationMs };
        default:
          return [];
      }
    });
    assertRequest(format, assets, assets.length === files.length);
  }
}

/** A reporter for a step of GitHub Actions; undefined elsewhere. */
async function createGitHubReporter(
  { print }: StandardError,
  host: Host,
): Promise<GitHubReporter | undefined> {
  if (host.env.GITHUB_ACTIONS !== 'true') {
    return undefined;
  }
  const { GitHubReporter } = await import('../../report/github-reporter.ts');
  return new GitHubReporter(print, host);
}
