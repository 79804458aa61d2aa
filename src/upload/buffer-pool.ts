/** Buffers of about the same size serve files of about the same size. */
const granuleBytes = 256 * 1024;

/** The bytes of all files in flight together, unless one file alone has more. */
const maxPoolBytes = 256 * 1024 * 1024;

interface Waiting {
  readonly sizeBytes: number;
  readonly resolve: (buffer: Buffer) => void;
}

/**
 * Buffers for the files in flight, reused from file to file: with fresh memory for each, the kernel and the garbage
 * collector would take a fifth of the processor time of an upload. It bounds how much they hold together.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];
  readonly #waiting: Waiting[] = [];
  #usedBytes = 0;
  #freeBytes = 0;

  /** Waits for a buffer of at least `sizeBytes`; it holds whatever was in it before. First come, first served. */
  acquire(sizeBytes: number): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#waiting.push({ sizeBytes, resolve });
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
      const buffer = this.#take(next.sizeBytes);
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
    // The new buffer replaces one that is too small, so that there are never more of them than files in flight.
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
