import { isFatal, type UploadError } from '../errors.ts';
import { combineMeasures } from './asset-measures.ts';
import { type AttemptsContext, attemptUpload, type Destination } from './attempts.ts';
import { type AcceptableFile, type CheckedFile, type FileCheck, selectAcceptable } from './checked-file.ts';
import type { UploadEvent } from './event.ts';
import { FileLoader, type LoadedFile } from './file-loader.ts';
import { KnownContent } from './known-content.ts';
import { listAccountNames } from './list-account-names.ts';
import type { Manifest } from './manifest.ts';
import { Outage } from './outage.ts';
import {
  cancelledOutcome,
  failedOutcome,
  type Outcome,
  settledWithoutSending,
  type UploadRecord,
} from './record.ts';
import { recordsInOrder } from './record-blocks.ts';
import { type StopDependencies, StopSignals } from './stop-signals.ts';
import { Throttle } from './throttle.ts';

/** How a batch is sent. */
export interface BatchOptions {
  readonly destination: Destination;
  /** Uploads in flight, from 1. */
  readonly concurrency: number;
  /** Attempts after the first, from 0. */
  readonly retries: number;
  /** Whether the first failure stops the batch. */
  readonly failFast: boolean;
}

/** What a batch needs from outside. */
export interface BatchDependencies extends StopDependencies {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where references are kept from run to run, if they are. */
  readonly manifest?: Pick<Manifest, 'find' | 'add'> | undefined;
  readonly onEvent: (event: UploadEvent) => void;
}

/**
 * Uploads the acceptable files and yields the records of all inputs, in input order, each as soon as it and all before
 * it are settled. A file never makes it reject: its record says what went wrong.
 */
export async function* uploadBatch(
  files: readonly CheckedFile[],
  options: BatchOptions,
  dependencies: BatchDependencies,
): AsyncGenerator<readonly UploadRecord[], void, undefined> {
  const signals = new StopSignals(dependencies);
  const batch = new Batch(selectAcceptable(files), options, dependencies, signals);
  try {
    if (options.failFast && files.some(({ check }) => check.kind === 'refused')) {
      signals.drain();
    }
    void batch.send();
    yield* recordsInOrder(
      files,
      ({ check }) => batch.outcomeOf(check),
      () => batch.waitForMore(),
    );
    batch.throwIfBroken();
  } finally {
    signals.stop();
  }
}

/** The state that the files of one batch share. */
class Batch {
  readonly #files: readonly AcceptableFile[];
  readonly #options: BatchOptions;
  readonly #dependencies: BatchDependencies;
  readonly #signals: StopSignals;
  readonly #loader: FileLoader;
  readonly #attempts: AttemptsContext;
  readonly #knownContent: KnownContent | undefined;
  readonly #settled = new Map<FileCheck, Outcome>();
  /** An error that is a bug. */
  #bug: { readonly error: unknown } | undefined;
  #wake = () => {};

  constructor(
    files: readonly AcceptableFile[],
    options: BatchOptions,
    dependencies: BatchDependencies,
    signals: StopSignals,
  ) {
    this.#files = files;
    this.#options = options;
    this.#dependencies = dependencies;
    const { manifest, clock } = dependencies;
    this.#signals = signals;
    signals.ended.addEventListener('abort', () => this.#wake());
    this.#knownContent = manifest && new KnownContent(manifest, signals.abandoned);
    const throttle = new Throttle(options.concurrency, clock, signals.draining);
    this.#loader = new FileLoader(dependencies, signals, throttle);
    this.#attempts = {
      ...dependencies,
      ...options.destination,
      retries: options.retries,
      throttle,
      outage: new Outage(),
      draining: signals.draining,
      stopped: signals.stopped,
    };
  }

  /** Throws the error that ended the batch, if it is a bug. */
  throwIfBroken(): void {
    if (this.#bug !== undefined) {
      throw this.#bug.error;
    }
  }

  /** Sends files until there are no more or nothing new may start. */
  async send(): Promise<void> {
    const files = this.#files;
    let next = 0;
    const worker = async () => {
      while (next < files.length && !this.#signals.draining.aborted) {
        const file = files[next]!;
        next += 1;
        // While this one is sent, the next is converted.
        await this.#settle(file, () => this.#loader.prepareAhead(files[next]));
      }
    };
    try {
      await Promise.all(Array.from({ length: this.#options.concurrency }, worker));
    } catch (error) {
      this.#bug = { error };
      this.#signals.stop();
    }
    this.#signals.end();
  }

  /** The outcome of a file; undefined while it is not settled. Files not begun are cancelled once the batch is over. */
  outcomeOf(check: FileCheck): Outcome | undefined {
    return check.kind === 'acceptable'
      ? (this.#settled.get(check) ?? (this.#signals.ended.aborted ? cancelledOutcome(0) : undefined))
      : settledWithoutSending(check);
  }

  /** Resolves when another file is settled, or all are. */
  waitForMore(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #settle(file: AcceptableFile, onPrepared: () => void): Promise<void> {
    const { index, path, check } = file;
    const { sizeBytes } = check.asset;
    const outcome = await this.#loader.settle(file, {
      onPrepared,
      send: (loaded) => this.#knownContent?.settle(loaded, () => this.#send(loaded)) ?? this.#send(loaded),
      fail: (error) => this.#fail(error, 0),
    });
    this.#dependencies.onEvent({ type: 'file-settled', index, path, sizeBytes, outcome });
    this.#settled.set(check, outcome);
    this.#wake();
  }

  async #send(file: LoadedFile): Promise<Outcome> {
    const result = await attemptUpload(file, this.#attempts);
    switch (result.kind) {
      case 'cancelled':
        return cancelledOutcome(result.attempts);
      case 'failed':
        if (
          result.isOutage &&
          this.#settled.size < this.#files.length - 1 &&
          !this.#signals.draining.aborted
        ) {
          // The others would wait for the same; uploads in flight may end.
          this.#signals.drain();
          this.#dependencies.onEvent({ type: 'batch-ended', error: result.error });
        }
        return this.#fail(result.error, result.attempts);
      case 'uploaded': {
        const { asset, bytes } = file;
        const { type, contentType } = asset;
        const { assetRef, account } = result.asset;
        const { measures, warnings: differences } = combineMeasures(asset, result.asset);
        const warnings = [...result.asset.warnings, ...differences];
        return {
          status: 'uploaded',
          type,
          assetRef,
          ...(type === 'image' && { imageRef: assetRef }),
          account,
          ...measures,
          size: bytes.length,
          contentType,
          sha256: await file.sha256(),
          ...asset.fitting,
          attempts: result.attempts,
          durationMs: file.elapsedMs(),
          ...(warnings.length > 0 && { warnings }),
        };
      }
    }
  }

  /** The outcome of a file that has no reference; it may stop the batch. */
  async #fail(error: UploadError, attempts: number): Promise<Outcome> {
    if (isFatal(error.code)) {
      // Uploads in flight have the same token and account and would be refused too.
      this.#signals.stop();
    } else if (this.#options.failFast) {
      this.#signals.drain();
    }
    const accounts = error.code === 'account_not_found' ? await this.#listAccounts() : undefined;
    const { tokenSource } = this.#options.destination;
    return failedOutcome(error, attempts, { tokenSource, accounts });
  }

  /** The accounts that the token has; undefined if the service does not list them, or lists the one it did not find. */
  async #listAccounts(): Promise<readonly string[] | undefined> {
    const { uploader, account } = this.#options.destination;
    const names = await listAccountNames(uploader, this.#dependencies.signal);
    return names?.includes(account) ? undefined : names;
  }
}
