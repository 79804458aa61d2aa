import { isOutOfHandles } from '../errno.ts';
import { FileError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { PendingAsset, PreparedAsset } from '../media/check-asset.ts';
import { untilAborted } from '../until-aborted.ts';
import { BufferPool } from './buffer-pool.ts';
import type { AcceptableFile } from './checked-file.ts';
import type { UploadEvent } from './event.ts';
import { cancelledOutcome, type Outcome } from './record.ts';
import type { StopSignals } from './stop-signals.ts';
import type { Throttle } from './throttle.ts';

/** A file whose bytes are in memory; every attempt sends the same bytes. */
export interface LoadedFile {
  /** Its first place in the input, for events. */
  readonly index: number;
  readonly path: string;
  readonly asset: PreparedAsset;
  readonly bytes: Buffer;
  /** The edits of its source, as a key; undefined if it was not to be converted. */
  readonly recipe: string | undefined;
  /** Of the bytes, in lower-case hex; computed once. */
  readonly sha256: () => Promise<string>;
  /** Since its turn came. */
  readonly elapsedMs: () => number;
}

interface LoaderDependencies {
  readonly clock: Clock;
  readonly onEvent: (event: UploadEvent) => void;
}

/** What the batch does with a file whose turn has come. */
interface LoadUse {
  /** Called once the file needs no conversion any more. */
  readonly onPrepared: () => void;
  readonly send: (file: LoadedFile) => Promise<Outcome>;
  readonly fail: (error: FileError) => Promise<Outcome>;
}

/** How long a file waits before it is tried again, if too many files are open. */
const readRetryMs = 250;

/** Tries to open a file while no upload is in flight that could make room for it. */
const maxReadTries = 20;

/** Converts and reads the files of a batch, and gives their memory to the next ones. */
export class FileLoader {
  readonly #dependencies: LoaderDependencies;
  readonly #signals: StopSignals;
  readonly #throttle: Throttle;
  /** The conversions that were begun ahead of their turn. */
  readonly #preparing = new Map<PendingAsset, Promise<PreparedAsset>>();
  readonly #buffers = new BufferPool();

  constructor(dependencies: LoaderDependencies, signals: StopSignals, throttle: Throttle) {
    this.#dependencies = dependencies;
    this.#signals = signals;
    this.#throttle = throttle;
  }

  /** Begins the conversion of the file whose turn is next, if it needs one. */
  prepareAhead(file: AcceptableFile | undefined): void {
    const asset = file?.check.asset;
    if (asset?.fitting !== undefined && !this.#preparing.has(asset) && !this.#signals.draining.aborted) {
      const preparing = asset.prepare(this.#signals.draining);
      this.#preparing.set(asset, preparing);
      // A failure is reported when its turn comes.
      preparing.catch(() => {});
    }
  }

  /** Settles one file: loads it and sends it, or fails. */
  async settle({ index, path, check }: AcceptableFile, use: LoadUse): Promise<Outcome> {
    const { clock } = this.#dependencies;
    const { draining, stopped } = this.#signals;
    const startedAtMs = clock.monotonicMs();
    let asset: PreparedAsset | undefined;
    let buffer: Buffer | undefined;
    try {
      asset = await untilAborted(this.#prepare(check.asset), draining);
      use.onPrepared();
      buffer = await untilAborted(this.#buffers.acquire(asset.sizeBytes + 1), stopped);
      const bytes = await this.#read(asset, buffer);
      if (bytes === undefined) {
        return cancelledOutcome(0);
      }
      let sha256: Promise<string> | undefined;
      return await use.send({
        index,
        path,
        asset,
        bytes,
        recipe: check.recipe,
        sha256: () => {
          sha256 ??= sha256Of(bytes);
          return sha256;
        },
        elapsedMs: () => Math.round(clock.monotonicMs() - startedAtMs),
      });
    } catch (error) {
      if (error === draining.reason || error === stopped.reason) {
        return cancelledOutcome(0);
      }
      if (error instanceof FileError) {
        return use.fail(error);
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

  #prepare(asset: PendingAsset): Promise<PreparedAsset> {
    const preparing = this.#preparing.get(asset);
    this.#preparing.delete(asset);
    return preparing ?? asset.prepare(this.#signals.draining);
  }

  /**
   * Reads a file. While too many are open, tries again, because others are being closed. Returns nothing if the batch
   * was stopped.
   */
  async #read(asset: PreparedAsset, buffer: Buffer): Promise<Buffer | undefined> {
    const { clock, onEvent } = this.#dependencies;
    for (let tries = 1; !this.#signals.draining.aborted; tries += 1) {
      try {
        return await untilAborted(asset.readInto(buffer), this.#signals.stopped);
      } catch (error) {
        if (!isOutOfHandles(error) || (this.#throttle.inFlight === 0 && tries > maxReadTries)) {
          throw error;
        }
        onEvent({ type: 'batch-slowed', concurrency: this.#throttle.giveUpPlace() });
        await clock.sleep(readRetryMs, this.#signals.draining);
      }
    }
    return undefined;
  }
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}
