import { FileError } from '../../errors.ts';
import { type FfmpegInput, formatStart, formatTime } from '../programs/ffmpeg-input.ts';
import { listPackets, type Prober } from '../programs/ffprobe.ts';
import type { Encoder } from '../programs/run-ffmpeg.ts';
import { writePng } from '../programs/write-png.ts';
import type { ClipFacts } from './clip-facts.ts';
import type { FrameRecipe } from './frame-recipe.ts';

/** How far before a frame decoding starts; the frames from there on are decoded one by one. */
const leadMs = 1000;

/**
 * Takes the frame that is shown at the recipe's time, as a PNG.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function takeFrame(
  video: FfmpegInput,
  facts: ClipFacts,
  recipe: FrameRecipe,
  output: string,
  encoder: Encoder,
): Promise<void> {
  // A seek to a time gives the frame after it. So look up which frame that is, start before it, and keep the last one.
  const { ms, nextMs } = await findFrameTime(video, recipe.atMs, encoder);
  const { seeksInexactly } = video.format;
  const seekMs = seeksInexactly ? 0 : Math.max(0, ms - facts.startMs - leadMs);
  // Without a seek, the video's own clock is kept: which stream ffmpeg otherwise starts at depends on the format.
  const zeroMs = seeksInexactly ? 0 : facts.startMs + seekMs;
  const filters = [
    // Not `-t`, which counts from the first frame.
    ...(nextMs === undefined ? [] : [`trim=end=${formatTime((ms + nextMs) / 2 - zeroMs)}`]),
    ...recipe.filters,
  ];
  await writePng(
    [
      ...(seeksInexactly ? ['-copyts'] : []),
      ...formatStart(video, seekMs),
      ...['-map', '0:V:0', '-an', '-sn', '-dn', '-map_metadata', '-1'],
      ...(filters.length === 0 ? [] : ['-vf', filters.join(',')]),
      ...resolvePassthrough(encoder.ffmpegVersion),
    ],
    'rgb24',
    output,
    encoder,
  );
}

/**
 * When the frame on screen at a time is shown, and when the next, if there is one, by the video's own clock. It is the
 * last that begins no later; an infinite time gives the very last frame.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
async function findFrameTime(
  video: FfmpegInput,
  atMs: number,
  prober: Prober,
): Promise<{ readonly ms: number; readonly nextMs: number | undefined }> {
  let shownMs: number | undefined;
  /** The first two frames after that time. */
  const later: number[] = [];
  await listPackets(video, 'v:0', prober, ({ ms, discarded }) => {
    if (discarded) {
      return;
    }
    // Times are printed to the microsecond.
    if (ms <= atMs + 0.001) {
      shownMs = Math.max(shownMs ?? ms, ms);
    } else {
      later.push(ms);
      later.sort((a, b) => a - b).splice(2);
    }
  });
  // Before the first frame, the first is shown.
  const [ms, nextMs] = shownMs === undefined ? later : [shownMs, later[0]];
  if (ms === undefined) {
    throw new FileError('cannot_fit', 'no frame was found in it');
  }
  return { ms, nextMs };
}

/** The option that keeps frames at their own times: 5.1 gave it a name, and a later release dropped the old one. */
function resolvePassthrough(version = ''): readonly string[] {
  // Builds between releases have no such number, and are as new as any.
  const isOld = /^n?(?:[0-4]\.|5\.0(?!\d))/.test(version);
  return [isOld ? '-vsync' : '-fps_mode', 'passthrough'];
}
