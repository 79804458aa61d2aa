import { setMaxListeners } from 'node:events';
import { pMapIterable } from 'p-map';
import { isOutOfHandles } from '../errno.ts';
import { FileError, isFatal, type UploadError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { CheckedAsset } from '../media/check-asset.ts';
import type { CheckedFile, FileCheck } from '../media/check-files.ts';
import type { ContentType } from '../media/detect-type.ts';
import { type AttemptsContext, attemptUpload, type Uploader } from './attempts.ts';
import { BufferPool } from './buffer-pool.ts';
import type { UploadEvent } from './event.ts';
import { KnownContent } from './known-content.ts';
import type { Manifest } from './manifest.ts';
import { Outage } from './outage.ts';
import { cancelledOutcome, failedOutcome, type Outcome, type UploadRecord } from './record.ts';
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
}

/** What a batch needs from outside. */
export interface BatchDependencies {
  readonly uploader: Uploader;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where references are kept from run to run, if they are. */
  readonly manifest?: Pick<Manifest, 'find' | 'add'> | undefined;
  /** Starts nothing new and ends what is in flight. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: UploadEvent) => void;
}

/**
 * Uploads what is acceptable and yields one record for each input, in input order, each as soon as it and all before
 * it are settled. A file never makes it reject: its record says what went wrong.
 */
export async function* uploadBatch(
  files: readonly CheckedFile[],
  options: BatchOptions,
  dependencies: BatchDependencies,
): AsyncGenerator<UploadRecord, void, undefined> {
  const distinct = new Map(files.map((file) => [file.check, file]));
  const batch = new Batch(options, dependencies, distinct.size);
  // Without backpressure, a slow first file does not hold up those behind it; an outcome has a few hundred bytes.
  const results = pMapIterable(
    distinct.values(),
    async (file) => ({ check: file.check, outcome: await batch.settle(file) }),
    { concurrency: options.concurrency, backpressure: Number.POSITIVE_INFINITY },
  );
  const hasRepeats = distinct.size < files.length;
  const settled = new Map<FileCheck, Outcome>();
  let index = 0;
  try {
    if (options.failFast && files.some(({ check }) => check.kind === 'refused')) {
      batch.drain();
    }
    for await (const { check, outcome } of results) {
      if (hasRepeats) {
        settled.set(check, outcome);
      }
      for (let file = files[index]; file !== undefined; file = files[index]) {
        const known = file.check === check ? outcome : settled.get(file.check);
        if (known === undefined) {
          break;
        }
        yield { index, path: file.path, ...known };
        index += 1;
      }
    }
  } finally {
    batch.stop();
  }
}

/** A file whose bytes are in memory. */
interface ReadFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly contentType: ContentType;
  /** Since its turn came. */
  readonly elapsedMs: () => number;
}

/** How long a file that cannot be opened, because too many are open, waits for another try. */
const readRetryMs = 250;

/** Tries to open a file while no upload is in flight that could make room for it. */
const maxReadTries = 20;

/** What one batch shares between its files, and how it is stopped. */
class Batch {
  readonly #options: BatchOptions;
  readonly #dependencies: BatchDependencies;
  readonly #buffers = new BufferPool();
  readonly #attempts: AttemptsContext;
  readonly #knownContent: KnownContent | undefined;
  #unsettledFiles: number;
  /** Aborted when nothing new may start. */
  readonly #draining = new AbortController();
  /** Aborted when what is in flight must end too. */
  readonly #stopped = new AbortController();
  readonly #onAbort = () => this.stop();

  constructor(options: BatchOptions, dependencies: BatchDependencies, files: number) {
    this.#options = options;
    this.#unsettledFiles = files;
    this.#dependencies = dependencies;
    const { manifest, signal, clock } = dependencies;
    this.#knownContent = manifest && new KnownContent(manifest);
    // Each upload in flight listens, up to 64.
    setMaxListeners(0, this.#draining.signal, this.#stopped.signal);
    this.#attempts = {
      ...dependencies,
      retries: options.retries,
      throttle: new Throttle(options.concurrency, clock, this.#draining.signal),
      outage: new Outage(),
      draining: this.#draining.signal,
      stopped: this.#stopped.signal,
    };
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) {
      this.stop();
    }
  }

