import { FileError } from '../../errors.ts';
import type { Edits } from '../../files/edits.ts';
import type { Sides } from '../../media/sides.ts';
import type { ClipFormat } from '../formats.ts';
import { resolveAudioRecipe } from './audio-recipe.ts';
import type { ClipContainer } from './clip-container.ts';
import type { ClipFacts } from './clip-facts.ts';
import { type ClipPart, resolvePart } from './clip-part.ts';
import { resolveVideoRecipe } from './video-recipe.ts';

/** How a clip is converted. */
export interface ClipRecipe {
  readonly type: 'video' | 'audio';
  readonly container: ClipContainer;
  readonly part: ClipPart;
  /** Of the new video; undefined for audio. */
  readonly sides?: Sides;
  /** ffmpeg's options for each stream that is kept. */
  readonly streams: readonly string[];
  /** The changes, for people. */
  readonly texts: readonly string[];
}

/** The source that a recipe is for. */
export interface ClipSource {
  readonly format: ClipFormat;
  readonly facts: ClipFacts;
  readonly sizeBytes: number;
}

/**
 * Decides how a clip is converted; undefined if it needs no conversion.
 *
 * @throws FileError if it cannot be converted
 */
export function resolveClipRecipe(
  source: ClipSource,
  edits: Edits,
  options: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { video, audio, durationMs, contentMs } = source.facts;
  const part = resolvePart(edits.trim, edits.trim === undefined ? durationMs : contentMs);
  if (video !== undefined) {
    return resolveVideoRecipe(source, video, part, edits.aspect, options);
  }
  if (audio !== undefined) {
    return resolveAudioRecipe(source, audio, part, options);
  }
  throw new FileError('cannot_fit', 'it has no readable video or audio stream');
}
