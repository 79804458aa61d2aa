import { absolutePath } from '../../absolute-path.ts';
import { OutputError, UsageError } from '../../errors.ts';
import { Tally } from '../../exit-code.ts';
import { acceptedExtensions } from '../../files/accepted-extensions.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import { readList } from '../../files/read-list.ts';
import type { Host } from '../../host.ts';
import { type CheckedFile, checkFiles } from '../../media/check-files.ts';
import { GitHubReporter, isGitHubStep } from '../../report/github-reporter.ts';
import type { Messages, Verbosity } from '../../report/messages.ts';
import type { Workload } from '../../report/progress.ts';
import { createResultWriter, mostFrames, type ResultFormat } from '../../report/result-writer.ts';
import { StandardError } from '../../report/standard-error.ts';
import { UploadReporter } from '../../report/upload-reporter.ts';
import { parseDuration } from '../../settings/duration.ts';
import { findExposedTokens } from '../../settings/exposed-token.ts';
import { loadSettings, type SettingFlags } from '../../settings/load.ts';
import { type ResolvedSettings, resolveSettings } from '../../settings/resolve.ts';
import type { UploadEvent } from '../../upload/event.ts';
import { checkManifest, Manifest } from '../../upload/manifest.ts';
import type { UploadRecord } from '../../upload/record.ts';
import { uploadBatch } from '../../upload/upload-batch.ts';
import { validateFiles } from '../../upload/validate-files.ts';
import { warnOfUnusualToken } from '../service.ts';
import { type Destination, openSandbox, openService, warnOfProjectServer } from './destination.ts';

/** The flags of `dreamina upload`, as they were typed. */
export interface UploadFlags extends SettingFlags {
  readonly filesFrom?: string;
  readonly null?: boolean;
  readonly recursive?: boolean;
  readonly exclude?: readonly string[];
  readonly hidden?: boolean;
  readonly format?: ResultFormat;
  readonly json?: boolean;
  readonly manifest?: string;
  readonly maxAge?: string;
  readonly dryRun?: boolean;
  readonly failFast?: boolean;
  readonly sandbox?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: boolean;
  readonly annotations: boolean;
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

  const maxAgeMs = resolveMaxAge(flags);
  const standardError = await StandardError.open(host, verbosityOf(flags));
  const settings = await readSettings(flags, standardError.messages, host);
  const destination = await openDestination(flags, settings, standardError.messages, host);
  let manifest: Manifest | undefined;
  try {
    manifest = await openManifest(flags, maxAgeMs, destination, host);
    const plan = { found, format, settings, destination, manifest, failFast: flags.failFast ?? false };
    return await carryOut(plan, flags, standardError, host);
  } finally {
    standardError.stopProgress();
    await manifest?.close();
    await destination?.close();
  }
}

interface UploadPlan {
  readonly found: readonly FoundFile[];
  readonly format: ResultFormat;
  readonly settings: ResolvedSettings;
  /** Undefined for a dry run. */
  readonly destination: Destination | undefined;
  readonly manifest: Manifest | undefined;
  readonly failFast: boolean;
}

/** Checks, sends and reports. */
async function carryOut(
  plan: UploadPlan,
  flags: UploadFlags,
  standardError: StandardError,
  host: Host,
): Promise<number> {
  const { failFast } = plan;
  const startedAt = host.clock.now();
  const reporter = new UploadReporter(
    createResultWriter(plan.format, (text) => print(text, host.stdout)),
    standardError.messages,
    plan.format,
    plan.destination?.apiUrl ?? '',
  );
  const github =
    flags.annotations && isGitHubStep(host.env)
      ? new GitHubReporter(standardError.print, host.env.GITHUB_STEP_SUMMARY)
      : undefined;
  const tally = new Tally();
  const files = await checkFiles(plan.found, { failFast }, host.signal);
  if (plan.destination !== undefined && showsProgress(flags, host)) {
    await standardError.startProgress(workloadOf(files));
  }
  for await (const record of recordsOf(files, plan, host, (event) => {
    reporter.onEvent(event);
    standardError.onEvent(event);
  })) {
    tally.add(record);
    await reporter.record(record);
    github?.record(record);
  }
  standardError.stopProgress();
  await reporter.end(host.clock.now() - startedAt);
  await github?.end();
  return tally.exitCode(host.signal);
}

