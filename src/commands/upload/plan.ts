import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { absolutePath } from '../../absolute-path.ts';
import { describeErrno } from '../../errno.ts';
import { UsageError } from '../../errors.ts';
import { parseEdits } from '../../files/edits.ts';
import type { FoundFile } from '../../files/found-file.ts';
import type { Host } from '../../host.ts';
import type { ContactSheet } from '../../report/contact-sheet/contact-sheet.ts';
import type { Messages, Verbosity } from '../../report/messages.ts';
import { assertRequestCount } from '../../report/request-object.ts';
import { isRequestFormat, type ResultFormat } from '../../report/result-formats.ts';
import { parseDuration } from '../../settings/duration.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { quoteValue } from '../../settings/quote-value.ts';
import { type RequiredSettings, requireSettings, resolveSettings } from '../../settings/resolve.ts';
import type { RunOptions } from '../../upload/check-and-upload.ts';
import { warnOfUnusualToken } from '../service.ts';
import type { UploadFlags } from './command.ts';
import { type OpenDestination, openSandbox, openService, warnOfProjectServer } from './destination.ts';
import { findInputs, shouldFitAll } from './inputs.ts';

/** The files to upload, and how to upload them. */
export interface Plan {
  readonly found: readonly FoundFile[];
  readonly options: RunOptions;
  readonly destination: OpenDestination | undefined;
  readonly sheet: ContactSheet | undefined;
}

/** Finds the files, reads the settings and opens the destination; throws a UsageError or ConfigError. */
export async function preparePlan(
  patterns: readonly string[],
  flags: UploadFlags,
  { format, messages, host }: { format: ResultFormat; messages: Messages; host: Host },
): Promise<Plan> {
  const edits = parseEdits(flags, '--');
  const isFittingAll = shouldFitAll(flags);
  const found = await findInputs(patterns, flags, messages, host);
  if (isRequestFormat(format)) {
    assertRequestCount(format, found.length);
  }
  const maxAgeMs = resolveMaxAge(flags);
  const manifestPath = resolveFlagPath('--manifest', flags.manifest, 'file', host);
  const fitDir = resolveFlagPath('--fit-dir', flags.fitDir, 'folder', host);
  await assertFitFolder(fitDir);
  const sheet = await openSheet(flags, found, manifestPath, host);
  const settings = await readSettings(flags, messages, host);
  // Last, because any later step that throws would have to close it.
  const destination = await openDestination(flags, settings, messages, host);
  const options: RunOptions = {
    destination,
    concurrency: settings.concurrency.value,
    retries: settings.retries.value,
    failFast: flags.failFast ?? false,
    noLimits: flags.limits === false,
    fit:
      isFittingAll || found.some((file) => file.edits !== undefined)
        ? { everyFile: isFittingAll, edits, fitDir, beforeSending: isRequestFormat(format) }
        : undefined,
    manifestPath,
    maxAgeMs,
  };
  return { found, options, destination, sheet };
}

/** @throws UsageError if no contact sheet can be written there */
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
      `--report needs the name of an HTML file, such as refs.html; it is ${quoteValue(report)}`,
    );
  }
  const path = absolutePath(report, host);
  if (manifestPath !== undefined && (await resolveFolder(path)) === (await resolveFolder(manifestPath))) {
    throw new UsageError('--report and --manifest cannot name the same file');
  }
  const { ContactSheet } = await import('../../report/contact-sheet/contact-sheet.ts');
  return ContactSheet.open(path, found, host);
}

/** The settings that decide where files are sent, and as whom. */
const destinationKeys = ['token', 'account', 'apiUrl'] as const;

async function readSettings(flags: UploadFlags, messages: Messages, host: Host): Promise<RequiredSettings> {
  const gathered = await gatherSettings({ flags, config: flags.config }, host);
  const resolved = resolveSettings(gathered, { ignore: flags.sandbox ? destinationKeys : [] });
  for (const alert of resolved.alerts) {
    messages.alert(alert);
  }
  // A dry run needs no token, account or server, but the run after it will.
  const tolerated = flags.dryRun ? resolved.problems : [];
  const settings = requireSettings(
    tolerated.length === 0 ? resolved : resolveSettings(gathered, { ignore: destinationKeys }),
  );
  for (const { message } of tolerated) {
    messages.warn(message);
  }
  for (const warning of resolved.warnings) {
    messages.warn(warning);
  }
  if (settings.token !== undefined) {
    warnOfUnusualToken(settings.token.value, messages);
  }
  return settings;
}

/** @throws UsageError if `--json` and `--format` contradict each other */
export function resolveFormat({ format, json }: UploadFlags): ResultFormat {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(`--json means --format json and cannot be combined with --format ${format}`);
  }
  return json ? 'json' : (format ?? 'text');
}

/** @throws UsageError if `--quiet` and `--verbose` are both given */
export function resolveVerbosity({ quiet, verbose }: UploadFlags): Verbosity {
  if (quiet && verbose) {
    throw new UsageError('--quiet and --verbose cannot be combined');
  }
  return quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
}

function resolveMaxAge({ manifest, maxAge }: UploadFlags): number | undefined {
  if (maxAge === undefined) {
    return undefined;
  }
  if (manifest === undefined) {
    throw new UsageError('--max-age applies only to --manifest');
  }
  const maxAgeMs = maxAge.includes('.') ? undefined : parseDuration(maxAge);
  if (maxAgeMs === undefined) {
    throw new UsageError(`--max-age must be a duration such as 90m, 12h or 7d; it is ${quoteValue(maxAge)}`);
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

/** The absolute path that a flag names; throws a UsageError if it is empty. */
function resolveFlagPath(
  flag: string,
  path: string | undefined,
  kind: 'file' | 'folder',
  host: Host,
): string | undefined {
  if (path === '') {
    throw new UsageError(`${flag} needs the name of a ${kind}`);
  }
  return path === undefined ? undefined : absolutePath(path, host);
}

/** A path whose folder has no links, so that two names of one file are equal. */
async function resolveFolder(path: string): Promise<string> {
  const folder = dirname(path);
  return join(await realpath(folder).catch(() => folder), basename(path));
}

/** @throws UsageError if something other than a folder is there, or no file can be put into it */
async function assertFitFolder(path: string | undefined): Promise<void> {
  if (path === undefined) {
    return;
  }
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    // It is created with the first file.
    const parent = dirname(path);
    return parent === path ? undefined : assertFitFolder(parent);
  }
  if (!stats.isDirectory()) {
    throw new UsageError(`--fit-dir ${path}: it is not a folder`);
  }
  await access(path, constants.W_OK).catch((error: unknown) => {
    throw new UsageError(`--fit-dir ${path}: it cannot be written to: ${describeErrno(error)}`);
  });
}
