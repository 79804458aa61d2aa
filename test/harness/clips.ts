import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from './temp-dir.ts';

const run = promisify(execFile);
const maxBuffer = 256 * 1024 * 1024;

/** Makes a clip with ffmpeg; `args` follow the inputs. */
export async function makeClip(name: string, args: string): Promise<string> {
  const path = join(await tempDir(), name);
  await run('ffmpeg', ['-v', 'error', '-nostdin', ...args.split(' '), path]);
  return path;
}

/** A video with a counter; no two frames are the same. */
export function drawVideo(size: string, rate: number | string, seconds: number): string {
  return `-f lavfi -i testsrc2=size=${size}:rate=${rate}:duration=${seconds}`;
}

/** A tone. */
export function playTone(seconds: number): string {
  return `-f lavfi -i sine=frequency=440:sample_rate=48000:duration=${seconds}`;
}

/** Options for a fast H.264 encoding. */
export const h264 = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p';

/** What ffprobe says about a file. */
export interface Probed {
  readonly durationMs: number;
  readonly container: string;
  readonly video: Readonly<Record<string, string>> | undefined;
  readonly audio: Readonly<Record<string, string>> | undefined;
}

export async function probeClip(path: string): Promise<Probed> {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-of',
    'json',
    '-show_format',
    '-show_streams',
    path,
  ]);
  const { format, streams } = JSON.parse(stdout);
  return {
    durationMs: Number(format.duration) * 1000,
    container: format.format_name,
    video: streams.find((it: { codec_type: string }) => it.codec_type === 'video'),
    audio: streams.find((it: { codec_type: string }) => it.codec_type === 'audio'),
  };
}

/** Every frame of a video or image, decoded by ffmpeg to bytes of red, green and blue, in the order of its times. */
export async function decodeFrames(path: string, options = ''): Promise<readonly Buffer[]> {
  const { video } = await probeClip(path);
  const { stdout } = await run(
    'ffmpeg',
    `-v error -i ${path} ${options} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -`
      .split(' ')
      .filter(Boolean),
    { encoding: 'buffer', maxBuffer },
  );
  const frameBytes = Number(video!.width) * Number(video!.height) * 3;
  return Array.from({ length: stdout.length / frameBytes }, (_, i) =>
    stdout.subarray(i * frameBytes, (i + 1) * frameBytes),
  );
}
