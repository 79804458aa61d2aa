import { rm, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import { FileError } from '../errors.ts';
import { fitClip } from './clips/fit-clip.ts';
import { takeFrame } from './clips/take-frame.ts';
import type { FittingPlan, FitWork } from './fit-plan.ts';
import { type ImageFormat, pngFormat } from './formats.ts';
import type { ImageProcesses } from './image-processes.ts';
import { readImageHeader } from './images/image-header.ts';
import { type ImageRecipe, resolveImageRecipe } from './images/image-recipe.ts';
import { decodeToPng } from './programs/decode-to-png.ts';
import type { FfmpegTools } from './programs/ffmpeg-tools.ts';
import type { SourceFile } from './source-file.ts';
import type { Workspace } from './workspace.ts';

/** What a converter works with. */
interface ConverterDependencies {
  readonly cores: number;
  readonly ffmpegTools: FfmpegTools;
  readonly imageProcesses: ImageProcesses;
  readonly workspace: Workspace;
}

/** A new file in the workspace. */
interface ConvertedFile {
  readonly path: string;
  readonly contentType: string;
  readonly extension: string;
  /** The changes, for people. */
  readonly texts: readonly string[];
}

/** Carries out plans: makes a new file of each source. */
export class Converter {
  readonly #options: { readonly noLimits: boolean };
  readonly #ffmpegTools: FfmpegTools;
  readonly #imageProcesses: ImageProcesses;
  readonly #workspace: Workspace;
  readonly #limitEncoders;

  constructor(options: { readonly noLimits: boolean }, dependencies: ConverterDependencies) {
    this.#options = options;
    this.#ffmpegTools = dependencies.ffmpegTools;
    this.#imageProcesses = dependencies.imageProcesses;
    this.#workspace = dependencies.workspace;
    this.#limitEncoders = pLimit(Math.max(1, Math.floor(dependencies.cores / 2)));
  }

  /**
   * Does the work of a plan.
   *
   * @param onProgress called with the completed fraction, from 0 to 1
   * @throws FileError, an error of the file system, or the signal's reason
   */
  async convert(
    { source, work }: FittingPlan,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<ConvertedFile> {
    switch (work.kind) {
      case 'image':
        return this.#fitImage(source, work.format, work.recipe, signal);
      case 'frame':
        return this.#takeFrame(source, work, signal);
      case 'clip': {
        const { container, texts } = work.recipe;
        const path = await this.#workspace.reserve(container.extension);
        const encoder = await this.#ffmpegTools.requireEncoder(signal);
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
  ): Promise<ConvertedFile> {
    const { demuxer } = format;
    if (demuxer === undefined) {
      return this.#encodeImage(source.path, recipe, signal);
    }
    const decoded = await this.#workspace.reserve('png');
    const encoder = await this.#ffmpegTools.requireEncoder(signal);
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
  ): Promise<ConvertedFile> {
    const path = await this.#workspace.reserve('png');
    const encoder = await this.#ffmpegTools.requireEncoder(signal);
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

  async #encodeImage(path: string, recipe: ImageRecipe, signal: AbortSignal): Promise<ConvertedFile> {
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
}
