import { absolutePath } from '../../absolute-path.ts';
import { Interruption, UsageError } from '../../errors.ts';
import { exitCodes, isInterrupted, Tally } from '../../exit-code.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import { readList } from '../../files/read-list.ts';
import { parseWishes } from '../../files/wishes.ts';
import type { Host } from '../../host.ts';
import { listExtensions } from '../../media/asset-types.ts';
import type { ContactSheet } from '../../report/contact-sheet/contact-sheet.ts';
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
  const print = (text: string) => writeOutput(text, host);
  let plan: Plan;
  try {
    // Whatever is waited for, a folder on a dead disk or a silent pipe, an interruption ends the wait.
    plan = await untilAborted(preparePlan(patterns, flags, host), host.signal);
  } catch (error) {
    if (error instanceof Interruption) {
      await createResultWriter(format, print, () => '').end();
    }
    throw error;
  }
  const { found, options, destination, standardError, sheet } = plan;
  try {
    if (destination !== undefined && showsProgress(flags, host)) {
      await standardError.loadProgress(new URL(destination.apiUrl).host);
    }
    const outputFailure = new AbortController();
    const results = createResultWriter(format, print, await createLabel(found, host));
    const reporter = new UploadReporter(results, standardError.messages, {
      format,
      destination: destination?.apiUrl ?? '',
      onOutputFailure: () => outputFailure.abort(),
    });
    return await reportSession(found, options, {
      reporter,
      standardError,
      sheet,
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
  readonly sheet: ContactSheet | undefined;
}

async function preparePlan(patterns: readonly string[], flags: UploadFlags, host: Host): Promise<Plan> {
  const format = resolveFormat(flags);
  const wishes = parseWishes(flags);
  const isFittingAll = shouldFitAll(flags);
  const standardError = await StandardError.open(host, resolveVerbosity(flags));
  const found = await findInputs(patterns, flags, standardError.messages, host);
  if (isRequestFormat(format)) {
    assertRequestCount(format, found.length);
  }
  const maxAgeMs = resolveMaxAge(flags);
  const manifestPath = resolveManifestPath(flags, host);
  const sheet = await openSheet(flags, found, manifestPath, host);
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
  return { found, options, destination, standardError, sheet };
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
    sheet,
    draining,
    flags,
    host,
  }: {
    reporter: UploadReporter;
    standardError: StandardError;
    sheet: ContactSheet | undefined;
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
    flags.annotations && isGitHubStep(host.env) ? new GitHubReporter(standardError.print, host) : undefined;
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
    onChecked: (files) => {
      assertAssets(resolveFormat(flags), files);
      sheet?.checked(files);
    },
  });
  let printing = Promise.resolve();
  for await (const block of records) {
    for (const record of block) {
      tally.add(record);
      github?.record(record);
    }
    sheet?.records(block);
    printing = printing.then(() => reporter.records(block, clock.monotonicMs() > printUntilMs));
    // Once interrupted, a reader that does not read must not keep the sheet from being written.
    if (!signal.aborted) {
      await untilAborted(printing, signal).catch(rethrowUnlessAborted);
    }
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
  await github?.end();
  const exitCode = tally.exitCode(signal);
  const hasFailed =
    reporter.hasOutputFailed || (sheetProblem !== undefined && exitCode === exitCodes.success);
  return hasFailed && !signal.aborted ? exitCodes.failure : exitCode;

  function rethrowUnlessAborted(error: unknown): void {
    if (!signal.aborted) {
      throw error;
    }
  }
}

/** @throws UsageError where no contact sheet can be written there */
async function openSheet(
  { report }: UploadFlags,
  found: readonly FoundFile[],
  manifestPath: string | undefined,
  host: Host,
): Promise<ContactSheet | undefined> {
  if (report === undefined) {
    return undefined;
  }
  if (!/[^/\\]\.html?$/i.test(report)) {
    throw new UsageError(
      `--report needs the name of an HTML file, such as refs.html; it is ${JSON.stringify(report)}`,
    );
  }
  const path = absolutePath(report, host);
  if (path === manifestPath) {
    throw new UsageError('--report and --manifest cannot name the same file');
  }
  const { ContactSheet } = await import('../../report/contact-sheet/contact-sheet.ts');
  return ContactSheet.open(path, found, host);
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

/** On a terminal, a person must see which line is of which file; a script reads lines that are nothing but references. */
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

/** Progress is drawn only where a person is likely to watch it. */
function showsProgress({ progress, quiet }: UploadFlags, { stderr, env }: Host): boolean {
  return progress && !quiet && stderr.isTTY === true && env.TERM !== 'dumb' && !isContinuousIntegration(env);
}

/** Some set `CI` to `false` or `0` on a person's machine. */
function isContinuousIntegration({ CI }: Host['env']): boolean {
  return Boolean(CI) && CI !== 'false' && CI !== '0';
}

async function findInputs(
  patterns: readonly string[],
  flags: UploadFlags,
  messages: Messages,
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
  if (filesFrom === '-') {
    tellOfWaiting('paths, one a line,', messages, host);
  }
  const literals = filesFrom === undefined ? [] : await readList(filesFrom, nullSeparated ?? false, host);
  const found = await findFiles(
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
  if (patterns.includes('-')) {
    tellOfWaiting('a file', messages, host);
  }
  return found;
}

/** Someone who typed `-` by mistake would sit before a terminal that says nothing. */
function tellOfWaiting(what: string, messages: Messages, { stdin, platform }: Host): void {
  if (stdin.isTTY) {
    const end = platform === 'win32' ? 'Ctrl-Z and Enter end' : 'Ctrl-D ends';
    messages.note(`Waiting for ${what} on standard input; ${end} it, Ctrl-C gives up.`);
  }
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
