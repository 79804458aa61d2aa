import { FileError } from '../../errors.ts';
import type { Edits } from '../../files/edits.ts';
import { resolveAudioRecipe } from './audio-recipe.ts';
import { resolvePart } from './clip-part.ts';
import type { ClipRecipe, ClipSource } from './clip-recipe.ts';
import { resolveVideoRecipe } from './video-recipe.ts';

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
