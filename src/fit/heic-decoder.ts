import { Worker } from 'node:worker_threads';
import { FileError } from '../errors.ts';
import { resolveModule } from './optional-modules.ts';

/** A file of pixels, of a byte each for red, green, blue, and for alpha where one is not opaque. */
export interface PixelFile {
  /** They begin at {@link pixelStart}. */
  readonly path: string;
  readonly channels: 3 | 4;
  readonly width: number;
  readonly height: number;
}

/** Room for a header in front of the pixels. */
export const pixelStart = 8;

/**
 * What runs in the worker: text, because the command is one bundled file and a worker needs a file or a text. The
 * decoder prints on broken files, hence `stdout` and `stderr` of the worker, which nobody reads.
 */
const workerCode = `
const { openSync, writeSync, closeSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const decode = require(workerData.decoder);
parentPort.on('message', async ({ bytes, maxPixels, path }) => {
  let file;
  let images;
  try {
    images = await decode.all({ buffer: Buffer.from(bytes) });
    const [image] = images;
    if (image.width * image.height > maxPixels) {
      throw new Error('it has too many pixels');
    }
    const { data, width, height } = await image.decode();
    let isOpaque = true;
    for (let i = 3; isOpaque && i < data.length; i += 4) {
      isOpaque = data[i] === 255;
    }
    if (isOpaque) {
      for (let from = 0, to = 0; from < data.length; from += 4) {
        data[to++] = data[from];
        data[to++] = data[from + 1];
        data[to++] = data[from + 2];
      }
    }
    const channels = isOpaque ? 3 : 4;
    const length = width * height * channels;
    file = openSync(path, 'wx', 0o600);
    for (let at = 0; at < length; ) {
      at += writeSync(file, data, at, length - at, workerData.pixelStart + at);
    }
    parentPort.postMessage({ channels, width, height });
  } catch (error) {
    parentPort.postMessage({ problem: String(error && error.message || error), code: error?.code });
  } finally {
    if (file !== undefined) {
      closeSync(file);
    }
    images?.dispose();
  }
});
`;

type Answer = Omit<PixelFile, 'path'> | { readonly problem: string; readonly code?: string };

/** Decodes HEIC pictures in threads that are kept for the next picture, because starting one takes 0.3 s. */
export class HeicDecoder {
  readonly #idle: Worker[] = [];

  /** Starts a thread, so that it is ready when a picture comes. */
  prepare(): void {
    if (this.#idle.length === 0) {
      const worker = this.#start();
      worker.unref();
      this.#idle.push(worker);
    }
  }

  /**
   * Decodes a picture into a new file: no other copy of its pixels, of 36 MB and more, is held meanwhile.
   *
   * @throws FileError `cannot_fit`, an error of the file system, or the signal's reason
   */
  async decode(
    bytes: Buffer,
    path: string,
    options: { readonly maxPixels: number; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<PixelFile> {
    const worker = this.#idle.pop() ?? this.#start();
    const answer = await ask(
      worker,
      { bytes, path, maxPixels: options.maxPixels },
      options.timeoutMs,
      signal,
    ).catch(async (error: unknown) => {
      await worker.terminate();
      throw signal.aborted ? signal.reason : error;
    });
    worker.unref();
    this.#idle.push(worker);
    if ('problem' in answer) {
      // Those of the file system have a code.
      throw answer.code === undefined
        ? undecodable(answer.problem)
        : Object.assign(new Error(answer.problem), { code: answer.code });
    }
    return { ...answer, path };
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(workerCode, {
      eval: true,
      workerData: { decoder: resolveModule('heic-decode'), pixelStart },
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    return worker;
  }
}

function ask(worker: Worker, question: unknown, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settled = new AbortController();
    const fail = (problem: string) => {
      settled.abort();
      reject(undecodable(problem));
    };
    const timer = setTimeout(() => fail(`it took more than ${timeoutMs / 1000} s`), timeoutMs);
    const onMessage = (answer: Answer) => {
      settled.abort();
      resolve(answer);
    };
    const onError = (error: Error) => fail(error.message);
    const onExit = () => fail('its decoder ended');
    const onAbort = () => {
      settled.abort();
      reject(signal.reason);
    };
    // One by one: a worker without any of its own listeners hears no further message.
    settled.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    });
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort);
    worker.ref();
    if (signal.aborted) {
      onAbort();
    } else {
      worker.postMessage(question);
    }
  });
}

function undecodable(problem: string): FileError {
  return new FileError('cannot_fit', `it cannot be decoded: ${problem}`, {
    hint: 'Copy or export it again if it is cut short; else convert it to JPEG or PNG.',
  });
}
