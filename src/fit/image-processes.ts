import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { FileError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { ImageRecipe } from './images/image-recipe.ts';
import type { FitRequest, FittedImage, WorkerAnswer, WorkerRequest } from './images/image-worker.ts';
import { resolveProgramEnv } from './programs/program-env.ts';

/** The same file from the sources, the library and the bundled command: in each, this module is two folders deep. */
const workerPath = fileURLToPath(new URL('../../dist/fit/image-worker.cjs', import.meta.url));

/** A decoder of HEIC holds up to 300 MB. */
const maxProcesses = 2;

/**
 * By default, glibc keeps an arena for each thread, and the more it allocates, the more freed memory it keeps: 500 MB
 * instead of 240.
 * See https://man7.org/linux/man-pages/man3/mallopt.3.html
 */
const frugalMalloc = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '16777216',
};

/** An image takes seconds; a decoder that takes longer than this hangs. */
const timeoutMs = 5 * 60_000;

/**
 * Decodes images in processes of their own: a crash of a decoder is one file's failure, an interruption stops them at
 * once, they have no token, and their memory is given back. Each is kept for the next image.
 */
export class ImageProcesses {
  readonly #env: NodeJS.ProcessEnv;
  readonly #platform: NodeJS.Platform;
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #idle: ChildProcess[] = [];
  readonly #loads = new Map<ImageRecipe['decoder'], Promise<unknown>[]>();

  constructor({ env, platform, cores }: Pick<Host, 'env' | 'platform' | 'cores'>) {
    this.#env = { ...resolveProgramEnv(env), ...frugalMalloc } as NodeJS.ProcessEnv;
    this.#platform = platform;
    this.#limit = pLimit(Math.min(cores, maxProcesses));
  }

  /**
   * Loads the decoders; for a second image in a second process, so that it need not wait for the first.
   *
   * @throws FileError `cannot_fit` if it is not installed or does not start, or the signal's reason
   */
  async load(decoder: ImageRecipe['decoder'], signal: AbortSignal): Promise<void> {
    const loads = this.#loads.get(decoder) ?? [];
    this.#loads.set(decoder, loads);
    if (loads.length < this.#limit.concurrency) {
      loads.push(this.#run({ kind: 'load', decoder }, signal));
    }
    await loads.at(-1);
  }

  /**
   * Decodes an image and writes it as the recipe says.
   *
   * @throws FileError `cannot_fit`, an error of the file system, or the signal's reason
   */
  fit(request: FitRequest, signal: AbortSignal): Promise<FittedImage> {
    return this.#run({ kind: 'fit', ...request }, signal);
  }

  /**
   * Makes a small JPEG of an image.
   *
   * @param image the path, or the bytes
   * @throws if that is not possible: FileError or an error of sharp, or the signal's reason
   */
  async preview(image: string | Buffer, signal: AbortSignal): Promise<Buffer> {
    return Buffer.from(await this.#run<Uint8Array>({ kind: 'preview', image }, signal));
  }

  /** Stops the processes. */
  close(): void {
    for (const child of this.#idle.splice(0)) {
      child.kill('SIGKILL');
    }
  }

  #run<Result>(request: WorkerRequest, signal: AbortSignal): Promise<Result> {
    return this.#limit(async () => {
      signal.throwIfAborted();
      const child = this.#takeIdle() ?? this.#start();
      const answer = await ask(child, request, signal).catch((error: unknown) => {
        child.kill('SIGKILL');
        throw error;
      });
      child.unref();
      child.channel?.unref();
      this.#idle.push(child);
      return accept(answer) as Result;
    });
  }

  /** A process that still runs: the system may have killed one since the last image. */
  #takeIdle(): ChildProcess | undefined {
    let child = this.#idle.pop();
    while (child !== undefined && !isAlive(child)) {
      child = this.#idle.pop();
    }
    return child;
  }

  #start(): ChildProcess {
    return fork(workerPath, {
      env: this.#env,
      // So that an image's pixels are given back before it is encoded.
      execArgv: ['--expose-gc'],
      // For bytes.
      serialization: 'advanced',
      // Decoders print on broken files.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Ctrl-C is ours alone to answer. On Windows this would open a window.
      detached: this.#platform !== 'win32',
    });
  }
}

function isAlive({ connected, exitCode, signalCode }: ChildProcess): boolean {
  return connected && exitCode === null && signalCode === null;
}

/** @throws FileError, or an error with the code of an errno */
function accept(answer: WorkerAnswer): unknown {
  switch (answer.kind) {
    case 'done':
      return answer.result;
    case 'refused': {
      const { code, message, hint } = answer;
      throw new FileError(code, message, { hint });
    }
    case 'failed':
      throw Object.assign(new Error(answer.message), { code: answer.code });
  }
}

function ask(child: ChildProcess, request: WorkerRequest, signal: AbortSignal): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (use: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      use();
    };
    const fail = (problem: string) =>
      settle(() => reject(new FileError('cannot_fit', `it cannot be decoded: ${problem}`)));
    const onMessage = (answer: WorkerAnswer) => settle(() => resolve(answer));
    const onExit = (code: number | null, killedBy: string | null) =>
      fail(`the decoder crashed or was killed (${killedBy ?? code})`);
    const onError = (error: Error) => fail(`the decoder does not start: ${error.message}`);
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = setTimeout(() => fail(`it took more than ${timeoutMs / 1000} s`), timeoutMs);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    signal.addEventListener('abort', onAbort);
    child.ref();
    child.channel?.ref();
    child.send(request, (error) => {
      if (error !== null) {
        fail(`the decoder ended: ${error.message}`);
      }
    });
  });
}
