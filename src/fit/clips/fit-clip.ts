import { type FfmpegInput, formatStart, formatTime } from '../programs/ffmpeg-input.ts';
import { type Encoder, runFfmpeg } from '../programs/run-ffmpeg.ts';
import type { ClipRecipe } from './clip-recipe.ts';

/** Encoding fifteen seconds takes seconds to a few minutes; this limit stops an encoder that hangs. */
const timeoutMs = 30 * 60_000;

/**
 * Encodes or copies a clip as the recipe says.
 *
 * @param maxBytes a guard against endless output, far above the expected size
 * @param onProgress called with the completed fraction, from 0 to 1
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function fitClip(
  clip: FfmpegInput,
  recipe: ClipRecipe,
  output: string,
  maxBytes: number,
  encoder: Encoder,
  onProgress: (share: number) => void,
): Promise<void> {
  const { part, container } = recipe;
  await runFfmpeg(
    [
      ...formatStart(clip, part.startMs),
      ...(part.endMs === undefined ? [] : ['-t', formatTime(part.lengthMs)]),
      ...recipe.streams,
      '-sn',
      '-dn',
      ...['-map_metadata', '-1', '-map_chapters', '-1'],
      ...container.options,
      ...['-fs', String(maxBytes)],
      ...['-f', container.muxer, `file:${output}`],
    ],
    encoder,
    timeoutMs,
    (doneMs) => onProgress(Math.max(0, Math.min(1, doneMs / part.lengthMs))),
  );
}
