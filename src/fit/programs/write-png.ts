import { type FfmpegInput, formatInput } from './ffmpeg-input.ts';
import { findVideo, probeFile } from './ffprobe.ts';
import { type Encoder, runFfmpeg } from './run-ffmpeg.ts';

const timeoutMs = 5 * 60_000;
/** A frame of 8K with an incompressible image has 100 MB. */
const maxBytes = 512 * 1024 * 1024;

/**
 * Writes the image that these arguments of ffmpeg give as a PNG. It is always of eight bits: a deeper source would
 * give one of sixteen.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export function writePng(
  args: readonly string[],
  pixelFormat: 'rgb24' | 'rgba',
  output: string,
  encoder: Encoder,
): Promise<void> {
  return runFfmpeg(
    [
      ...args,
      ...['-pix_fmt', pixelFormat, '-c:v', 'png', '-fs', String(maxBytes)],
      ...['-f', 'image2', '-update', '1', `file:${output}`],
    ],
    encoder,
    timeoutMs,
  );
}

/**
 * Decodes an image that only ffmpeg decodes, as a PNG.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function decodeToPng(image: FfmpegInput, output: string, encoder: Encoder): Promise<void> {
  const video = findVideo(await probeFile(image, encoder));
  const pixelFormat = /^(rgba|bgra|argb|abgr)/.test(video?.pix_fmt ?? '') ? 'rgba' : 'rgb24';
  const args = [...formatInput(image), '-frames:v', '1', '-map_metadata', '-1'];
  await writePng(args, pixelFormat, output, encoder);
}
