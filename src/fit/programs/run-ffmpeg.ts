import { createFfmpegError } from './ffmpeg-error.ts';
import type { Prober } from './ffprobe.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** How ffmpeg is run. */
export interface Encoder extends Prober {
  readonly ffmpeg: string;
  readonly ffmpegVersion: string | undefined;
  /** How long it may make no progress. */
  readonly stallMs: number;
}

/**
 * Runs ffmpeg, which overwrites its output.
 *
 * @param onProgress called with the milliseconds of output that are done
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function runFfmpeg(
  args: readonly string[],
  encoder: Encoder,
  timeoutMs: number,
  onProgress: (doneMs: number) => void = () => {},
): Promise<void> {
  try {
    const stderrTail = await runProgram(
      {
        path: encoder.ffmpeg,
        args: ['-nostdin', '-hide_banner', '-v', 'error', '-y', '-progress', 'pipe:1', ...args],
        env: encoder.env,
        timeoutMs,
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
    throw error instanceof ProgramError ? createFfmpegError(error, 'ffmpeg') : error;
  }
}
