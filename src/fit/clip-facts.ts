import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import { FileError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { createProgramError } from './ffmpeg.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** What a video or sound file is, as ffprobe tells it. */
export interface ClipFacts {
  readonly durationMs: number;
  /** Where its own clock starts. */
  readonly startMs: number;
  readonly video: VideoFacts | undefined;
  readonly audio: AudioFacts | undefined;
}

/** The first stream of moving pictures. */
export interface VideoFacts {
  readonly codec: string;
  /** In pixels, after its rotation. */
  readonly width: number;
  readonly height: number;
  /** How much wider than high a pixel is shown, after the rotation; 1 is square. */
  readonly pixelAspect: number;
  /** ffmpeg's names; "unknown" where the file does not say. */
  readonly transfer: string;
  readonly primaries: string;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  /** Frames a second: the finest step of its times, and the mean. They differ where the rate varies. */
  readonly frameRate: number;
  readonly meanFrameRate: number;
}

/** The first stream of sound. */
export interface AudioFacts {
  readonly codec: string;
  /** Of the samples without compression. */
  readonly bytesPerSecond: number;
  readonly sampleBits: number;
}

/** A frame of a clip, by the clip's own clock. */
export interface FrameTime {
  readonly ms: number;
  /** When the next is shown; undefined for the last. */
  readonly nextMs: number | undefined;
}

/** How ffprobe is run. */
export interface Prober {
  readonly ffprobe: string;
  readonly env: Environment;
}

const timeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** A format that ffmpeg reads. */
export interface Demuxed {
  readonly demuxer: string;
  readonly guessesDuration?: boolean;
}

/** More than a frame of 16K has: a header can claim any number. */
const maxPixels = 200_000_000;

/** What keeps a name from being an option, a protocol, or a list of other files. */
export function formatInput(format: Demuxed, path: string): readonly string[] {
  if (!isAbsolute(path)) {
    throw new TypeError(`not absolute: ${path}`);
  }
  return [
    ...['-protocol_whitelist', 'file,pipe', '-max_pixels', String(maxPixels)],
    ...['-f', format.demuxer, '-i', `file:${path}`],
  ];
}

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

/** What this program reads of ffprobe's answer; every part may be missing. */
const probeAnswer = v.object({
  streams: v.optional(v.array(probedStream)),
  format: v.optional(v.object({ duration: text, start_time: text })),
});

type ProbedStream = v.InferOutput<typeof probedStream>;
type ProbeAnswer = v.InferOutput<typeof probeAnswer>;

/** @throws FileError `cannot_fit` if it is not what ffprobe prints: PATH may have another program of that name */
function parseAnswer(json: string): ProbeAnswer {
  try {
    return v.parse(probeAnswer, JSON.parse(json));
  } catch {
    throw new FileError('cannot_fit', 'ffprobe printed nothing that this program can read', {
      hint: 'Check the ffprobe on PATH, or install ffmpeg 5 or newer.',
    });
  }
}

/**
 * Probes a file.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function loadClipFacts(
  path: string,
  format: Demuxed,
  prober: Prober,
  signal: AbortSignal,
): Promise<ClipFacts> {
  const answer = await loadAnswer(path, format, prober, signal);
  const { streams = [], format: container = {} } = answer;
  const video = findVideo(answer);
  const audio = streams.find((it) => it.codec_type === 'audio');
  const told = Number(container.duration) * 1000;
  return {
    durationMs:
      told > 0 && !format.guessesDuration
        ? told
        : await measureDuration(path, format, video ? 'v:0' : 'a:0', prober, signal),
    startMs: Number(container.start_time ?? 0) * 1000 || 0,
    video: video && readVideo(video),
    audio: audio && readAudio(audio),
  };
}

/**
 * Probes the first stream of moving pictures alone; undefined if there is none.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function loadVideoFacts(
  path: string,
  format: Demuxed,
  prober: Prober,
  signal: AbortSignal,
): Promise<VideoFacts | undefined> {
  const video = findVideo(await loadAnswer(path, format, prober, signal));
  return video && readVideo(video);
}

async function loadAnswer(
  path: string,
  format: Demuxed,
  prober: Prober,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  let json = '';
  await probe(
    ['-of', 'json', '-show_format', '-show_streams', ...formatInput(format, path)],
    prober,
    (line) => {
      json += line;
    },
    signal,
  );
  return parseAnswer(json);
}

function findVideo({ streams = [] }: ProbeAnswer): ProbedStream | undefined {
  return streams.find((it) => it.codec_type === 'video' && it.disposition?.attached_pic !== 1);
}

/**
 * The frame on screen at a time of the clip's own clock: the last that begins no later. An infinite time gives the very
 * last frame.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function findFrameTime(
  path: string,
  format: Demuxed,
  atMs: number,
  prober: Prober,
  signal: AbortSignal,
): Promise<FrameTime> {
  let firstMs: number | undefined;
  let shownMs: number | undefined;
  let nextMs: number | undefined;
  await listPackets(path, format, 'v:0', prober, signal, ({ ms, discarded }) => {
    if (discarded) {
      return;
    }
    firstMs = Math.min(firstMs ?? ms, ms);
    // Times are printed to the microsecond.
    if (ms <= atMs + 0.001) {
      shownMs = Math.max(shownMs ?? ms, ms);
    } else {
      nextMs = Math.min(nextMs ?? ms, ms);
    }
  });
  const ms = shownMs ?? firstMs;
  if (ms === undefined) {
    throw new FileError('cannot_fit', 'it has no frame that can be found');
  }
  // Before the first frame, the first is shown.
  return { ms, nextMs: shownMs === undefined ? undefined : nextMs };
}

interface Packet {
  readonly ms: number;
  readonly lengthMs: number;
  /** An edit list hides it. */
  readonly discarded: boolean;
}

