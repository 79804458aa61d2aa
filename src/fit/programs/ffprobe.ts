import * as v from 'valibot';
import { FileError } from '../../errors.ts';
import type { Environment } from '../../host.ts';
import { createFfmpegError } from './ffmpeg-error.ts';
import { type FfmpegInput, formatInput } from './ffmpeg-input.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** How ffprobe is run. */
export interface Prober {
  readonly ffprobe: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

const timeoutMs = 60_000;
const maxJsonBytes = 64 * 1024 * 1024;

const text = v.optional(v.string());
const number = v.optional(v.number());

const probedStream = v.object({
  codec_type: text,
  codec_name: text,
  width: number,
  height: number,
  sample_aspect_ratio: text,
  color_transfer: text,
  color_primaries: text,
  color_space: text,
  pix_fmt: text,
  field_order: text,
  r_frame_rate: text,
  avg_frame_rate: text,
  sample_rate: text,
  channels: number,
  bits_per_sample: number,
  bits_per_raw_sample: text,
  tags: v.optional(v.object({ rotate: text })),
  side_data_list: v.optional(v.array(v.object({ rotation: number }))),
  disposition: v.optional(v.object({ attached_pic: number })),
});

/** The parts of ffprobe's output that this program reads; each may be missing. */
const ffprobeOutput = v.object({
  streams: v.optional(v.array(probedStream)),
  format: v.optional(v.object({ duration: text, start_time: text })),
});

/** One stream of a file. */
export type ProbedStream = v.InferOutput<typeof probedStream>;
/** The output of ffprobe about a file. */
export type FfprobeOutput = v.InferOutput<typeof ffprobeOutput>;

/** @throws FileError `cannot_fit` if it is not the output of ffprobe: PATH may have another program of that name */
function parseOutput(json: string): FfprobeOutput {
  try {
    return v.parse(ffprobeOutput, JSON.parse(json));
  } catch {
    throw new FileError('cannot_fit', 'the output of ffprobe cannot be parsed', {
      hint: 'Check the ffprobe on PATH, or install ffmpeg 5 or newer.',
    });
  }
}

/**
 * Asks for the streams and the format of a file.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function probeFile(input: FfmpegInput, prober: Prober): Promise<FfprobeOutput> {
  let json = '';
  await run(
    ['-of', 'json', '-show_format', '-show_streams', ...formatInput(input)],
    prober,
    (line) => {
      json += line;
    },
    maxJsonBytes,
  );
  return parseOutput(json);
}

/** The first video stream that is no cover picture; undefined if there is none. */
export function findVideo({ streams = [] }: FfprobeOutput): ProbedStream | undefined {
  return streams.find((it) => it.codec_type === 'video' && it.disposition?.attached_pic !== 1);
}

/** A piece of a stream; in a video, one frame. */
export interface Packet {
  readonly ms: number;
  readonly lengthMs: number;
  /** Whether an edit list hides it. */
  readonly discarded: boolean;
}

/**
 * Lists the packets of a stream, such as `v:0`, in the order of the file.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function listPackets(
  input: FfmpegInput,
  stream: string,
  prober: Prober,
  onPacket: (packet: Packet) => void,
): Promise<void> {
  const entries = 'packet=pts_time,dts_time,duration_time,flags';
  await run(
    ['-of', 'compact=p=0', '-select_streams', stream, '-show_entries', entries, ...formatInput(input)],
    prober,
    (line) => {
      // AVI has no presentation times.
      const ms = readNumber(/\b[pd]ts_time=([-\d.]+)/, line) * 1000;
      if (!Number.isNaN(ms)) {
        const lengthMs = readNumber(/\bduration_time=([\d.]+)/, line) * 1000 || 0;
        onPacket({ ms, lengthMs, discarded: /\bflags=.D/.test(line) });
      }
    },
  );
}

function readNumber(pattern: RegExp, line: string): number {
  return Number(pattern.exec(line)?.[1] ?? Number.NaN);
}

/** Whether ffprobe has failed without a message, as it does for a codec that it does not read. */
export function isUnexplained(error: unknown): boolean {
  return (
    error instanceof FileError && error.cause instanceof ProgramError && error.cause.kind === 'unexplained'
  );
}

async function run(
  args: readonly string[],
  { ffprobe, env, signal }: Prober,
  onLine: (line: string) => void,
  maxOutputBytes?: number,
): Promise<void> {
  await runProgram(
    { path: ffprobe, args: ['-v', 'error', ...args], env, timeoutMs, maxOutputBytes, onLine },
    signal,
  ).catch((error: unknown) => {
    throw error instanceof ProgramError ? createFfmpegError(error, 'ffprobe') : error;
  });
}
