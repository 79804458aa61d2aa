import { FileError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { Prober } from './ffprobe.ts';
import { type Ffmpeg, findFfmpeg, resolveFfmpegInstall } from './find-ffmpeg.ts';
import { resolveProgramEnv } from './program-env.ts';
import type { Encoder } from './run-ffmpeg.ts';

interface FfmpegMachine extends Pick<Host, 'env' | 'platform'> {
  /** How long ffmpeg may make no progress. */
  readonly stallMs?: number;
}

const defaultStallMs = 30_000;

/** Looks for ffmpeg and ffprobe once, when the first file needs them. */
export class FfmpegTools {
  readonly #machine: FfmpegMachine;
  readonly #closed = new AbortController();
  #found: Promise<Ffmpeg> | undefined;

  constructor(machine: FfmpegMachine) {
    this.#machine = machine;
  }

  async canProbe(): Promise<boolean> {
    return (await this.#find()).ffprobe !== undefined;
  }

  /** @throws FileError `cannot_fit` if ffprobe is not installed */
  async requireProber(signal: AbortSignal): Promise<Prober> {
    const { path } = await this.#require('ffprobe');
    return { ffprobe: path, env: resolveProgramEnv(this.#machine.env), signal };
  }

  /** @throws FileError `cannot_fit` if ffmpeg or ffprobe is not installed */
  async requireEncoder(signal: AbortSignal): Promise<Encoder> {
    const { path, version } = await this.#require('ffmpeg');
    const prober = await this.requireProber(signal);
    const { stallMs = defaultStallMs } = this.#machine;
    return { ...prober, ffmpeg: path, ffmpegVersion: version, stallMs };
  }

  /** Stops looking. */
  close(): void {
    this.#closed.abort();
  }

  async #require(name: keyof Ffmpeg): Promise<NonNullable<Ffmpeg[typeof name]>> {
    const program = (await this.#find())[name];
    if (program === undefined) {
      throw new FileError('cannot_fit', `it needs ${name}, which is not on PATH`, {
        hint: `Install it: ${resolveFfmpegInstall(this.#machine.platform)}`,
      });
    }
    return program;
  }

  #find(): Promise<Ffmpeg> {
    const { env, platform } = this.#machine;
    this.#found ??= findFfmpeg(env, platform, this.#closed.signal);
    return this.#found;
  }
}
