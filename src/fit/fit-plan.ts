import type { FittedSource } from '../media/check-asset.ts';
import type { ClipFacts } from './clip-facts.ts';
import type { ClipFormat, PictureFormat } from './formats.ts';
import type { FrameRecipe } from './frame-recipe.ts';
import type { PictureRecipe } from './picture-recipe.ts';
import type { ClipOutcome, ClipRecipe } from './recipe-base.ts';
import type { SourceFile } from './source-file.ts';

/** What will be done with a file, decided before anything is sent. */
export type FitPlan =
  /** It goes out as it is, or keeps the refusal that it has; `note` is for people, if something is unknown. */
  { readonly kind: 'untouched'; readonly note: string | undefined } | FittingPlan;

/** How a file is made to fit. */
export interface FittingPlan {
  readonly kind: 'fit';
  readonly source: SourceFile;
  readonly work: FitWork;
  /** What will come of it. */
  readonly outcome: { readonly type: 'image' | 'video' | 'audio' } & Partial<ClipOutcome>;
  /** What is done, as far as it is known beforehand. */
  readonly texts: readonly string[];
}

/** The work that a plan stands for. */
export type FitWork =
  | { readonly kind: 'picture'; readonly format: PictureFormat; readonly recipe: PictureRecipe }
  | {
      readonly kind: 'frame';
      readonly format: ClipFormat;
      readonly facts: ClipFacts;
      readonly recipe: FrameRecipe;
    }
  | { readonly kind: 'clip'; readonly format: ClipFormat; readonly recipe: ClipRecipe };

/** What a fitted file is made from. */
export function toFittedSource({ source, work }: FittingPlan): FittedSource {
  return { sha256: source.sha256, size: source.sizeBytes, contentType: work.format.contentType };
}

/** A file that was made to fit. It is checked like any other before it is sent. */
export interface FittedFile {
  /** In the private folder of the run. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  /** What was done; texts for people. */
  readonly fitted: readonly string[];
  readonly source: FittedSource;
  /** Where the copy is that is kept. */
  readonly keptPath: string | undefined;
  /** Removes it once it is sent. */
  discard(): Promise<void>;
}