function recordsOf(
  files: readonly CheckedFile[],
  { destination, manifest, settings, failFast }: UploadPlan,
  { clock, random, signal }: Host,
  onEvent: (event: UploadEvent) => void,
): Iterable<UploadRecord> | AsyncIterable<UploadRecord> {
  if (destination === undefined) {
    return validateFiles(files);
  }
  const { account, client: uploader } = destination;
  const concurrency = settings.concurrency.value;
  const retries = settings.retries.value;
  return uploadBatch(
    files,
    { account, concurrency, retries, failFast },
    { uploader, manifest, clock, random, signal, onEvent },
  );
}

async function readSettings(flags: UploadFlags, messages: Messages, host: Host): Promise<ResolvedSettings> {
  const layers = await loadSettings({ flags, config: flags.config }, host);
  const { settings, warnings } = resolveSettings(layers, {
    omit: flags.sandbox ? ['token', 'account', 'apiUrl'] : [],
  });
  const exposed = flags.sandbox ? [] : await findExposedTokens(layers, host.platform);
  for (const warning of [...warnings, ...exposed]) {
    messages.warn(warning);
  }
  if (settings.token !== undefined) {
    warnOfUnusualToken(settings.token.value, messages);
  }
  return settings;
}

/** Resolves when standard output may take more, and when its reader went away, which ends the run by other ways. */
function print(text: string, stdout: Host['stdout']): Promise<void> {
  return new Promise((done, fail) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') {
        done();
      } else {
        fail(new OutputError(error.code ?? error.message, text));
      }
    });
  });
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

/** Each file once, however often it is named. */
function workloadOf(files: readonly CheckedFile[]): Workload {
  const images = [...new Set(files.map(({ check }) => check))].flatMap((check) =>
    check.kind === 'acceptable' ? [check.image] : [],
  );
  return { files: images.length, bytes: images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** Standard error is drawn on only where a person is likely to look at it as it moves. */
function showsProgress({ progress, quiet }: UploadFlags, { stderr, env }: Host): boolean {
  return (
    progress && !quiet && stderr.isTTY === true && (stderr.columns ?? 0) > 0 && env.TERM !== 'dumb' && !env.CI
  );
}

async function findInputs(
  patterns: readonly string[],
  { filesFrom, null: nullSeparated = false, recursive = false, exclude = [], hidden = false }: UploadFlags,
  host: Host,
): Promise<readonly FoundFile[]> {
  if (nullSeparated && filesFrom === undefined) {
    throw new UsageError('--null goes with --files-from: it says how the list is written');
  }
  if (filesFrom === '-' && patterns.includes('-')) {
    throw new UsageError('standard input cannot be both the list of --files-from and an image');
  }
  const literals = filesFrom === undefined ? [] : await readList(filesFrom, nullSeparated, host);
  return findFiles({ patterns, literals, recursive, exclude, hidden, extensions: acceptedExtensions }, host);
}

function resolveMaxAge({ manifest, maxAge }: UploadFlags): number | undefined {
  if (maxAge === undefined) {
    return undefined;
  }
  if (manifest === undefined) {
    throw new UsageError('--max-age goes with --manifest: it says how old an entry may be');
  }
  const maxAgeMs = parseDuration(maxAge);
  if (maxAgeMs === undefined) {
    throw new UsageError(
      `--max-age must be a duration such as 90m, 12h or 7d; it is ${JSON.stringify(maxAge)}`,
    );
  }
  return maxAgeMs;
}

/** A dry run only looks at the manifest. */
async function openManifest(
  { manifest }: UploadFlags,
  maxAgeMs: number | undefined,
  destination: Destination | undefined,
  host: Host,
): Promise<Manifest | undefined> {
  if (manifest === undefined) {
    return undefined;
  }
  const path = absolutePath(manifest, host);
  if (destination === undefined) {
    await checkManifest(path);
    return undefined;
  }
  const { account, endpoint } = destination;
  return Manifest.open(path, { account, endpoint, maxAgeMs, clock: host.clock });
}

/** Undefined for a dry run, which sends nothing and therefore needs neither token nor account. */
async function openDestination(
  { dryRun, sandbox }: UploadFlags,
  settings: ResolvedSettings,
  messages: Messages,
  host: Host,
): Promise<Destination | undefined> {
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
