import { type ClipFacts, findFrameTime, loadVideoFacts } from './clip-facts.ts';
import { createProgramError, resolvePassthrough } from './ffmpeg.ts';
import { type FfmpegInput, formatInput, type Prober } from './ffprobe.ts';
import type { FrameRecipe } from './frame-recipe.ts';
import type { ClipRecipe } from './recipe-base.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** How ffmpeg is run. */
export interface Encoder extends Prober {
  readonly ffmpeg: string;
  readonly ffmpegVersion: string | undefined;
  /** How long it may make no progress. */
  readonly stallMs: number;
}

/** Encoding fifteen seconds takes seconds to a few minutes; this limit stops an encoder that hangs. */
const timeoutMs = 30 * 60_000;
const frameTimeoutMs = 5 * 60_000;
/** A frame of 8K with an incompressible image has 100 MB. */
const maxFrameBytes = 512 * 1024 * 1024;
/** How far before a frame decoding starts; the frames from there on are decoded one by one. */
const leadMs = 1000;

/**
 * Encodes or copies a clip as the recipe says.
 *
 * @param onProgress called with the completed fraction, from 0 to 1
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function fitClip(
  clip: FfmpegInput,
  recipe: ClipRecipe,
  output: string,
  encoder: Encoder,
  onProgress: (share: number) => void,
): Promise<void> {
  const { startMs, lengthMs, container } = recipe;
  await runFfmpeg(
    [
      ...formatStart(clip, startMs),
      ...(lengthMs === undefined ? [] : ['-t', formatTime(lengthMs)]),
      ...recipe.streams,
      '-sn',
      '-dn',
      ...['-map_metadata', '-1', '-map_chapters', '-1'],
      ...container.options,
      ...['-fs', String(recipe.maxOutputBytes)],
      ...['-f', container.muxer, `file:${output}`],
    ],
    encoder,
    timeoutMs,
    (doneMs) => onProgress(Math.max(0, Math.min(1, doneMs / recipe.outcome.durationMs))),
  );
}

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
  await runFfmpeg(
    [
      ...(seeksInexactly ? ['-copyts'] : []),
      ...formatStart(video, seekMs),
      ...['-map', '0:V:0', '-an', '-sn', '-dn', '-map_metadata', '-1'],
      ...(filters.length === 0 ? [] : ['-vf', filters.join(',')]),
      ...resolvePassthrough(encoder.ffmpegVersion),
      ...formatPng('rgb24', output),
    ],
    encoder,
    frameTimeoutMs,
  );
}

/**
 * Decodes an image that only ffmpeg decodes, as a PNG.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function decodeToPng(image: FfmpegInput, output: string, encoder: Encoder): Promise<void> {
  const facts = await loadVideoFacts(image, encoder);
  const hasAlpha = /^(rgba|bgra|argb|abgr)/.test(facts?.pixelFormat ?? '');
  await runFfmpeg(
    [
      ...formatInput(image),
      ...['-frames:v', '1', '-map_metadata', '-1'],
      ...formatPng(hasAlpha ? 'rgba' : 'rgb24', output),
    ],
    encoder,
    frameTimeoutMs,
  );
}

/** Always of eight bits: a deeper source would give a PNG of sixteen. */
function formatPng(pixelFormat: 'rgb24' | 'rgba', output: string): readonly string[] {
  return [
    ...['-pix_fmt', pixelFormat, '-c:v', 'png', '-fs', String(maxFrameBytes)],
    ...['-f', 'image2', '-update', '1', `file:${output}`],
  ];
}

async function runFfmpeg(
  args: readonly string[],
  encoder: Encoder,
  limitMs: number,
  onProgress: (doneMs: number) => void = () => {},
): Promise<void> {
  try {
    const stderrTail = await runProgram(
      {
        path: encoder.ffmpeg,
        args: ['-nostdin', '-hide_banner', '-v', 'error', '-y', '-progress', 'pipe:1', ...args],
        env: encoder.env,
        timeoutMs: limitMs,
        stallMs: encoder.stallMs,
        onLine: (line) => {
          // In microseconds, although its name says milliseconds in older versions.
          const doneUs = Number(/^out_time_us=(\d+)$/.exec(line)?.[1]);
          if (!Number.isNaN(doneUs)) {
            onProgress(doneUs / 1000);
          }
        },
      },
      encoder.signal,
    );
    // Some versions print this and yet exit with 0.
    if (/No space left on device/.test(stderrTail)) {
      throw new ProgramError('failed', stderrTail);
    }
  } catch (error) {
    throw error instanceof ProgramError ? createProgramError(error, 'ffmpeg') : error;
  }
}

/** The input from that time on; an `-ss` after the input would decode everything before that time. */
function formatStart(input: FfmpegInput, startMs: number): readonly string[] {
  const seek = startMs > 0 ? ['-ss', formatTime(startMs)] : [];
  return input.format.seeksInexactly ? [...formatInput(input), ...seek] : [...seek, ...formatInput(input)];
}

/** In seconds, to the microsecond. */
function formatTime(ms: number): string {
  return (ms / 1000).toFixed(6);
}
