import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ContentType } from './asset-types.ts';
import { damaged } from './damaged.ts';
import type { Measured } from './measure-container.ts';
import { notAccepted } from './other-types.ts';
import type { ProbeAnswer, ProbedFile, ProbeRequest, ProbeWorkerData } from './probe-worker.ts';

/** The type, duration and dimensions of a video or audio file. */
export interface Probed {
  readonly contentType: ContentType;
  /** Undefined if the file does not say; the server may know. */
  readonly durationMs: number | undefined;
  /** Of a video, as it is displayed: rotated, and with square pixels. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/**
 * How long one file may take, not counting reads: after that the thread is stopped, because the library may loop
 * forever. A file above the usual limits, which --no-limits accepts, gets more time.
 */
function resolveDeadlineMs(sizeBytes: number): number {
  return Math.max(2500, sizeBytes / 20_000);
}

/** Hostile counts could otherwise fill the machine's memory within the deadline. */
const resourceLimits = { maxOldGenerationSizeMb: 128 };

/** The same file, from the sources, from the library and from the bundled command. */
const workerUrl = new URL('../../dist/probe/probe-worker.cjs', import.meta.url);

/**
 * Measures videos and audio files, one after the other, in a thread. It starts with the first file, and does not keep
 * the process alive while it is idle.
 */
export class Probe {
  readonly #signal: AbortSignal;
  readonly #closing = new AbortController();
  #thread: Thread | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort);
    if (signal.aborted) {
      this.#abort();
    }
  }

  /**
   * @param contentType the type that {@link identify} found; the tracks decide that of the result
   * @throws FileError, the signal's reason once it is aborted, or an error with the `code` of an errno if reading fails
   */
  probe(file: ProbedFile, contentType: ContentType): Promise<Probed> {
    const probed = this.#last.then(() => this.#probe(file, contentType));
    this.#last = probed.catch(() => {});
    return probed;
  }

  /** Stops the thread. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#closing.abort();
    await this.#thread?.end();
  }

  readonly #abort = () => {
    this.#closing.abort(this.#signal.reason);
    void this.#thread?.end();
  };

  async #probe(file: ProbedFile, contentType: ContentType): Promise<Probed> {
    const answer = await this.#ask(file, contentType).catch((error: unknown) => {
      this.#closing.signal.throwIfAborted();
      throw error;
    });
    if (answer === undefined) {
      this.#closing.signal.throwIfAborted();
      this.#thread = undefined;
      throw damaged('it has a structure that cannot be read in reasonable time or memory');
    }
    if ('readError' in answer) {
      throw Object.assign(new Error(`${answer.readError}: the file cannot be read`), {
        code: answer.readError,
      });
    }
    if ('damage' in answer) {
      throw damaged(`it ${answer.damage}`);
    }
    return resolveProbed(answer, contentType);
  }

  async #ask(file: ProbedFile, contentType: ContentType): Promise<ProbeAnswer | undefined> {
    this.#closing.signal.throwIfAborted();
    this.#thread ??= await Thread.start(this.#closing.signal);
    return this.#thread.ask(file, contentType);
  }
}

/** Identifies a file by its tracks. */
function resolveProbed({ durationMs, sides }: Measured, container: ContentType): Probed {
  const isVideo = sides !== undefined;
  if (!isVideo && container === 'video/quicktime') {
    throw notAccepted('a QuickTime file with audio only', 'audio');
  }
  if (!isVideo && container === 'video/webm') {
    throw notAccepted('a WebM file with audio only', 'audio');
  }
  const contentType = !isVideo && container === 'video/mp4' ? 'audio/mp4' : container;
  return { contentType, durationMs, width: sides?.width, height: sides?.height };
}

/** One worker thread, which is stopped if a file takes too long. */
class Thread {
  readonly #worker: Worker;
  readonly #reading: Int32Array;
  #settle: (answer?: ProbeAnswer) => void = () => {};

  private constructor(worker: Worker, reading: Int32Array) {
    this.#worker = worker;
    this.#reading = reading;
    worker.on('message', (answer: ProbeAnswer) => this.#settle(answer));
    worker.on('error', () => this.#settle());
    worker.on('exit', () => this.#settle());
    worker.unref();
  }

  /** Waits until its code is loaded, so that a failure to load is not blamed on a file. */
  static async start(signal: AbortSignal): Promise<Thread> {
    const reading = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(workerUrl, {
      workerData: { reading } satisfies ProbeWorkerData,
      resourceLimits,
      // Discards output. It is not read, because that would keep the process alive.
      stdout: true,
      stderr: true,
      execArgv: [],
      env: {},
    });
    try {
      await once(worker, 'message', { signal });
    } catch (error) {
      void worker.terminate();
      throw error;
    }
    return new Thread(worker, reading);
  }

  /** Undefined if the thread had to be stopped, or ran out of memory. */
  async ask(file: ProbedFile, contentType: ContentType): Promise<ProbeAnswer | undefined> {
    this.#worker.ref();
    const stopWatching = this.#watch(resolveDeadlineMs('fd' in file ? file.sizeBytes : file.length));
    try {
      return await new Promise((resolve) => {
        this.#settle = resolve;
        // The memory of standard input is shared, so that it is not copied.
        this.#worker.postMessage({ contentType, file } satisfies ProbeRequest);
      });
    } finally {
      stopWatching();
      this.#worker.unref();
    }
  }

  /** Stops the thread after the deadline; settles once it has stopped: until then, it may read from the file. */
  #watch(limitMs: number): () => void {
    this.#reading.fill(0);
    const started = performance.now();
    const check = () => {
      const leftMs = limitMs + Atomics.load(this.#reading, 0) - (performance.now() - started);
      if (leftMs > 0 || Atomics.load(this.#reading, 1) === 1) {
        timer = setTimeout(check, Math.max(leftMs, 50));
      } else {
        void this.#worker.terminate();
      }
    };
    let timer = setTimeout(check, limitMs);
    return () => clearTimeout(timer);
  }

  async end(): Promise<void> {
    this.#settle();
    await this.#worker.terminate();
  }
}
