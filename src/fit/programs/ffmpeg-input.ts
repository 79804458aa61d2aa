import { isAbsolute } from 'node:path';
import { maxPixels } from '../max-pixels.ts';

/** A file, and the format in which ffmpeg must read it. */
export interface FfmpegInput {
  /** Absolute. */
  readonly path: string;
  readonly format: Demuxed;
}

/** A format that ffmpeg reads. */
interface Demuxed {
  readonly demuxer: string;
  readonly guessesDuration?: boolean;
  readonly seeksInexactly?: boolean;
}

/** Arguments that make ffmpeg take the path for a local file: no option, no protocol, no list of other files. */
export function formatInput({ path, format }: FfmpegInput): readonly string[] {
  if (!isAbsolute(path)) {
    throw new TypeError(`not absolute: ${path}`);
  }
  return [
    ...['-protocol_whitelist', 'file,pipe', '-max_pixels', String(maxPixels)],
    ...['-f', format.demuxer, '-i', `file:${path}`],
  ];
}

/** The input from that time on; an `-ss` after the input would decode everything before that time. */
export function formatStart(input: FfmpegInput, startMs: number): readonly string[] {
  const seek = startMs > 0 ? ['-ss', formatTime(startMs)] : [];
  return input.format.seeksInexactly ? [...formatInput(input), ...seek] : [...seek, ...formatInput(input)];
}

/** In seconds, to the microsecond. */
export function formatTime(ms: number): string {
  return (ms / 1000).toFixed(6);
}
