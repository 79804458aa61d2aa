import { setMaxListeners } from 'node:events';
import { pMapIterable } from 'p-map';
import type { UploadedAsset } from '../client/answer.ts';
import { isFatal, UploadError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { CheckedImage } from '../media/check-asset.ts';
import type { CheckedFile, FileCheck } from '../media/check-files.ts';
import type { ImageContentType } from '../media/detect-type.ts';
import { ReusedMemory } from '../media/reused-memory.ts';
import { backoffMs } from './backoff.ts';
import type { UploadEvent } from './event.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { Manifest } from './manifest.ts';
import type { Outcome, UploadedOutcome, UploadRecord } from './record.ts';
import { Throttle } from './throttle.ts';

/** How a batch is sent. */
export interface BatchOptions {
  /** `REGION:email`. */
  readonly account: string;
  /** Uploads in flight, from 1. */
  readonly concurrency: number;
  /** Tries after the first, from 0. */
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
  /** Where references are remembered from run to run, if they are. */
  readonly manifest?: Pick<Manifest, 'find' | 'add'> | undefined;
  /** Starts nothing new and ends what is in flight. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: UploadEvent) => void;
}

/** Sends one image, once, and tells as its bytes go out; rejects with an UploadError, or with the signal's reason. */
export interface Uploader {
  upload(
    image: { readonly bytes: Uint8Array; readonly contentType: string; readonly account: string },
    signal: AbortSignal,
    onSent: (bytes: number) => void,
  ): Promise<UploadedAsset>;
}

/**
 * Uploads what is acceptable and yields one record for each input, in input order, each as soon as it and all before
 * it are settled. A file never makes it reject: what went wrong stands in its record.
 * It holds the bytes of `concurrency` files at the most.
 */
export async function* uploadBatch(
  files: readonly CheckedFile[],
  options: BatchOptions,
  dependencies: BatchDependencies,
): AsyncGenerator<UploadRecord, void, undefined> {
  const batch = new Batch(options, dependencies);
  const distinct = new Map(files.map((file) => [file.check, file]));
  // Without a bound on what is settled and not yet yielded, a slow first file does not hold up those behind it;
  // an outcome is a few hundred bytes.
  const outcomes = pMapIterable(distinct.values(), (file) => batch.settle(file), {
    concurrency: options.concurrency,
    backpressure: Number.POSITIVE_INFINITY,
  })[Symbol.asyncIterator]();
  const settled = new Map<FileCheck, Outcome>();
  const isRepeated = distinct.size < files.length;
  try {
    if (options.failFast && files.some(({ check }) => check.kind === 'refused')) {
      batch.drain();
    }
    for (const [index, { path, check }] of files.entries()) {
      const outcome = settled.get(check) ?? ((await outcomes.next()).value as Outcome);
      if (isRepeated) {
        settled.set(check, outcome);
      }
      yield { index, path, ...outcome };
    }
  } finally {
    batch.stop();
  }
}

/** The bytes of one file on their way, the same for every attempt. */
class ImageBody {
  readonly bytes: Buffer;
  readonly contentType: ImageContentType;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  #sha256: Promise<string> | undefined;

  constructor(bytes: Buffer, contentType: ImageContentType, startedAt: number) {
    this.bytes = bytes;
    this.contentType = contentType;
    this.startedAt = startedAt;
  }

  /** In lower-case hex. It is counted once, when it is first asked for. */
  sha256(): Promise<string> {
    this.#sha256 ??= sha256Of(this.bytes);
    return this.#sha256;
  }
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}

/** One run: what is in flight, what is stopped. */
class Batch {
  readonly #options: BatchOptions;
  readonly #dependencies: BatchDependencies;
  readonly #throttle: Throttle;
  /** Aborted when nothing new may start. */
  readonly #draining = new AbortController();
  /** Aborted when what is in flight shall end too. */
  readonly #stopped = new AbortController();
  readonly #onAbort = () => this.stop();
  /** Memory for images that nothing is in; there is as much of it as there were uploads at once. */
  readonly #memories: ReusedMemory[] = [];
  /** What is under way for each content, where a manifest is kept. */
  readonly #sending = new Map<string, Promise<Outcome>>();

  constructor(options: BatchOptions, dependencies: BatchDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    // Each upload in flight listens, up to 64.
    setMaxListeners(0, this.#draining.signal, this.#stopped.signal);
    this.#throttle = new Throttle(options.concurrency, dependencies.clock, this.#draining.signal);
    dependencies.signal.addEventListener('abort', this.#onAbort);
    if (dependencies.signal.aborted) {
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

  async settle({ path, check }: CheckedFile): Promise<Outcome> {
    switch (check.kind) {
      case 'refused':
        return failedOutcome(check.error, 0);
      case 'unchecked':
        return cancelled(0);
      case 'acceptable': {
        const outcome = await this.#upload(path, check.image);
        this.#dependencies.onEvent({ type: 'file-settled', path, sizeBytes: check.image.sizeBytes, outcome });
        return outcome;
      }
    }
  }

  async #upload(path: string, image: CheckedImage): Promise<Outcome> {
    if (this.#draining.signal.aborted) {
      return cancelled(0);
    }
    const memory = this.#memories.pop() ?? new ReusedMemory();
    try {
      return await this.#uploadFrom(memory, path, image);
    } finally {
      // Nothing reads it any more: each request has ended, and where its body did not go out whole, its connection is
      // closed.
      this.#memories.push(memory);
    }
  }

  async #uploadFrom(memory: ReusedMemory, path: string, image: CheckedImage): Promise<Outcome> {
    const startedAt = this.#dependencies.clock.now();
    let bytes: Buffer;
    try {
      bytes = await image.read(memory);
    } catch (error) {
      return this.#fail(asUploadError(error), 0);
    }
    const body = new ImageBody(bytes, image.contentType, startedAt);
    return this.#dependencies.manifest === undefined
      ? this.#send(path, body)
      : this.#sendUnlessKnown(path, body, this.#dependencies.manifest);
  }

  /** Looks into the manifest first; the same content in two files of this run is sent once. */
  async #sendUnlessKnown(
    path: string,
    body: ImageBody,
    manifest: Pick<Manifest, 'find' | 'add'>,
  ): Promise<Outcome> {
    const sha256 = await body.sha256();
    // Whoever sends this content may fail, and then it is the turn of one of those who waited.
    while (this.#sending.has(sha256)) {
      await this.#sending.get(sha256);
    }
    const known = manifest.find(sha256);
    if (known !== undefined) {
      const { imageRef, account, width, height, size, contentType } = known;
      return {
        status: 'reused',
        imageRef,
        account,
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
        size,
        contentType,
        sha256,
        attempts: 0,
        durationMs: this.#since(body.startedAt),
      };
    }
    const sending = this.#send(path, body).then((outcome): Outcome | Promise<Outcome> =>
      outcome.status === 'uploaded' ? remember(outcome, manifest) : outcome,
    );
    this.#sending.set(sha256, sending);
    try {
      return await sending;
    } finally {
      this.#sending.delete(sha256);
    }
  }

  async #send(path: string, body: ImageBody): Promise<Outcome> {
    let attempt = 0;
    while (await this.#throttle.enter()) {
      attempt += 1;
      let waitMs: number | undefined;
      try {
        const { warnings, ...asset } = await this.#attempt(path, attempt, body);
        this.#throttle.speedUp();
        return {
          status: 'uploaded',
          ...asset,
          size: body.bytes.length,
          contentType: body.contentType,
          sha256: await body.sha256(),
          attempts: attempt,
          durationMs: this.#since(body.startedAt),
          ...(warnings.length > 0 && { warnings }),
        };
      } catch (error) {
        if (this.#stopped.signal.aborted) {
          return cancelled(attempt);
        }
        const failure = asUploadError(error);
        waitMs = this.#judge(path, attempt, failure);
        if (waitMs === undefined) {
          return this.#fail(failure, attempt);
        }
      } finally {
        // Only now, or whoever waits for the place would go out into a pause or after a stop.
        this.#throttle.leave();
      }
      if (waitMs > 0) {
        await this.#dependencies.clock.sleep(waitMs, this.#draining.signal);
      }
    }
    return cancelled(attempt);
  }

  /** One request, with the same bytes each time. */
  #attempt(path: string, attempt: number, body: ImageBody): Promise<UploadedAsset> {
    const { uploader, onEvent } = this.#dependencies;
    const { account } = this.#options;
    const { bytes, contentType } = body;
    let unsentBytes = bytes.length;
    onEvent({ type: 'attempt-started', path, attempt, sizeBytes: bytes.length });
    return uploader.upload({ bytes, contentType, account }, this.#stopped.signal, (sent) => {
      onEvent({ type: 'bytes-sent', path, bytes: sent });
      unsentBytes -= sent;
      if (unsentBytes === 0) {
        // Counted while the server is at work, so that nobody waits for it.
        void body.sha256();
      }
    });
  }

  /**
   * Decides whether a failed attempt is followed by another: how long its file waits for it by itself, in milliseconds,
   * or undefined for not at all. A server at capacity makes the whole batch wait, which the throttle sees to.
   * A connection lost after the body was sent may have left an asset behind. It is tried again all the same: the API
   * has no idempotency key, and an orphan costs nothing, where a lost reference costs the person an upload.
   */
  #judge(path: string, attempt: number, error: UploadError): number | undefined {
    const { random, onEvent } = this.#dependencies;
    const tryAgain = error.retryable && attempt <= this.#options.retries && !this.#draining.signal.aborted;
    const delayMs = backoffMs(attempt, error.retryAfterMs, random);
    onEvent({ type: 'attempt-failed', path, attempt, error, retryInMs: tryAgain ? delayMs : undefined });
    const atCapacity = error.code === 'rate_limited';
    if (atCapacity) {
      this.#throttle.slowDown(delayMs);
      onEvent({ type: 'batch-paused', delayMs });
    }
    return tryAgain ? (atCapacity ? 0 : delayMs) : undefined;
  }

  /** The outcome of a file that has no reference; it may stop the batch. */
  #fail(error: UploadError, attempts: number): Outcome {
    if (isFatal(error.code)) {
      // What is in flight goes out with the same token and account, and would be refused as well.
      this.stop();
    } else if (this.#options.failFast) {
      this.drain();
    }
    return failedOutcome(error, attempts);
  }

  #since(startedAt: number): number {
    return Math.round(this.#dependencies.clock.now() - startedAt);
  }
}

/** Puts a reference into the manifest before anybody hears of it; where that fails it is good all the same. */
async function remember(outcome: UploadedOutcome, manifest: Pick<Manifest, 'add'>): Promise<UploadedOutcome> {
  try {
    await manifest.add(outcome);
    return outcome;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return {
      ...outcome,
      warnings: [...(outcome.warnings ?? []), `it could not be written to the manifest (${reason})`],
    };
  }
}

function cancelled(attempts: number): Outcome {
  return { status: 'cancelled', attempts };
}

/** A file's failure; anything else is a mistake of ours and goes up. */
function asUploadError(error: unknown): UploadError {
  if (error instanceof UploadError) {
    return error;
  }
  throw error;
}
