import { availableParallelism, platform, tmpdir } from 'node:os';
import process from 'node:process';
import { absolutePath, findCwd } from './absolute-path.ts';
import { checkOptions, checkPaths, checkUpload } from './check-arguments.ts';
import { ApiClient, type AssetUpload, type ClientOptions } from './client/client.ts';
import type { UploadedAsset } from './client/upload-answer.ts';
import { ConfigError } from './errors.ts';
import { parseEdits } from './files/edits.ts';
import type { Environment, Machine } from './host.ts';
import { hasCertificate } from './network/certificates.ts';
import { Credentials } from './network/credentials.ts';
import { parseProxyUrl } from './network/proxy.ts';
import { definitions } from './settings/definitions.ts';
import { quoteValue } from './settings/quote-value.ts';
import { type RequiredSettings, requireSettings, resolveSettings } from './settings/resolve.ts';
import { systemClock } from './system-clock.ts';
import { checkAndUpload } from './upload/check-and-upload.ts';
import type { UploadEvent } from './upload/event.ts';
import type { FitOptions } from './upload/file-fitting.ts';
import type { UploadRecord } from './upload/record.ts';

/** How to reach the API; nothing is read from the environment. */
export interface DreaminaClientOptions {
  /** `user:<digits>-<alphanumeric>`, from useapi.net. */
  readonly token: string;
  /** Default: the official one. Plain http only on loopback. */
  readonly apiUrl?: string | undefined;
  /** How long an attempt may go without progress: to connect, to send more, to get the whole answer. Default: a minute. */
  readonly timeoutMs?: number | undefined;
  /** An HTTP proxy to tunnel through. Default: none. */
  readonly proxyUrl?: string | URL | undefined;
  /** PEM certificates of the authorities to trust instead of Node's own. */
  readonly ca?: string | undefined;
}

/** A client of the Dreamina assets API: `upload` sends one file once and throws an ApiError if it fails. */
export class DreaminaClient extends ApiClient {
  /** Throws a ConfigError if an option is invalid. */
  constructor(options: DreaminaClientOptions) {
    checkOptions(options);
    super(toClientOptions(options, resolveOptions(options)));
  }

