import { type FfmpegInput, formatInput } from './ffmpeg-input.ts';
import { findVideo, probeFile } from './ffprobe.ts';
import type { Encoder } from './run-ffmpeg.ts';
import { writePng } from './write-png.ts';

/**
 * Decodes an image that only ffmpeg decodes, as a PNG.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function decodeToPng(image: FfmpegInput, output: string, encoder: Encoder): Promise<void> {
  const video = findVideo(await probeFile(image, encoder));
  const hasAlpha = /^(rgba|bgra|argb|abgr)/.test(video?.pix_fmt ?? '');
  await writePng(
    [...formatInput(image), ...['-frames:v', '1', '-map_metadata', '-1']],
    hasAlpha ? 'rgba' : 'rgb24',
    output,
    encoder,
  );
}