  /** Starts nothing new; what is in flight may still get its reference. */
  drain(): void {
    this.#draining.abort();
  }

  /** Starts nothing new and ends what is in flight. */
  stop(): void {
    this.#dependencies.signal.removeEventListener('abort', this.#onAbort);
    this.drain();
    this.#stopped.abort();
  }

  async settle(file: CheckedFile): Promise<Outcome> {
    const outcome = await this.#settle(file);
    this.#unsettledFiles -= 1;
    return outcome;
  }

  async #settle({ path, check }: CheckedFile): Promise<Outcome> {
    switch (check.kind) {
      case 'refused':
        return failedOutcome(check.error, 0);
      case 'unchecked':
        return cancelledOutcome(0);
      case 'acceptable': {
        const { sizeBytes } = check.asset;
        const outcome = await this.#upload(path, check.asset);
        this.#dependencies.onEvent({ type: 'file-settled', path, sizeBytes, outcome });
        return outcome;
      }
    }
  }

  async #upload(path: string, asset: CheckedAsset): Promise<Outcome> {
    if (this.#draining.signal.aborted) {
      return cancelledOutcome(0);
    }
    const startedAtMs = this.#dependencies.clock.now();
    const elapsedMs = () => Math.round(this.#dependencies.clock.now() - startedAtMs);
    let buffer: Buffer | undefined;
    try {
      buffer = await this.#buffers.acquire(asset.sizeBytes + 1);
      const bytes = await this.#read(asset, buffer);
      if (bytes === undefined) {
        return cancelledOutcome(0);
      }
      return await this.#sendUnlessKnown({ path, bytes, contentType: asset.contentType, elapsedMs });
    } catch (error) {
      if (error instanceof FileError) {
        return this.#fail(error, 0);
      }
      throw error;
    } finally {
      // Each request has ended, and where its body did not go out whole, its connection is closed.
      if (buffer !== undefined) {
        this.#buffers.release(buffer);
      }
    }
  }

  /** Reads a file, when too many are open after others have closed theirs. Returns nothing if the batch was stopped. */
  async #read(asset: CheckedAsset, buffer: Buffer): Promise<Buffer | undefined> {
    const { clock, onEvent } = this.#dependencies;
    const { throttle } = this.#attempts;
    for (let tries = 1; !this.#draining.signal.aborted; tries += 1) {
      try {
        return await asset.readInto(buffer);
      } catch (error) {
        if (!isOutOfHandles(error) || (throttle.inFlight === 0 && tries > maxReadTries)) {
          throw error;
        }
        onEvent({ type: 'batch-slowed', concurrency: throttle.giveUpPlace() });
        await clock.sleep(readRetryMs, this.#draining.signal);
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
      reuse: (known) => ({ status: 'reused', ...known, attempts: 0, durationMs: file.elapsedMs() }),
      send: () => this.#send(file, sha256),
    });
  }

  async #send({ path, bytes, contentType, elapsedMs }: ReadFile, knownSha256?: string): Promise<Outcome> {
    let sha256 = knownSha256 === undefined ? undefined : Promise.resolve(knownSha256);
    const result = await attemptUpload(
      {
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
        if (result.isOutage && this.#unsettledFiles > 1 && !this.#draining.signal.aborted) {
          // The others would wait for the same; what is in flight is left to end.
          this.drain();
          this.#dependencies.onEvent({ type: 'batch-ended', error: result.error });
        }
        return this.#fail(result.error, result.attempts);
      case 'uploaded': {
        const { warnings, assetRef, account, ...pixels } = result.asset;
        return {
          status: 'uploaded',
          imageRef: assetRef,
          account,
          ...pixels,
          size: bytes.length,
          contentType,
          sha256: await (sha256 ?? sha256Of(bytes)),
          attempts: result.attempts,
          durationMs: elapsedMs(),
          ...(warnings.length > 0 && { warnings }),
        };
      }
    }
  }

  /** The outcome of a file that has no reference; it may stop the batch. */
  #fail(error: UploadError, attempts: number): Outcome {
    if (isFatal(error.code)) {
      // What is in flight has the same token and account and would be refused too.
      this.stop();
    } else if (this.#options.failFast) {
      this.drain();
    }
    return failedOutcome(error, attempts);
  }
}

/** In lower-case hex. */
async function sha256Of(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}
