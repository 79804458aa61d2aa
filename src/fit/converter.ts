import { rm, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import { FileError } from '../errors.ts';
import { assetTypes, maxUnlimitedBytes } from '../media/asset-types.ts';
import { fitClip } from './clips/fit-clip.ts';
import { takeFrame } from './clips/take-frame.ts';
import type { FitTools, FittingPlan, FitWork } from './fit-plan.ts';
import { pngFormat } from './formats.ts';
import { readImageHeader } from './images/image-header.ts';
import { type ImageRecipe, resolveImageRecipe } from './images/image-recipe.ts';
import type { Encoder } from './programs/run-ffmpeg.ts';
import { decodeToPng } from './programs/write-png.ts';
import type { SourceFile } from './source-file.ts';

/** A new file in the workspace. */
interface ConvertedFile {
  readonly path: string;
  readonly extension: string;
  /** The changes, for people. */
  readonly texts: readonly string[];
}

/** Carries out plans: makes a new file of each source. */
export class Converter {
  readonly #tools: FitTools;
  readonly #limitEncoders;

  constructor(tools: FitTools) {
    this.#tools = tools;
    this.#limitEncoders = pLimit(Math.max(1, Math.floor(tools.cores / 2)));
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
        return this.#fitImage(source, work, signal);
      case 'frame':
        return this.#takeFrame(source, work, signal);
      case 'clip': {
        const { type, container, texts } = work.recipe;
        const clip = { path: source.path, format: work.format };
        const maxBytes = this.#tools.noLimits ? maxUnlimitedBytes : 2 * assetTypes[type].maxBytes;
        const path = await this.#encode(container.extension, signal, (output, encoder) =>
          fitClip(clip, work.recipe, output, maxBytes, encoder, onProgress),
        );
        return { path, extension: container.extension, texts };
      }
    }
  }

  async #fitImage(
    source: SourceFile,
    { format: { demuxer }, recipe }: Extract<FitWork, { kind: 'image' }>,
    signal: AbortSignal,
  ): Promise<ConvertedFile> {
    if (demuxer === undefined) {
      return this.#encodeImage(source.path, recipe, signal);
    }
    const decoded = await this.#encode('png', signal, (path, encoder) =>
      decodeToPng({ path: source.path, format: { demuxer } }, path, encoder),
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
    const path = await this.#encode('png', signal, (output, encoder) =>
      takeFrame({ path: source.path, format }, facts, recipe, output, encoder),
    );
    const header = await readImageHeader(path, 'image/png');
    const image = { format: pngFormat, header, sizeBytes: (await stat(path)).size };
    const further = resolveImageRecipe(image, undefined, this.#tools);
    if (further === undefined) {
      return { path, extension: 'png', texts: recipe.texts };
    }
    const output = await this.#encodeImage(path, further, signal);
    await rm(path);
    return { ...output, texts: [...recipe.texts, ...output.texts] };
  }

  async #encodeImage(path: string, recipe: ImageRecipe, signal: AbortSignal): Promise<ConvertedFile> {
    const { imageProcesses, workspace } = this.#tools;
    const outputPath = await workspace.reserve('image');
    const scratchPath = await workspace.reserve('tiff');
    const output = await imageProcesses.fit({ path, recipe, scratchPath, outputPath }, signal);
    return { path: outputPath, ...output };
  }

  /** Makes a new file with ffmpeg. Removes the output of a failed program: it would only take disk space. */
  async #encode(
    extension: string,
    signal: AbortSignal,
    encode: (path: string, encoder: Encoder) => Promise<void>,
  ): Promise<string> {
    const path = await this.#tools.workspace.reserve(extension);
    const encoder = await this.#tools.ffmpegTools.requireEncoder(signal);
    try {
      await this.#limitEncoders(encode, path, encoder);
      await stat(path).catch((cause: unknown) => {
        throw new FileError('cannot_fit', 'ffmpeg wrote no output', { cause });
      });
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return path;
  }
}
