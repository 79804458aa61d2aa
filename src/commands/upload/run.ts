import { absolutePath } from '../../absolute-path.ts';
import { Interruption, UsageError } from '../../errors.ts';
import { exitCodes, Tally } from '../../exit-code.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import { readList } from '../../files/read-list.ts';
import { parseWishes } from '../../files/wishes.ts';
import type { Host } from '../../host.ts';
import { listExtensions } from '../../media/asset-types.ts';
import { GitHubReporter, isGitHubStep } from '../../report/github-reporter.ts';
import type { Messages, Verbosity } from '../../report/messages.ts';
import { assertRequest, assertRequestCount, isRequestFormat } from '../../report/request-object.ts';
import { createResultWriter, type ResultFormat } from '../../report/result-writer.ts';
import { StandardError } from '../../report/standard-error.ts';
import { UploadReporter } from '../../report/upload-reporter.ts';
import { writeOutput } from '../../report/write-output.ts';
import { parseDuration } from '../../settings/duration.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { type RequiredSettings, requireSettings } from '../../settings/require.ts';
import { resolveSettings } from '../../settings/resolve.ts';
import { untilAborted } from '../../until-aborted.ts';
import type { PreparedFile } from '../../upload/prepared-file.ts';
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
  const results = createResultWriter(format, (text) => writeOutput(text, host));
  let plan: Plan;
  try {
    // Whatever is waited for, a folder on a dead disk or a silent pipe, an interruption ends the wait.
    plan = await untilAborted(preparePlan(patterns, flags, host), host.signal);
  } catch (error) {
    if (error instanceof Interruption) {
      await results.end();
    }
    throw error;
  }
  const { found, options, destination, standardError } = plan;
  try {
    if (destination !== undefined && showsProgress(flags, host)) {
      await standardError.loadProgress();
    }
    const outputFailure = new AbortController();
    const reporter = new UploadReporter(results, standardError.messages, {
      format,
      destination: destination?.apiUrl ?? '',
      onOutputFailure: () => outputFailure.abort(),
    });
    return await reportSession(found, options, {
      reporter,
      standardError,
      draining: outputFailure.signal,
      flags,
      host,
    });
  } finally {
    standardError.stopProgress();
    await destination?.close();
  }
}

/** What is to be uploaded, and how. */
interface Plan {
  readonly found: readonly FoundFile[];
  readonly options: SessionOptions;
  readonly destination: OpenDestination | undefined;
  readonly standardError: StandardError;
}

async function preparePlan(patterns: readonly string[], flags: UploadFlags, host: Host): Promise<Plan> {
  const format = resolveFormat(flags);
  const wishes = parseWishes(flags);
  const isFittingAll = shouldFitAll(flags);
  const found = await findInputs(patterns, flags, host);
  if (isRequestFormat(format)) {
    assertRequestCount(format, found.length);
  }
  const maxAgeMs = resolveMaxAge(flags);
  const manifestPath = resolveManifestPath(flags, host);
  const standardError = await StandardError.open(host, resolveVerbosity(flags));
  const settings = await readSettings(flags, standardError.messages, host);
  const destination = await openDestination(flags, settings, standardError.messages, host);
  const options: SessionOptions = {
    destination,
    concurrency: settings.concurrency.value,
    retries: settings.retries.value,
    failFast: flags.failFast ?? false,
    noLimits: flags.limits === false,
    fit:
      isFittingAll || found.some((file) => file.wishes !== undefined)
        ? { all: isFittingAll, wishes, dir: resolveFitDir(flags, host), first: isRequestFormat(format) }
        : undefined,
    manifestPath,
    maxAgeMs,
  };
  return { found, options, destination, standardError };
}

/** How long after an interruption records may still go to a slow reader of standard output. */
const printingMs = 450;

