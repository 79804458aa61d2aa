import type { FoundFile } from '../files/found-file.ts';
import type { Machine } from '../host.ts';
import { unlessAborted } from '../until-aborted.ts';
import { toMeasures } from './asset-measures.ts';
import type { Destination } from './attempts.ts';
import { checkFiles } from './check-files.ts';
import { type CheckedFile, type FileCheck, selectAcceptable } from './checked-file.ts';
import type { UploadEvent } from './event.ts';
import type { FileFitting, FileFittingDependencies, FitOptions } from './file-fitting.ts';
import type { Manifest } from './manifest.ts';
import { prepareAll } from './prepare-all.ts';
import { type Outcome, settledWithoutSending, type UploadRecord } from './record.ts';
import { recordsInOrder } from './record-blocks.ts';
import { type BatchDependencies, type BatchOptions, uploadBatch } from './upload-batch.ts';

/** How a run treats its files. */
export interface RunOptions extends Omit<BatchOptions, 'destination'> {
  /** Where the files go; nothing for a dry run, which sends nothing. */
  readonly destination: RememberedDestination | undefined;
  /** Whether sizes, lengths and sides are left to the server. */
  readonly noLimits: boolean;
  /** How files are converted; undefined if none is. */
  readonly fit: FitOptions | undefined;
  /** An absolute path. */
  readonly manifestPath: string | undefined;
  /** Manifest entries older than this are ignored. */
  readonly maxAgeMs: number | undefined;
}

/** A destination with its name in a manifest. */
export interface RememberedDestination extends Destination {
  /** The `apiUrl`, but for the embedded sandbox, whose port differs each time. */
  readonly endpoint: string;
}

/** What a run needs from outside. */
export interface RunDependencies extends Omit<BatchDependencies, 'manifest'> {
  readonly machine: Machine;
  /**
   * Called with every file once all are checked, and again once all are converted, if that happens before sending; an
   * error from it ends the run before anything is sent.
   */
  readonly onChecked?: ((files: readonly CheckedFile[]) => void) | undefined;
  readonly onFittedImage?: FileFittingDependencies['onFittedImage'];
}

/**
 * One run, for the command and the library: opens the manifest, checks every file, then sends the acceptable ones.
 * Yields one record for each file, in order and in blocks. A file never makes it reject, nor does the signal.
 *
 * @throws UsageError if the manifest cannot be used, before anything is sent
 */
export async function* checkAndUpload(
  found: readonly FoundFile[],
  options: RunOptions,
  dependencies: RunDependencies,
): AsyncGenerator<readonly UploadRecord[], void, undefined> {
  const { destination, failFast } = options;
  const { machine, signal, onEvent } = dependencies;
  const manifest = await unlessAborted(openManifest(options, dependencies), signal);
  let fitting: FileFitting | undefined;
  try {
    fitting = await openFitting(options, dependencies, manifest);
    let files: readonly CheckedFile[] = fitting
      ? await fitting.check(found)
      : await checkFiles(found, options, signal);
    if (!signal.aborted) {
      dependencies.onChecked?.(files);
    }
    if (destination === undefined) {
      yield* recordsInOrder(files, ({ check }) => validOutcome(check));
      return;
    }
    onEvent(createFilesChecked(files));
    if (options.fit?.beforeSending) {
      files = await prepareAll(files, { ...dependencies, failFast, concurrency: machine.cores });
      if (!signal.aborted) {
        dependencies.onChecked?.(files);
      }
    }
    yield* uploadBatch(files, { ...options, destination }, { ...dependencies, manifest });
  } finally {
    await fitting?.close();
    const closing = manifest?.close();
    if (signal.aborted) {
      // A disk that does not answer must not hold up the end of an interrupted run.
      closing?.catch(() => {});
    } else {
      await closing;
    }
  }
}

/** Loaded only when it is asked for: most runs need none of it. */
async function openFitting(
  { fit, noLimits, failFast }: RunOptions,
  { machine, clock, signal, onEvent, onFittedImage }: RunDependencies,
  manifest: Manifest | undefined,
): Promise<FileFitting | undefined> {
  if (fit === undefined) {
    return undefined;
  }
  const { FileFitting } = await import('./file-fitting.ts');
  return new FileFitting(
    { ...fit, noLimits, failFast },
    { machine: { ...machine, now: clock.epochMs }, manifest, signal, onEvent, onFittedImage },
  );
}

/** Opens the manifest; for a dry run, only checks it. Loaded only when it is asked for: it takes long to start. */
async function openManifest(
  { manifestPath, maxAgeMs, destination }: RunOptions,
  { clock, signal }: RunDependencies,
): Promise<Manifest | undefined> {
  if (manifestPath === undefined) {
    return undefined;
  }
  const { checkManifest, Manifest } = await import('./manifest.ts');
  if (destination === undefined) {
    await checkManifest(manifestPath, signal);
    return undefined;
  }
  const { account, endpoint } = destination;
  return Manifest.open(manifestPath, { account, endpoint, maxAgeMs, clock }, signal);
}

function createFilesChecked(files: readonly CheckedFile[]): UploadEvent {
  const sizes = selectAcceptable(files).map(({ check }) => check.asset.sizeBytes);
  return { type: 'files-checked', files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The outcome of a file in a dry run. */
function validOutcome(check: FileCheck): Outcome {
  if (check.kind !== 'acceptable') {
    return settledWithoutSending(check);
  }
  const { type, sizeBytes, contentType, fitting } = check.asset;
  return {
    status: 'valid',
    type,
    ...toMeasures(check.asset),
    ...(contentType !== undefined && { size: sizeBytes, contentType }),
    ...fitting,
    attempts: 0,
  };
}
