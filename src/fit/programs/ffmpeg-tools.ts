import { FileError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { Prober } from './ffprobe.ts';
import { type Ffmpeg, findFfmpeg, resolveFfmpegInstall } from './find-ffmpeg.ts';
import { resolveProgramEnv } from './program-env.ts';
import type { Encoder } from './run-ffmpeg.ts';

const defaultStallMs = 30_000;

/** Looks for ffmpeg and ffprobe once, when the first file needs them. */
export class FfmpegTools {
  readonly #env: Host['env'];
  readonly #platform: Host['platform'];
  readonly #stallMs: number;
  readonly #closed = new AbortController();
  #found: Promise<Ffmpeg> | undefined;

  /** @param machine `stallMs` is how long ffmpeg may make no progress */
  constructor({
    env,
    platform,
    stallMs = defaultStallMs,
  }: Pick<Host, 'env' | 'platform'> & { readonly stallMs?: number }) {
    this.#env = env;
    this.#platform = platform;
    this.#stallMs = stallMs;
  }

  async canProbe(): Promise<boolean> {
    return (await this.#find()).ffprobe !== undefined;
  }

  /** @throws FileError `cannot_fit` if ffprobe is not installed */
  async requireProber(signal: AbortSignal): Promise<Prober> {
    const { path } = await this.#require('ffprobe');
    return { ffprobe: path, env: resolveProgramEnv(this.#env), signal };
  }

  /** @throws FileError `cannot_fit` if ffmpeg or ffprobe is not installed */
  async requireEncoder(signal: AbortSignal): Promise<Encoder> {
    const { path, version } = await this.#require('ffmpeg');
    const prober = await this.requireProber(signal);
    return { ...prober, ffmpeg: path, ffmpegVersion: version, stallMs: this.#stallMs };
  }

  /** Stops looking. */
  close(): void {
    this.#closed.abort();
  }

  async #require(name: keyof Ffmpeg): Promise<NonNullable<Ffmpeg[typeof name]>> {
    const program = (await this.#find())[name];
    if (program === undefined) {
      throw new FileError('cannot_fit', `it needs ${name}, which is not on PATH`, {
        hint: `Install it: ${resolveFfmpegInstall(this.#platform)}`,
      });
    }
    return program;
  }

  #find(): Promise<Ffmpeg> {
    this.#found ??= findFfmpeg(this.#env, this.#platform, this.#closed.signal);
    return this.#found;
  }
}