/** Runs the session and reports its events and records. */
async function reportSession(
  found: readonly FoundFile[],
  options: SessionOptions,
  {
    reporter,
    standardError,
    draining,
    flags,
    host,
  }: {
    reporter: UploadReporter;
    standardError: StandardError;
    /** Aborted when nothing new may start. */
    draining: AbortSignal;
    flags: UploadFlags;
    host: Host;
  },
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
  const github =
    flags.annotations && isGitHubStep(host.env)
      ? new GitHubReporter(standardError.print, host.env.GITHUB_STEP_SUMMARY)
      : undefined;
  const tally = new Tally();
  const records = runSession(found, options, {
    clock,
    machine: host,
    random,
    signal,
    draining,
    onEvent: (event) => {
      reporter.onEvent(event);
      standardError.onEvent(event);
    },
    onChecked: (files) => assertAssets(resolveFormat(flags), files),
  });
  for await (const block of records) {
    for (const record of block) {
      tally.add(record);
      github?.record(record);
    }
    await reporter.records(block, clock.monotonicMs() > printUntilMs);
  }
  standardError.stopProgress();
  await reporter.end(clock.monotonicMs() - startedAtMs);
  await github?.end();
  return reporter.hasOutputFailed && !signal.aborted ? exitCodes.failure : tally.exitCode(signal);
}

/** @throws UsageError where a request object cannot hold what is acceptable */
function assertAssets(format: ResultFormat, files: readonly PreparedFile[]): void {
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
    assertRequest(format, assets);
  }
}

async function readSettings(flags: UploadFlags, messages: Messages, host: Host): Promise<RequiredSettings> {
  const resolved = resolveSettings(await gatherSettings({ flags, config: flags.config }, host), {
    ignore: flags.sandbox ? ['token', 'account', 'apiUrl'] : [],
  });
  const settings = requireSettings(resolved);
  for (const warning of resolved.warnings) {
    messages.warn(warning);
  }
  if (settings.token !== undefined) {
    warnOfUnusualToken(settings.token.value, messages);
  }
  return settings;
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
  flags: UploadFlags,
  host: Host,
): Promise<readonly FoundFile[]> {
  const { filesFrom, null: nullSeparated, recursive, exclude = [], hidden } = flags;
  if (nullSeparated && filesFrom === undefined) {
    throw new UsageError('--null needs --files-from: it says how that list is written');
  }
  if (filesFrom === '') {
    throw new UsageError('--files-from needs the name of a file');
  }
  if (filesFrom === '-' && patterns.includes('-')) {
    throw new UsageError('standard input cannot be both the list of --files-from and a file to upload');
  }
  const literals = filesFrom === undefined ? [] : await readList(filesFrom, nullSeparated ?? false, host);
  return findFiles(
    {
      patterns,
      literals,
      recursive: recursive ?? false,
      exclude,
      hidden: hidden ?? false,
      extensions: await loadExtensions(flags),
    },
    host,
  );
}

/** How the files that `-r` takes are named. */
async function loadExtensions(flags: UploadFlags): Promise<readonly string[]> {
  if (!shouldFitAll(flags)) {
    return listExtensions();
  }
  const { fittableExtensions } = await import('../../fit/formats.ts');
  return [...new Set([...listExtensions(), ...fittableExtensions])];
}

/** Whether each file is made to fit: each of these flags asks for it. */
function shouldFitAll({ fit, trim, frame, aspect, fitDir }: UploadFlags): boolean {
  return (fit ?? false) || [trim, frame, aspect, fitDir].some((flag) => flag !== undefined);
}

function resolveFitDir({ fitDir }: UploadFlags, host: Host): string | undefined {
  if (fitDir === '') {
    throw new UsageError('--fit-dir needs the name of a folder');
  }
  return fitDir === undefined ? undefined : absolutePath(fitDir, host);
}

function resolveManifestPath({ manifest }: UploadFlags, host: Host): string | undefined {
  if (manifest === '') {
    throw new UsageError('--manifest needs the name of a file');
  }
  return manifest === undefined ? undefined : absolutePath(manifest, host);
}

function resolveMaxAge({ manifest, maxAge }: UploadFlags): number | undefined {
  if (maxAge === undefined) {
    return undefined;
  }
  if (manifest === undefined) {
    throw new UsageError('--max-age needs --manifest: it says how old its entries may be');
  }
  const maxAgeMs = maxAge.includes('.') ? undefined : parseDuration(maxAge);
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
