import type { FoundFile } from '../files/found-file.ts';
import type { Clock } from '../host.ts';
import { type CheckedFile, checkFiles } from '../media/check-files.ts';
import type { Uploader } from './attempts.ts';
import type { UploadEvent } from './event.ts';
import { checkManifest, Manifest } from './manifest.ts';
import { cancelledOutcome, failedOutcome, type Outcome, type UploadRecord } from './record.ts';
import { uploadBatch } from './upload-batch.ts';

/** What a session does with its files. */
export interface SessionOptions {
  /** Where the files go; nothing for a dry run, which sends nothing. */
  readonly destination: Destination | undefined;
  /** Uploads in flight, from 1. */
  readonly concurrency: number;
  /** Attempts after the first, from 0. */
  readonly retries: number;
  /** Whether the first failure stops the session. */
  readonly failFast: boolean;
  /** Whether sizes, lengths and sides are left to the server. */
  readonly noLimits: boolean;
  /** An absolute path. */
  readonly manifestPath: string | undefined;
  /** Manifest entries older than this are ignored. */
  readonly maxAgeMs: number | undefined;
}

/** Where files go, and as whom. */
export interface Destination {
  readonly uploader: Uploader;
  /** `REGION:email`. */
  readonly account: string;
  /** How the manifest knows it: the `apiUrl`, but for the embedded sandbox, whose port differs each time. */
  readonly endpoint: string;
}

/** What a session needs from outside. */
export interface SessionDependencies {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Starts nothing new and ends what is in flight. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: UploadEvent) => void;
}

/**
 * One run, for the command and the library alike: opens the manifest, checks every file, then sends what is acceptable.
 * Yields one record for each file, in order. A file never makes it reject.
 *
 * @throws UsageError where the manifest cannot be used, before anything is sent
 */
export async function* runSession(
  found: readonly FoundFile[],
  options: SessionOptions,
  dependencies: SessionDependencies,
): AsyncGenerator<UploadRecord, void, undefined> {
  const { destination, manifestPath } = options;
  const { signal, onEvent } = dependencies;
  if (destination === undefined) {
    if (manifestPath !== undefined) {
      await checkManifest(manifestPath);
    }
    yield* validate(await checkFiles(found, options, signal));
    return;
  }
  const { uploader, account } = destination;
  const manifest = await openManifest(options, destination, dependencies.clock);
  try {
    const files = await checkFiles(found, options, signal);
    onEvent(describeWorkload(files));
    yield* uploadBatch(files, { ...options, account }, { ...dependencies, uploader, manifest });
  } finally {
    await manifest?.close();
  }
}

async function openManifest(
  { manifestPath, maxAgeMs }: SessionOptions,
  { account, endpoint }: Destination,
  clock: Clock,
): Promise<Manifest | undefined> {
  return manifestPath === undefined
    ? undefined
    : Manifest.open(manifestPath, { account, endpoint, maxAgeMs, clock });
}

function describeWorkload(files: readonly CheckedFile[]): UploadEvent {
  const checks = [...new Set(files.map(({ check }) => check))];
  const sizes = checks.flatMap((check) => (check.kind === 'acceptable' ? check.asset.sizeBytes : []));
  return { type: 'files-checked', files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** What a dry run says of each file. */
function* validate(files: readonly CheckedFile[]): Generator<UploadRecord, void, undefined> {
  for (const [index, { path, check }] of files.entries()) {
    yield { index, path, ...validOutcome(check) };
  }
}

function validOutcome(check: CheckedFile['check']): Outcome {
  switch (check.kind) {
    case 'acceptable': {
      const { sizeBytes, contentType } = check.asset;
      return { status: 'valid', size: sizeBytes, contentType, attempts: 0 };
    }
    case 'refused':
      return failedOutcome(check.error, 0);
    case 'unchecked':
      return cancelledOutcome(0);
  }
}
