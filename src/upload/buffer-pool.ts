import { FileError } from '../errors.ts';

/** Buffers of about the same size serve files of about the same size. */
const granuleBytes = 256 * 1024;

/** The bytes of all files in flight together, unless one file alone has more. */
const maxPoolBytes = 256 * 1024 * 1024;

interface Waiting {
  readonly sizeBytes: number;
  readonly resolve: (buffer: Buffer) => void;
  readonly reject: (error: FileError) => void;
}

/**
 * Buffers for the files in flight, reused from file to file: with fresh memory for each, the kernel and the garbage
 * collector would take a fifth of the processor time of an upload. It limits how much they hold together.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];
  readonly #waiting: Waiting[] = [];
  #usedBytes = 0;
  #freeBytes = 0;

  /**
   * Waits for a buffer of at least `sizeBytes`; its old contents remain. First come, first served.
   *
   * @throws FileError if there is not enough memory, although no buffer is in use
   */
  acquire(sizeBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sizeBytes, resolve, reject });
      this.#serve();
    });
  }

  /** Gives a buffer back; nothing may use it any more. */
  release(buffer: Buffer): void {
    this.#usedBytes -= buffer.length;
    this.#freeBytes += buffer.length;
    this.#free.push(buffer);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      let buffer: Buffer | undefined;
      try {
        buffer = this.#take(next.sizeBytes);
      } catch (cause) {
        if (this.#usedBytes > 0) {
          // Memory may suffice once a buffer in use is released.
          return;
        }
        this.#waiting.shift();
        next.reject(new FileError('unreadable', 'it cannot be read: there is not enough memory', { cause }));
        continue;
      }
      if (buffer === undefined) {
        return;
      }
      this.#waiting.shift();
      this.#usedBytes += buffer.length;
      next.resolve(buffer);
    }
  }

  #take(sizeBytes: number): Buffer | undefined {
    const fitting = this.#free.findIndex(({ length }) => length >= sizeBytes);
    if (fitting !== -1) {
      return this.#drop(fitting);
    }
    const newBytes = Math.ceil(sizeBytes / granuleBytes) * granuleBytes;
    if (this.#usedBytes > 0 && this.#usedBytes + newBytes > maxPoolBytes) {
      return undefined;
    }
    // The new buffer replaces one that is too small, so there are never more buffers than files in flight.
    do {
      this.#drop(0);
    } while (this.#usedBytes + this.#freeBytes + newBytes > maxPoolBytes && this.#free.length > 0);
    return Buffer.allocUnsafeSlow(newBytes);
  }

  #drop(index: number): Buffer | undefined {
    const [buffer] = this.#free.splice(index, 1);
    this.#freeBytes -= buffer?.length ?? 0;
    return buffer;
  }
}