async function measureDuration(
  path: string,
  format: Demuxed,
  stream: string,
  prober: Prober,
  signal: AbortSignal,
): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  await listPackets(path, format, stream, prober, signal, ({ ms, lengthMs }) => {
    first = Math.min(first, ms);
    end = Math.max(end, ms + lengthMs);
  });
  return Math.max(0, end - first);
}

async function listPackets(
  path: string,
  format: Demuxed,
  stream: string,
  prober: Prober,
  signal: AbortSignal,
  onPacket: (packet: Packet) => void,
): Promise<void> {
  const entries = 'packet=pts_time,duration_time,flags';
  await probe(
    ['-of', 'compact=p=0', '-select_streams', stream, '-show_entries', entries, ...formatInput(format, path)],
    prober,
    (line) => {
      const ms = readNumber(/\bpts_time=([-\d.]+)/, line) * 1000;
      if (!Number.isNaN(ms)) {
        const lengthMs = readNumber(/\bduration_time=([\d.]+)/, line) * 1000 || 0;
        onPacket({ ms, lengthMs, discarded: /\bflags=.D/.test(line) });
      }
    },
    signal,
  );
}

function readNumber(pattern: RegExp, line: string): number {
  return Number(pattern.exec(line)?.[1] ?? Number.NaN);
}

async function probe(
  args: readonly string[],
  { ffprobe, env }: Prober,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await runProgram(
    { path: ffprobe, args: ['-v', 'error', ...args], env, timeoutMs, maxOutputBytes, onLine },
    signal,
  ).catch((error: unknown) => {
    throw error instanceof ProgramError ? createProgramError(error, 'ffprobe') : error;
  });
}

function readVideo(stream: ProbedStream): VideoFacts {
  const rotation =
    stream.side_data_list?.find((it) => it.rotation !== undefined)?.rotation ?? stream.tags?.rotate;
  const isTurned = Math.abs(Number(rotation ?? 0)) % 180 === 90;
  const sides = [stream.width ?? 0, stream.height ?? 0] as const;
  const [width, height] = isTurned ? [sides[1], sides[0]] : sides;
  const pixelAspect = readRatio(stream.sample_aspect_ratio?.replace(':', '/')) || 1;
  const frameRate = readRatio(stream.r_frame_rate);
  return {
    codec: stream.codec_name ?? 'unknown',
    width,
    height,
    pixelAspect: isTurned ? 1 / pixelAspect : pixelAspect,
    transfer: stream.color_transfer ?? 'unknown',
    primaries: stream.color_primaries ?? 'unknown',
    pixelFormat: stream.pix_fmt ?? 'unknown',
    interlaced: /^[tb][tb]$/.test(stream.field_order ?? ''),
    frameRate,
    meanFrameRate: readRatio(stream.avg_frame_rate) || frameRate,
  };
}

function readAudio(stream: ProbedStream): AudioFacts {
  const sampleBits = Number(stream.bits_per_raw_sample) || stream.bits_per_sample || 16;
  const samplesPerSecond = Number(stream.sample_rate ?? 0) * (stream.channels ?? 0);
  return {
    codec: stream.codec_name ?? 'unknown',
    sampleBits,
    bytesPerSecond: samplesPerSecond * Math.ceil(sampleBits / 8),
  };
}

function readRatio(text = '0/1'): number {
  const [numerator, denominator] = text.split('/').map(Number);
  return (numerator ?? 0) / (denominator ?? 1) || 0;
}