  override async upload(
    asset: AssetUpload,
    signal?: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<UploadedAsset> {
    checkUpload(asset, signal, onSent);
    return super.upload(asset, signal, onSent);
  }
}

/** Options of {@link uploadFiles}. */
export interface UploadFilesOptions extends DreaminaClientOptions {
  /** `REGION:email`. */
  readonly account: string;
  /** Uploads in flight, 1-64. Default: 4. */
  readonly concurrency?: number | undefined;
  /** Attempts after the first, 0-20. Default: 5. */
  readonly retries?: number | undefined;
  /** Whether the first failure stops the batch. Default: false. */
  readonly failFast?: boolean | undefined;
  /** Whether to leave the limits on size, duration and dimensions to the server. Default: false. */
  readonly noLimits?: boolean | undefined;
  /** Whether files that would be refused are converted, as by `--fit`. Default: false. */
  readonly fit?: boolean | undefined;
  /** The shape that images and videos are cropped to, such as `16:9`; implies `fit`. */
  readonly aspect?: string | undefined;
  /** The frame that is taken of each video: `first`, `last` or a time such as `2.5`; implies `fit`. */
  readonly frame?: string | undefined;
  /** The part that is taken of videos and audio, such as `3-10`; implies `fit`. */
  readonly trim?: string | undefined;
  /** A folder where converted files are kept; implies `fit`. Default: none. */
  readonly fitDir?: string | undefined;
  /** Its `PATH` is searched for the ffmpeg and ffprobe of `fit`; pass `process.env`. Default: empty. */
  readonly env?: Environment | undefined;
  /** A file that keeps references from run to run: a file that has one already is `reused`. Default: none. */
  readonly manifest?: string | undefined;
  /** Manifest entries older than this are ignored. Default: no limit. */
  readonly maxAgeMs?: number | undefined;
  /** When aborted, nothing new starts and requests in flight end; unsettled files become `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each record, in the order of the paths, as soon as it and all before it are settled. */
  readonly onRecord?: ((record: UploadRecord) => void) | undefined;
  /** Called for each request, retry and pause. */
  readonly onEvent?: ((event: UploadEvent) => void) | undefined;
}

/**
 * Uploads images, videos and audio files, and returns one record for each path, in their order. Checks every file
 * before it sends any. Never rejects because of a file: the record says what went wrong. Throws a ConfigError for an
 * invalid option, and a UsageError for an unusable manifest, and for an `aspect`, `frame` or `trim` that makes no sense.
 *
 * @param paths names of files, never patterns; relative to the working directory
 */
export async function uploadFiles(
  paths: readonly string[],
  options: UploadFilesOptions,
): Promise<UploadRecord[]> {
  checkPaths(paths);
  checkOptions(options);
  const settings = resolveOptions({ ...options, account: options.account ?? '' });
  const {
    manifest,
    maxAgeMs,
    failFast = false,
    noLimits = false,
    signal = new AbortController().signal,
    onRecord,
    onEvent = () => {},
  } = options;
  if (maxAgeMs !== undefined && !(typeof maxAgeMs === 'number' && maxAgeMs >= 0)) {
    throw new ConfigError(`options: maxAgeMs must be a number of 0 or more; it is ${quoteValue(maxAgeMs)}`);
  }
  if (maxAgeMs !== undefined && manifest === undefined) {
    throw new ConfigError('options: maxAgeMs needs a manifest');
  }
  const client = new ApiClient(toClientOptions(options, settings));
  const records: UploadRecord[] = [];
  try {
    const blocks = checkAndUpload(
      // The empty path names nothing, not the working directory.
      paths.map((path) => ({ path, source: path === '' ? '' : fromHere(path) })),
      {
        destination: {
          uploader: client,
          account: settings.account!.value,
          endpoint: settings.apiUrl.value,
        },
        concurrency: settings.concurrency.value,
        retries: settings.retries.value,
        failFast,
        noLimits,
        fit: resolveFit(options),
        manifestPath: resolvePath('manifest', manifest, 'file'),
        maxAgeMs,
      },
      { clock: systemClock, machine: loadMachine(options), random: Math.random, signal, onEvent },
    );
    for await (const block of blocks) {
      for (const record of block) {
        records.push(record);
        onRecord?.(record);
      }
    }
  } finally {
    await client.close();
  }
  return records;
}

/** @throws ConfigError if the proxy, the certificates or the server cannot be used */
function toClientOptions({ proxyUrl, ca }: DreaminaClientOptions, settings: RequiredSettings): ClientOptions {
  if (ca !== undefined && !hasCertificate(ca)) {
    throw new ConfigError('options: ca contains no certificate in PEM');
  }
  return {
    credentials: Credentials.fromSettings(settings),
    timeoutMs: settings.timeout.value,
    proxyUrl: proxyUrl === undefined ? undefined : parseProxyUrl('options', String(proxyUrl)),
    ca,
    now: Date.now,
  };
}

function fromHere(path: string): string {
  return absolutePath(path, { cwd: findCwd() });
}

/** @throws ConfigError if the path is empty */
function resolvePath(
  option: keyof UploadFilesOptions,
  path: string | undefined,
  kind: 'file' | 'folder',
): string | undefined {
  if (path === '') {
    throw new ConfigError(`options: ${option} needs the name of a ${kind}`);
  }
  return path === undefined ? undefined : fromHere(path);
}

/** @throws UsageError or ConfigError */
function resolveFit({ fit, aspect, frame, trim, fitDir }: UploadFilesOptions): FitOptions | undefined {
  if (!fit && [aspect, frame, trim, fitDir].every((option) => option === undefined)) {
    return undefined;
  }
  return {
    everyFile: true,
    beforeSending: false,
    edits: parseEdits({ aspect, frame, trim }, ''),
    fitDir: resolvePath('fitDir', fitDir, 'folder'),
  };
}

function loadMachine({ env = {} }: UploadFilesOptions): Machine {
  return {
    env,
    platform: platform(),
    tempDir: tmpdir(),
    // Not userInfo(), which throws for an ID without a name, as containers have.
    userId: process.geteuid?.(),
    cores: availableParallelism(),
  };
}

function resolveOptions(options: DreaminaClientOptions & Partial<UploadFilesOptions>): RequiredSettings {
  const { token, account, apiUrl, concurrency, retries, timeoutMs } = options;
  const timeout = timeoutMs === undefined ? undefined : toSeconds(timeoutMs);
  const values = { token: token ?? '', account, apiUrl, concurrency, retries, timeout };
  return requireSettings(resolveSettings({ layers: [{ source: { kind: 'options' }, values }], files: [] }));
}

/** The timeout as the setting takes it. Checked here, because the setting's words are about seconds. */
function toSeconds(timeoutMs: number): number {
  const seconds = timeoutMs / 1000;
  if (typeof timeoutMs !== 'number' || definitions.timeout.parse(seconds) === undefined) {
    throw new ConfigError(
      `options: timeoutMs must be a number of more than 0 and at most 86400000 (24 hours); it is ${quoteValue(timeoutMs)}`,
    );
  }
  return seconds;
}
