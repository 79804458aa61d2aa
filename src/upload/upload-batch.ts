import { isOutOfHandles } from '../errno.ts';
import { FileError, isFatal, type UploadError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { PreparedAsset } from '../media/check-asset.ts';
import type { Source } from '../settings/source.ts';
import { untilAborted } from '../until-aborted.ts';
import { combineMeasures } from './asset-measures.ts';
import { type AttemptsContext, attemptUpload, type Uploader } from './attempts.ts';
import { BufferPool } from './buffer-pool.ts';
import { type AcceptableFile, type CheckedFile, type FileCheck, selectAcceptable } from './checked-file.ts';
import { Conversions } from './conversions.ts';
import type { UploadEvent } from './event.ts';
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
import { StopSignals } from './stop-signals.ts';
import { Throttle } from './throttle.ts';

/** How a batch is sent. */
export interface BatchOptions {
  /** `REGION:email`. */
  readonly account: string;
  /** Uploads in flight, from 1. */
  readonly concurrency: number;
  /** Attempts after the first, from 0. */
  readonly retries: number;
  /** Whether the first failure stops the batch. */
  readonly failFast: boolean;
  /** Where the token came from; only for advice. */
  readonly tokenSource?: Source | undefined;
}

/** What a batch needs from outside. */
export interface BatchDependencies {
  readonly uploader: Uploader;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where references are kept from run to run, if they are. */
  readonly manifest?: Pick<Manifest, 'find' | 'add'> | undefined;
  /** Starts nothing new and ends the uploads in flight. */
  readonly signal: AbortSignal;
  /** Starts nothing new; uploads in flight may still get their references. */
  readonly draining?: AbortSignal | undefined;
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
  const acceptable = selectAcceptable(files);
  const signals = new StopSignals(dependencies);
  const batch = new Batch(options, dependencies, signals, acceptable.length);
  try {
    if (options.failFast && files.some(({ check }) => check.kind === 'refused')) {
      signals.drain();
    }
    void batch.send(acceptable);
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

/** A file whose bytes are in memory. */
interface ReadFile {
  readonly index: number;
  readonly path: string;
  readonly bytes: Buffer;
  readonly asset: PreparedAsset;
  /** The edits of its source, as a key; undefined if it was not to be converted. */
  readonly recipe: string | undefined;
  /** Since its turn came. */
  readonly elapsedMs: () => number;
}

/** How long a file waits before it is tried again, if too many files are open. */
const readRetryMs = 250;

/** Tries to open a file while no upload is in flight that could make room for it. */
const maxReadTries = 20;

/** The state that the files of one batch share. */
class Batch {
  readonly #options: BatchOptions;
  readonly #dependencies: BatchDependencies;
  readonly #signals: StopSignals;
  readonly #conversions: Conversions;
  readonly #buffers = new BufferPool();
  readonly #attempts: AttemptsContext;
  readonly #knownContent: KnownContent | undefined;
  readonly #fileCount: number;
  readonly #settled = new Map<FileCheck, Outcome>();
  /** An error that is a bug. */
  #bug: { readonly error: unknown } | undefined;
  #wake = () => {};

  constructor(
    options: BatchOptions,
    dependencies: BatchDependencies,
    signals: StopSignals,
    fileCount: number,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
    const { manifest, clock } = dependencies;
    this.#signals = signals;
    this.#conversions = new Conversions(signals.draining);
    this.#fileCount = fileCount;
    signals.ended.addEventListener('abort', () => this.#wake());
    this.#knownContent = manifest && new KnownContent(manifest, signals.abandoned);
    this.#attempts = {
      ...dependencies,
      retries: options.retries,
      throttle: new Throttle(options.concurrency, clock, signals.draining),
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
  async send(files: readonly AcceptableFile[]): Promise<void> {
    let next = 0;
    const worker = async () => {
      for (
        let file = files[next];
        file !== undefined && !this.#signals.draining.aborted;
        file = files[next]
      ) {
        next += 1;
        // While this one is sent, the next is converted.
        await this.#settle(file, () => this.#conversions.begin(files[next]?.check.asset));
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
    const outcome = await this.#upload(file, onPrepared);
    this.#dependencies.onEvent({ type: 'file-settled', index, path, sizeBytes, outcome });
    this.#settled.set(check, outcome);
    this.#wake();
  }

  async #upload(file: AcceptableFile, onPrepared: () => void): Promise<Outcome> {
    const { index, path, check } = file;
    const stopped = this.#signals.stopped;
    const { clock } = this.#dependencies;
    const startedAtMs = clock.monotonicMs();
    const elapsedMs = () => Math.round(clock.monotonicMs() - startedAtMs);
    const draining = this.#signals.draining;
    let buffer: Buffer | undefined;
    let asset: PreparedAsset | undefined;
    try {
      asset = await untilAborted(this.#conversions.take(check.asset), draining);
      onPrepared();
      buffer = await untilAborted(this.#buffers.acquire(asset.sizeBytes + 1), stopped);
      const bytes = await this.#read(asset, buffer);
      if (bytes === undefined) {
        return cancelledOutcome(0);
      }
      return await this.#sendUnlessKnown({
        index,
        path,
        bytes,
        asset,
        recipe: check.recipe,
        elapsedMs,
      });
    } catch (error) {
      if (
        (stopped.aborted && error === stopped.reason) ||
        (asset === undefined && draining.aborted && error === draining.reason)
      ) {
        return cancelledOutcome(0);
      }
      if (error instanceof FileError) {
        return this.#fail(error, 0);
      }
      throw error;
    } finally {
      // Each request has ended, and if its body was not sent whole, its connection is closed. After a stop, a file
      // may still be read into the buffer.
      if (buffer !== undefined && !stopped.aborted) {
        this.#buffers.release(buffer);
      }
      await asset?.discard?.();
    }
  }

  /**
   * Reads a file. While too many are open, tries again, because others are being closed. Returns nothing if the batch
   * was stopped.
   */
  async #read(asset: PreparedAsset, buffer: Buffer): Promise<Buffer | undefined> {
    const { clock, onEvent } = this.#dependencies;
    const { throttle } = this.#attempts;
    for (let tries = 1; !this.#signals.draining.aborted; tries += 1) {
      try {
        return await untilAborted(asset.readInto(buffer), this.#signals.stopped);
      } catch (error) {
        if (!isOutOfHandles(error) || (throttle.inFlight === 0 && tries > maxReadTries)) {
          throw error;
        }
        onEvent({ type: 'batch-slowed', concurrency: throttle.giveUpPlace() });
        await clock.sleep(readRetryMs, this.#signals.draining);
      }
    }
    return undefined;
  }

  async #sendUnlessKnown(file: ReadFile): Promise<Outcome> {
    if (this.#knownContent === undefined) {
      return this.#send(file);
    }
    const sha256 = await sha256Of(file.bytes);
    return this.#knownContent.settle(sha256, {
      recipe: file.recipe,
      reuse: (known) => ({
        status: 'reused',
        ...known,
        ...file.asset.fitting,
        attempts: 0,
        durationMs: file.elapsedMs(),
      }),
      send: () => this.#send(file, sha256),
    });
  }

  async #send({ index, path, bytes, asset, elapsedMs }: ReadFile, knownSha256?: string): Promise<Outcome> {
    const { type, contentType } = asset;
    let sha256 = knownSha256 === undefined ? undefined : Promise.resolve(knownSha256);
    const result = await attemptUpload(
      {
        index,
        path,
        bytes,
        contentType,
        account: this.#options.account,
        // Hashed while the server is at work, so that nothing waits for it.
        onAllSent: () => {
          sha256 ??= sha256Of(bytes);
        },
      },
      this.#attempts,
    );
    switch (result.kind) {
      case 'cancelled':
        return cancelledOutcome(result.attempts);
      case 'failed':
        if (result.isOutage && this.#settled.size < this.#fileCount - 1 && !this.#signals.draining.aborted) {
          // The others would wait for the same; uploads in flight may end.
          this.#signals.drain();
          this.#dependencies.onEvent({ type: 'batch-ended', error: result.error });
        }
        return this.#fail(result.error, result.attempts);
      case 'uploaded': {
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
          sha256: await (sha256 ?? sha256Of(bytes)),
          ...asset.fitting,
          attempts: result.attempts,
          durationMs: elapsedMs(),
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
    return failedOutcome(error, attempts, { tokenSource: this.#options.tokenSource, accounts });
  }

  /** The accounts that the token has; undefined if the service does not list them, or lists the one it did not find. */
  async #listAccounts(): Promise<readonly string[] | undefined> {
    const { uploader, signal } = this.#dependencies;
    const names = await listAccountNames(uploader, signal);
    return names?.includes(this.#options.account) ? undefined : names;
  }
}

/** In lower-case hex. */
async function sha256Of(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}
