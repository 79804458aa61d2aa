import pLimit from 'p-limit';
import { FileError } from '../errors.ts';
import type { Edits } from '../files/edits.ts';
import type { ImageContentType } from '../media/asset-types.ts';
import type { Sides } from '../media/sides.ts';
import { type ClipFacts, loadClipFacts } from './clips/clip-facts.ts';
import { resolveClipRecipe } from './clips/clip-recipe.ts';
import { resolveFrameRecipe } from './clips/frame-recipe.ts';
import type { FitPlan, FitTools } from './fit-plan.ts';
import { type ClipFormat, type ImageFormat, recogniseFormat } from './formats.ts';
import { isHdr, readHeifColours } from './images/colour-code.ts';
import { type ImageHeader, readImageHeader, readImageSides } from './images/image-header.ts';
import { resolveImageRecipe } from './images/image-recipe.ts';
import { isUnexplained } from './programs/ffprobe.ts';
import type { SourceFile } from './source-file.ts';

/** Decides how files are converted: reads what they are, and makes sure that the tools for it are there. */
export class Planner {
  readonly #tools: FitTools;
  readonly #limitProbes;

  constructor(tools: FitTools) {
    this.#tools = tools;
    this.#limitProbes = pLimit(tools.cores);
  }

  /**
   * Plans how to treat a file; nothing is decoded yet.
   *
   * @param isAccepted whether the check accepts the file unchanged
   * @throws FileError if it cannot be converted, or the signal's reason
   */
  async plan(source: SourceFile, edits: Edits, isAccepted: boolean, signal: AbortSignal): Promise<FitPlan> {
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

  async #planImage(
    source: SourceFile,
    format: ImageFormat,
    { aspect }: Edits,
    signal: AbortSignal,
  ): Promise<FitPlan> {
    const { ffmpegTools, imageProcesses } = this.#tools;
    const { path, sizeBytes } = source;
    let header: ImageHeader | undefined;
    let sides: Sides | undefined;
    if (format.accepted) {
      const contentType = format.contentType as ImageContentType;
      header = await readImageHeader(path, contentType);
      sides = aspect && (await readImageSides(path, contentType, header));
    }
    if (header?.isHdr || (format.isHeif && (await readHeifColours(path)).some(isHdr))) {
      throw new FileError('unsupported_type', 'it is HDR, and its colours cannot be converted', {
        hint: 'Export it without HDR, or as a JPEG.',
      });
    }
    const recipe = resolveImageRecipe({ format, header, sides, sizeBytes }, aspect, this.#tools);
    if (recipe === undefined) {
      return untouched;
    }
    if (format.demuxer !== undefined) {
      await ffmpegTools.requireEncoder(signal);
    }
    await imageProcesses.load(format.decoder, signal);
    return { kind: 'fit', source, outcome: { type: 'image' }, work: { kind: 'image', format, recipe } };
  }

  async #planClip(
    source: SourceFile,
    format: ClipFormat,
    edits: Edits,
    isAccepted: boolean,
    signal: AbortSignal,
  ): Promise<FitPlan> {
    const { ffmpegTools } = this.#tools;
    const mayStay = isAccepted && Object.keys(edits).length === 0;
    if (mayStay && !(await ffmpegTools.canProbe())) {
      return { kind: 'untouched', note: 'without ffprobe, HDR and non-square pixels cannot be detected' };
    }
    const prober = await ffmpegTools.requireProber(signal);
    let facts: ClipFacts;
    try {
      facts = await this.#limitProbes(() => loadClipFacts({ path: source.path, format }, prober));
    } catch (error) {
      if (mayStay && isUnexplained(error)) {
        return {
          kind: 'untouched',
          note: 'ffprobe cannot read it, so HDR and non-square pixels cannot be detected',
        };
      }
      throw error;
    }
    const { video } = facts;
    const { frame } = edits;
    if (video !== undefined && frame !== undefined) {
      const recipe = resolveFrameRecipe({ ...facts, video }, { ...edits, frame });
      await ffmpegTools.requireEncoder(signal);
      const work = { kind: 'frame', format, facts, recipe } as const;
      return { kind: 'fit', source, outcome: { type: 'image' }, work };
    }
    const recipe = resolveClipRecipe({ format, facts, sizeBytes: source.sizeBytes }, edits, this.#tools);
    if (recipe === undefined) {
      return untouched;
    }
    await ffmpegTools.requireEncoder(signal);
    const outcome = { type: recipe.type, durationMs: recipe.part.lengthMs, ...recipe.sides };
    return { kind: 'fit', source, outcome, work: { kind: 'clip', format, recipe } };
  }
}

const untouched: FitPlan = { kind: 'untouched', note: undefined };
