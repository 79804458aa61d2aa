import type { AssetType } from '../media/asset-types.ts';
import type { FittedSource } from '../media/check-asset.ts';
import type { Measures } from '../media/limits.ts';
import type { ClipFacts } from './clips/clip-facts.ts';
import type { ClipRecipe } from './clips/clip-recipe.ts';
import type { FrameRecipe } from './clips/frame-recipe.ts';
import type { ClipFormat, ImageFormat } from './formats.ts';
import type { ImageProcesses } from './image-processes.ts';
import type { ImageRecipe } from './images/image-recipe.ts';
import type { FfmpegTools } from './programs/ffmpeg-tools.ts';
import type { SourceFile } from './source-file.ts';
import type { Workspace } from './workspace.ts';

/** What plans are made and carried out with. */
export interface FitTools {
  /** Whether size, length and sides are left to the server. */
  readonly noLimits: boolean;
  /** Processors that this process may use. */
  readonly cores: number;
  readonly ffmpegTools: FfmpegTools;
  readonly imageProcesses: ImageProcesses;
  readonly workspace: Workspace;
}

/** The plan for a file, decided before anything is sent. */
export type FitPlan =
  /** It is sent unchanged, or keeps its refusal; `note` is for people, if something is unknown. */
  { readonly kind: 'untouched'; readonly note: string | undefined } | FittingPlan;

/** How a file is converted. */
export interface FittingPlan {
  readonly kind: 'fit';
  readonly source: SourceFile;
  readonly work: FitWork;
  /** The expected result. */
  readonly outcome: { readonly type: AssetType } & Measures;
}

/** The work that a plan describes. */
export type FitWork =
  | { readonly kind: 'image'; readonly format: ImageFormat; readonly recipe: ImageRecipe }
  | {
      readonly kind: 'frame';
      readonly format: ClipFormat;
      readonly facts: ClipFacts;
      readonly recipe: FrameRecipe;
    }
  | { readonly kind: 'clip'; readonly format: ClipFormat; readonly recipe: ClipRecipe };

/** The source of a converted file. */
export function toFittedSource({ source, work }: FittingPlan): FittedSource {
  return { sha256: source.sha256, size: source.sizeBytes, contentType: work.format.contentType };
}

/** A converted file. It is checked like any other before it is sent. */
export interface FittedFile {
  /** In the private folder of the run. */
  readonly path: string;
  /** The changes, as texts for people. */
  readonly fitted: readonly string[];
  /** The path of the copy that is kept. */
  readonly keptPath: string | undefined;
  /** Removes it once it is sent. */
  discard(): Promise<void>;
}
