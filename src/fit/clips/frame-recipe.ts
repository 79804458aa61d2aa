import type { Edits } from '../../files/edits.ts';
import type { ClipFacts, VideoFacts } from './clip-facts.ts';
import { type ClipPart, describeCut, formatClipTime, isCut, outside, resolvePart } from './clip-part.ts';
import { resolveColour, resolveFrameMatrix, resolveShape } from './video-filters.ts';

/** The frame of a video that becomes an image. */
export interface FrameRecipe {
  /** By the video's own clock; infinite for the very last. */
  readonly atMs: number;
  /** ffmpeg's filters. */
  readonly filters: readonly string[];
  readonly texts: readonly string[];
}

/**
 * Decides which frame is taken: applies first the trim, then the frame, then the aspect.
 *
 * @throws FileError `cannot_fit` for a time outside the video
 */
export function resolveFrameRecipe(
  facts: ClipFacts & { readonly video: VideoFacts },
  edits: Edits & { readonly frame: NonNullable<Edits['frame']> },
): FrameRecipe {
  const { frame, aspect, trim } = edits;
  const part = resolvePart(trim, facts.contentMs);
  if (typeof frame === 'object' && frame.atMs > part.lengthMs) {
    const where = isCut(part) ? ' of the requested part' : '';
    throw outside(`there is no frame at ${formatClipTime(frame.atMs)}${where}`, part.lengthMs);
  }
  const shape = resolveShape(facts.video, aspect, { maxSidePx: Number.POSITIVE_INFINITY, step: 1 });
  const colour = resolveColour(facts.video);
  return {
    // What comes before zero is not shown: it prepares the decoder of the audio.
    atMs: Math.max(0, facts.startMs) + resolveFrameMs(frame, part),
    filters: [...resolveFrameMatrix(facts.video), ...shape.filters, ...colour.filters],
    texts: [
      ...describeCut(part),
      typeof frame === 'object' ? `frame at ${formatClipTime(frame.atMs)} taken` : `${frame} frame taken`,
      ...shape.texts,
      ...colour.texts,
    ],
  };
}

/** A frame that begins exactly at the end of the part is not part of it. */
const justBeforeMs = 0.01;

function resolveFrameMs(frame: NonNullable<Edits['frame']>, part: ClipPart): number {
  const lastMs = part.endMs === undefined ? Number.POSITIVE_INFINITY : part.endMs - justBeforeMs;
  switch (frame) {
    case 'first':
      return part.startMs;
    case 'last':
      return lastMs;
    default:
      return Math.min(part.startMs + frame.atMs, lastMs);
  }
}
