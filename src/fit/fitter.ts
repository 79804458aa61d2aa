import { rm, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import { FileError } from '../errors.ts';
import { type Edits, formatEdits } from '../files/edits.ts';
import { encodePath } from '../files/path-bytes.ts';
import type { Machine } from '../host.ts';
import type { Sides } from '../media/sides.ts';
import { loadClipFacts } from './clip-facts.ts';
import { resolveClipRecipe } from './clip-recipe.ts';
import { isHdr, readHeifColours } from './colour-code.ts';
import { findFfmpeg, missingProgram, resolveProgramEnv } from './ffmpeg.ts';
import { decodeToPng, type Encoder, fitClip, takeFrame } from './fit-clip.ts';
import { type FitPlan, type FittedFile, type FittingPlan, type FitWork, toFittedSource } from './fit-plan.ts';
import { type ClipFormat, type ImageFormat, isAcceptedImage, pngFormat, recogniseFormat } from './formats.ts';
import { resolveFrameRecipe } from './frame-recipe.ts';
import { type ImageHeader, readImageHeader, readImageSides } from './image-header.ts';
import { ImageProcesses } from './image-processes.ts';
import { type ImageRecipe, resolveImageRecipe } from './image-recipe.ts';
import { keepCopy } from './keep-copy.ts';
import { loadSourceFile, refuseChanged, type SourceFile } from './source-file.ts';
import { spoolStream } from './spool-stream.ts';
import { createDiskError, Workspace } from './workspace.ts';

/** Changes whenever the same source and edits would give another file. */
const recipeVersion = 1;

/** The options that apply to all files. */
export interface FitterOptions {
  /** Whether size, length and sides are left to the server. */
  readonly noLimits: boolean;
  /** Absolute; undefined if nothing is kept. */
  readonly fitDir: string | undefined;
}

/** What the fitter needs from outside. */
export interface FitterDependencies extends Machine {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** How long a program may make no progress. */
  readonly stallMs?: number;
}

const defaultStallMs = 30_000;

/** Converts files. Nothing is loaded, looked for or made on disk until a file asks for it. */
export class Fitter {
  readonly #options: FitterOptions;
  readonly #dependencies: FitterDependencies;
  readonly #imageProcesses: ImageProcesses;
  readonly #limitProbes;
  readonly #limitEncoders;
  readonly #workspace: Workspace;
  readonly #closed = new AbortController();
  #ffmpeg: ReturnType<typeof findFfmpeg> | undefined;

  constructor(options: FitterOptions, dependencies: FitterDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    const { cores } = dependencies;
    this.#limitProbes = pLimit(cores);
    this.#imageProcesses = new ImageProcesses(dependencies);
    this.#limitEncoders = pLimit(Math.max(1, Math.floor(cores / 2)));
    this.#workspace = new Workspace(dependencies);
  }

  /** The part of a manifest's key that describes options and edits. With the source's SHA-256 it determines the result. */
  formatRecipeKey(edits: Edits): string {
    return [`fit=${recipeVersion}`, ...(this.#options.noLimits ? ['no-limits'] : []), formatEdits(edits)]
      .filter((part) => part !== '')
      .join('&');
  }

  /**
   * Hashes a file, so that the manifest can be asked before anything is probed.
   *
   * @throws FileError, or the signal's reason
   */
  async loadSource(path: string, signal: AbortSignal): Promise<SourceFile> {
    const encoded = encodePath(path);
    return loadSourceFile(
      typeof encoded === 'string' ? encoded : await this.#workspace.link(encoded),
      signal,
    );
  }

  /**
   * Puts standard input into the private folder.
   *
   * @throws FileError, or the signal's reason
   */
  async spool(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
    const path = await this.#workspace.reserve('input');
    await spoolStream(stream, path, signal);
    return path;
  }

  /**
   * Plans how to treat a file; nothing is decoded yet.
   *
   * @param isAccepted whether the check accepts the file unchanged
   * @throws FileError if it cannot be converted, or the signal's reason
   */
  async plan(source: SourceFile, edits: Edits, isAccepted: boolean, signal: AbortSignal): Promise<FitPlan> {
    await this.#workspace.clean();
    try {
      const format = await recogniseFormat(source.path);
      switch (format?.kind) {
        case undefined:
          return untouched;
        case 'image':
          return await this.#planImage(source, format, edits, signal);
        case 'clip':
          return await this.#planClip(source, format, edits, isAccepted, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  /**
   * Carries out a plan.
   *
   * @param name how the file is called, for the copy that is kept
   * @param onProgress called with the completed fraction, from 0 to 1
   * @throws FileError, or the signal's reason
   */
  async fit(
    plan: FittingPlan,
    name: string,
    signal: AbortSignal,
    onProgress: (share: number) => void = () => {},
  ): Promise<FittedFile> {
    const { source, work } = plan;
    await refuseChanged(source);
    const output = await this.#carryOut(source, work, signal, onProgress).catch((error: unknown) => {
      signal.throwIfAborted();
      throw createDiskError(error);
    });
    await refuseChanged(source);
    const { fitDir } = this.#options;
    return {
      path: output.path,
      sizeBytes: (await stat(output.path)).size,
      contentType: output.contentType,
      fitted: output.texts,
      source: toFittedSource(plan),
      keptPath:
        fitDir === undefined ? undefined : await keepCopy(output.path, fitDir, name, output.extension),
      // The next run removes the folder if it cannot be removed now.
      discard: () => rm(output.path, { force: true }).catch(() => {}),
    };
  }

  /** Removes all converted files. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#imageProcesses.close();
    await this.#workspace.remove();
  }

  async #planImage(
    source: SourceFile,
    format: ImageFormat,
    { aspect }: Edits,
    signal: AbortSignal,
  ): Promise<FitPlan> {
    const { path, sizeBytes } = source;
    let header: ImageHeader | undefined;
    let sides: Sides | undefined;
    if (isAcceptedImage(format)) {
      header = await readImageHeader(path, format.contentType);
      sides = aspect && (await readImageSides(path, format.contentType, header));
    }
    if (header?.isHdr || (format.isHeif && (await readHeifColours(path)).some(isHdr))) {
      throw new FileError('unsupported_type', 'it is HDR, and its colours cannot be converted', {
        hint: 'Export it without HDR, or as a JPEG.',
      });
    }
    const recipe = resolveImageRecipe({ format, header, sides, sizeBytes }, aspect, this.#options);
    if (recipe === undefined) {
      return untouched;
    }
    if (format.decoder === 'ffmpeg') {
      await this.#requireEncoder(signal);
    }
    await this.#imageProcesses.load(format.decoder, signal);
    return {
      kind: 'fit',
      source,
      outcome: { type: 'image' },
      work: { kind: 'image', format, recipe },
    };
  }

  async #planClip(
    source: SourceFile,
    format: ClipFormat,
    edits: Edits,
    isAccepted: boolean,
    signal: AbortSignal,
  ): Promise<FitPlan> {
    const { ffprobe } = await this.#findFfmpeg();
    const asksNothing = Object.keys(edits).length === 0;
    if (ffprobe === undefined) {
      if (isAccepted && asksNothing) {
        return {
          kind: 'untouched',
          note: 'without ffprobe, HDR and non-square pixels cannot be detected',
        };
      }
      throw missingProgram('ffprobe', this.#dependencies.platform);
    }
    const prober = { ffprobe: ffprobe.path, env: resolveProgramEnv(this.#dependencies.env), signal };
    const facts = await this.#limitProbes(() => loadClipFacts({ path: source.path, format }, prober));
    const { video } = facts;
    const { frame } = edits;
    if (video !== undefined && frame !== undefined) {
      const recipe = resolveFrameRecipe({ ...facts, video }, { ...edits, frame });
      await this.#requireEncoder(signal);
      return {
        kind: 'fit',
        source,
        outcome: { type: 'image' },
        work: { kind: 'frame', format, facts, recipe },
      };
    }
    const recipe = resolveClipRecipe({ format, facts, sizeBytes: source.sizeBytes }, edits, this.#options);
    if (recipe === undefined) {
      return untouched;
    }
    await this.#requireEncoder(signal);
    return {
      kind: 'fit',
      source,
      outcome: { type: recipe.type, ...recipe.outcome },
      work: { kind: 'clip', format, recipe },
    };
  }

  /** Does the work of a plan. */
  async #carryOut(
    source: SourceFile,
    work: FitWork,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<Output> {
    switch (work.kind) {
      case 'image':
        return this.#fitImage(source, work.format, work.recipe, signal);
      case 'frame':
        return this.#takeFrame(source, work, signal);
      case 'clip': {
        const { container, texts } = work.recipe;
        const path = await this.#workspace.reserve(container.extension);
        const encoder = await this.#requireEncoder(signal);
        await this.#encodeInto(path, () =>
          fitClip({ path: source.path, format: work.format }, work.recipe, path, encoder, onProgress),
        );
        return { path, contentType: container.contentType, extension: container.extension, texts };
      }
    }
  }

  async #fitImage(
    source: SourceFile,
    format: ImageFormat,
    recipe: ImageRecipe,
    signal: AbortSignal,
  ): Promise<Output> {
    const { demuxer } = format;
    if (demuxer === undefined) {
      return this.#encodeImage(source.path, recipe, signal);
    }
    const decoded = await this.#workspace.reserve('png');
    const encoder = await this.#requireEncoder(signal);
    await this.#encodeInto(decoded, () =>
      decodeToPng({ path: source.path, format: { demuxer } }, decoded, encoder),
    );
    const output = await this.#encodeImage(decoded, recipe, signal);
    await rm(decoded);
    return output;
  }

  async #takeFrame(
    source: SourceFile,
    { format, facts, recipe }: Extract<FitWork, { kind: 'frame' }>,
    signal: AbortSignal,
  ): Promise<Output> {
    const path = await this.#workspace.reserve('png');
    const encoder = await this.#requireEncoder(signal);
    await this.#encodeInto(path, () =>
      takeFrame({ path: source.path, format }, facts, recipe, path, encoder),
    );
    const { size } = await stat(path);
    const header = await readImageHeader(path, 'image/png');
    const further = resolveImageRecipe(
      { format: pngFormat, header, sizeBytes: size },
      undefined,
      this.#options,
    );
    if (further === undefined) {
      return { path, contentType: pngFormat.contentType, extension: 'png', texts: recipe.texts };
    }
    const output = await this.#encodeImage(path, further, signal);
    await rm(path);
    return { ...output, texts: [...recipe.texts, ...output.texts] };
  }

  async #encodeImage(path: string, recipe: ImageRecipe, signal: AbortSignal): Promise<Output> {
    const outputPath = await this.#workspace.reserve('image');
    const scratchPath = await this.#workspace.reserve('tiff');
    const request = { path, recipe, scratchPath, outputPath };
    const { contentType, texts } = await this.#imageProcesses.fit(request, signal);
    const extension = contentType === 'image/jpeg' ? 'jpg' : contentType.replace('image/', '');
    return { path: outputPath, contentType, extension, texts };
  }

  /** Removes the output of a failed program: it would only take disk space. */
  async #encodeInto(path: string, encode: () => Promise<void>): Promise<void> {
    try {
      await this.#limitEncoders(encode);
      await stat(path).catch((cause: unknown) => {
        throw new FileError('cannot_fit', 'ffmpeg wrote no output', { cause });
      });
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async #requireEncoder(signal: AbortSignal): Promise<Encoder> {
    const { env, platform, stallMs = defaultStallMs } = this.#dependencies;
    const { ffmpeg, ffprobe } = await this.#findFfmpeg();
    if (ffmpeg === undefined || ffprobe === undefined) {
      throw missingProgram(ffmpeg === undefined ? 'ffmpeg' : 'ffprobe', platform);
    }
    return {
      ffmpeg: ffmpeg.path,
      ffmpegVersion: ffmpeg.version,
      ffprobe: ffprobe.path,
      env: resolveProgramEnv(env),
      stallMs,
      signal,
    };
  }

  #findFfmpeg(): ReturnType<typeof findFfmpeg> {
    const { env, platform } = this.#dependencies;
    this.#ffmpeg ??= findFfmpeg(env, platform, this.#closed.signal);
    return this.#ffmpeg;
  }
}

interface Output {
  readonly path: string;
  readonly contentType: string;
  readonly extension: string;
  readonly texts: readonly string[];
}

const untouched: FitPlan = { kind: 'untouched', note: undefined };
