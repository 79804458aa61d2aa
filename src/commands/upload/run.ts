import { resolve } from 'node:path';
import { describeErrno } from '../../errno.ts';
import { OutputError, UsageError } from '../../errors.ts';
import { Tally } from '../../exit-code.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import { readList } from '../../files/read-list.ts';
import type { Host } from '../../host.ts';
import { GitHubReporter, isGitHubStep } from '../../report/github-reporter.ts';
import type { Messages, Verbosity } from '../../report/messages.ts';
import { createResultWriter, maxFrames, type ResultFormat } from '../../report/result-writer.ts';
import { StandardError } from '../../report/standard-error.ts';
import { UploadReporter } from '../../report/upload-reporter.ts';
import { parseDuration } from '../../settings/duration.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { type RequiredSettings, requireSettings } from '../../settings/require.ts';
import { resolveSettings } from '../../settings/resolve.ts';
import { runSession, type SessionOptions } from '../../upload/session.ts';
import { warnOfUnusualToken } from '../service.ts';
import type { UploadFlags } from './command.ts';
import { type OpenDestination, openSandbox, openService, warnOfProjectServer } from './destination.ts';

/**
 * Runs `dreamina upload` and returns its exit code.
 *
 * @throws UsageError or ConfigError before anything is sent
 */
export async function runUpload(
  patterns: readonly string[],
  flags: UploadFlags,
  host: Host,
): Promise<number> {
  const format = resolveFormat(flags);
  const found = await findInputs(patterns, flags, host);
  if (format === 'frames' && found.length > maxFrames) {
    throw new UsageError(
      `--format frames takes at most ${maxFrames} images, as POST /videos does; there are ${found.length}`,
    );
  }
  const maxAgeMs = resolveMaxAge(flags);
  const standardError = await StandardError.open(host, resolveVerbosity(flags));
  const settings = await readSettings(flags, standardError.messages, host);
  const destination = await openDestination(flags, settings, standardError.messages, host);
  try {
    const options: SessionOptions = {
      destination,
      concurrency: settings.concurrency.value,
      retries: settings.retries.value,
      failFast: flags.failFast ?? false,
      manifestPath: flags.manifest === undefined ? undefined : resolve(host.cwd, flags.manifest),
      maxAgeMs,
    };
    if (destination !== undefined && showsProgress(flags, host)) {
      await standardError.loadProgress();
    }
    const reporter = new UploadReporter(
      createResultWriter(format, (text) => print(text, host.stdout)),
      standardError.messages,
      format,
      destination?.apiUrl ?? '',
    );
    return await reportSession(found, options, { reporter, standardError, flags, host });
  } finally {
    standardError.stopProgress();
    await destination?.close();
  }
}

/** Runs the session and reports its events and records. */
async function reportSession(
  found: readonly FoundFile[],
  options: SessionOptions,
  {
    reporter,
    standardError,
    flags,
    host,
  }: { reporter: UploadReporter; standardError: StandardError; flags: UploadFlags; host: Host },
): Promise<number> {
  const { clock, random, signal } = host;
  const startedAtMs = clock.now();
  const github =
    flags.annotations && isGitHubStep(host.env) ? new GitHubReporter(standardError.print, host) : undefined;
  const tally = new Tally();
  const records = runSession(found, options, {
    clock,
    random,
    signal,
    onEvent: (event) => {
      reporter.onEvent(event);
      standardError.onEvent(event);
    },
  });
  for await (const record of records) {
    tally.add(record);
    await reporter.record(record);
    github?.record(record);
  }
  standardError.stopProgress();
  await reporter.end(clock.now() - startedAtMs);
  await github?.end();
  return tally.exitCode(signal);
}

async function readSettings(flags: UploadFlags, messages: Messages, host: Host): Promise<RequiredSettings> {
  const resolved = resolveSettings(await gatherSettings({ flags, config: flags.config }, host), {
    ignore: flags.sandbox ? ['token', 'account', 'apiUrl'] : [],
  });
  for (const alert of resolved.alerts) {
    messages.alert(alert);
  }
  const settings = requireSettings(resolved);
  for (const warning of resolved.warnings) {
    messages.warn(warning);
  }
  if (settings.token !== undefined) {
    warnOfUnusualToken(settings.token.value, messages);
  }
  return settings;
}

/** Resolves when standard output can take more, and also when its reader is gone, which interrupts the run. */
function print(text: string, stdout: Host['stdout']): Promise<void> {
  return new Promise((done, fail) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') {
        done();
      } else {
        fail(new OutputError(describeErrno(error), text));
      }
    });
  });
}

function resolveFormat({ format, json }: UploadFlags): ResultFormat {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(`--json means --format json and cannot be combined with --format ${format}`);
  }
  return json ? 'json' : (format ?? 'text');
}

function resolveVerbosity({ quiet, verbose }: UploadFlags): Verbosity {
  if (quiet && verbose) {
    throw new UsageError('--quiet and --verbose cannot be combined');
  }
  return quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
}

/** Progress is drawn only where a person is likely to watch it. */
function showsProgress({ progress, quiet }: UploadFlags, { stderr, env }: Host): boolean {
  return (
    progress && !quiet && stderr.isTTY === true && (stderr.columns ?? 0) > 0 && env.TERM !== 'dumb' && !env.CI
  );
}

async function findInputs(
  patterns: readonly string[],
  { filesFrom, null: nullSeparated, recursive }: UploadFlags,
  host: Host,
): Promise<readonly FoundFile[]> {
  if (nullSeparated && filesFrom === undefined) {
    throw new UsageError('--null needs --files-from: it says how that list is written');
  }
  if (filesFrom === '-' && patterns.includes('-')) {
    throw new UsageError('standard input cannot be both the list of --files-from and a file to upload');
  }
  const literals = filesFrom === undefined ? [] : await readList(filesFrom, nullSeparated ?? false, host);
  return findFiles({ patterns, literals, recursive: recursive ?? false }, host);
}

function resolveMaxAge({ manifest, maxAge }: UploadFlags): number | undefined {
  if (maxAge === undefined) {
    return undefined;
  }
  if (manifest === undefined) {
    throw new UsageError('--max-age needs --manifest: it says how old its entries may be');
  }
  const maxAgeMs = parseDuration(maxAge);
  if (maxAgeMs === undefined) {
    throw new UsageError(
      `--max-age must be a duration such as 90m, 12h or 7d; it is ${JSON.stringify(maxAge)}`,
    );
  }
  return maxAgeMs;
}

/** Opens nothing for a dry run, which sends nothing and needs neither token nor account. */
async function openDestination(
  { dryRun, sandbox }: UploadFlags,
  settings: RequiredSettings,
  messages: Messages,
  host: Host,
): Promise<OpenDestination | undefined> {
  if (dryRun) {
    return undefined;
  }
  if (sandbox) {
    return openSandbox(settings, host);
  }
  const service = await openService(settings, host);
  warnOfProjectServer(settings.apiUrl, messages);
  return service;
}
