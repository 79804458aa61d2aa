import { Chalk } from 'chalk';
import { UsageError } from '../errors.ts';
import { Tally } from '../exit-code.ts';
import { checkFiles } from '../files/check-files.ts';
import { type FoundFile, findFiles } from '../files/find-files.ts';
import { readList } from '../files/read-list.ts';
import type { Host } from '../host.ts';
import { createMessages, isColoured, type Verbosity } from '../report/messages.ts';
import { createProgress, type Progress } from '../report/progress.ts';
import { createResultWriter, mostFrames, type ResultFormat } from '../report/result-writer.ts';
import { UploadReporter } from '../report/upload-reporter.ts';
import { loadSettings, type SettingFlags } from '../settings/load.ts';
import { type ResolvedSettings, resolveSettings } from '../settings/resolve.ts';
import { isUsualToken } from '../settings/token.ts';
import type { UploadRecord } from '../upload/record.ts';
import { uploadBatch } from '../upload/upload-batch.ts';
import { validateFiles } from '../upload/validate-files.ts';
import { type Destination, openSandbox, openService } from './destination.ts';

/** The flags of `dreamina upload`, as they were typed. */
export interface UploadFlags extends SettingFlags {
  readonly filesFrom?: string;
  readonly null?: boolean;
  readonly recursive?: boolean;
  readonly format?: ResultFormat;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly failFast?: boolean;
  readonly sandbox?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: boolean;
  readonly config?: string | false;
}

/**
 * Runs `dreamina upload` and returns its exit code.
 *
 * @throws UsageError or ConfigError before anything is sent
 */
export async function upload(patterns: readonly string[], flags: UploadFlags, host: Host): Promise<number> {
  const format = resolveFormat(flags);
  const found = await findInputs(patterns, flags, host);
  if (format === 'frames' && found.length > mostFrames) {
    throw new UsageError(
      `--format frames takes ${mostFrames} images at the most, as POST /videos does; these are ${found.length}`,
    );
  }

  let progress: Progress | undefined;
  const printLines = (lines: string) => (progress ? progress.print(lines) : host.stderr.write(lines));
  const colour = new Chalk({ level: isColoured(host.stderr, host.env) ? 1 : 0 });
  const messages = createMessages(printLines, verbosityOf(flags), colour);

  const layers = await loadSettings({ flags, config: flags.config }, host);
  const { settings, warnings } = resolveSettings(layers, {
    omit: flags.sandbox ? ['token', 'account', 'apiUrl'] : [],
  });
  for (const warning of warnings) {
    messages.warn(warning);
  }
  if (settings.token !== undefined && !isUsualToken(settings.token.value)) {
    messages.warn('the token does not look like one of useapi.net (user:<digits>-<letters and digits>)');
  }

  const destination = await openDestination(flags, settings, host);
  const startedAt = host.clock.now();
  const failFast = flags.failFast ?? false;
  const print = (text: string) => new Promise<void>((done) => host.stdout.write(text, () => done()));
  const reporter = new UploadReporter(createResultWriter(format, print), messages, format);
  const tally = new Tally();
  try {
    const files = await checkFiles(found, { failFast }, host.signal);
    if (destination !== undefined && showsProgress(flags, host)) {
      progress = createProgress(host.stderr, files.length);
    }
    const records: Iterable<UploadRecord> | AsyncIterable<UploadRecord> =
      destination === undefined
        ? validateFiles(files)
        : uploadBatch(
            files,
            {
              account: destination.account,
              concurrency: settings.concurrency.value,
              retries: settings.retries.value,
              failFast,
            },
            {
              uploader: destination.client,
              clock: host.clock,
              random: host.random,
              signal: host.signal,
              onEvent: (event) => {
                reporter.onEvent(event);
                progress?.onEvent(event);
              },
            },
          );
    for await (const record of records) {
      tally.add(record);
      await reporter.record(record);
    }
  } finally {
    progress?.stop();
    progress = undefined;
    await destination?.close();
  }
  await reporter.end(host.clock.now() - startedAt);
  return tally.exitCode(host.signal);
}

function resolveFormat({ format, json }: UploadFlags): ResultFormat {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(`--json is --format json and does not go with --format ${format}`);
  }
  return json ? 'json' : (format ?? 'text');
}

function verbosityOf({ quiet, verbose }: UploadFlags): Verbosity {
  if (quiet && verbose) {
    throw new UsageError('--quiet and --verbose do not go together');
  }
  return quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
}

/** Standard error is drawn on only where a person is likely to look at it as it moves. */
function showsProgress({ progress, quiet }: UploadFlags, { stderr, env }: Host): boolean {
  return (
    progress && !quiet && stderr.isTTY === true && (stderr.columns ?? 0) > 0 && env.TERM !== 'dumb' && !env.CI
  );
}

async function findInputs(
  patterns: readonly string[],
  { filesFrom, null: nullSeparated = false, recursive = false }: UploadFlags,
  host: Host,
): Promise<readonly FoundFile[]> {
  if (nullSeparated && filesFrom === undefined) {
    throw new UsageError('--null says how the list of --files-from is written; there is none');
  }
  if (filesFrom === '-' && patterns.includes('-')) {
    throw new UsageError('standard input cannot be both the list of --files-from and an image');
  }
  const literals = filesFrom === undefined ? [] : await readList(filesFrom, nullSeparated, host);
  return findFiles({ patterns, literals, recursive }, host);
}

/** Undefined for a dry run, which sends nothing and therefore needs neither token nor account. */
async function openDestination(
  { dryRun, sandbox }: UploadFlags,
  settings: ResolvedSettings,
  host: Host,
): Promise<Destination | undefined> {
  if (dryRun) {
    return undefined;
  }
  return sandbox ? openSandbox(settings, host) : openService(settings, host);
}
