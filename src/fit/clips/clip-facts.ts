import type { FfmpegInput } from '../programs/ffmpeg-input.ts';
import { findVideo, listPackets, type ProbedStream, type Prober, probeFile } from '../programs/ffprobe.ts';

/** The facts about a clip that ffprobe prints. */
export interface ClipFacts {
  /** As its container counts it. */
  readonly durationMs: number;
  /** From the start of its first frame or sound to the end of the last: the times of a trim and a frame lie within. */
  readonly contentMs: number;
  /** Where the clip's own clock starts. */
  readonly startMs: number;
  readonly video: VideoFacts | undefined;
  readonly audio: AudioFacts | undefined;
}

/** The first video stream. */
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
  /** How its colours are stored. */
  readonly matrix: string;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  /** Frames per second: by the finest step of the timestamps, and the mean. They differ if the rate varies. */
  readonly frameRate: number;
  readonly meanFrameRate: number;
}

/** The first audio stream. */
export interface AudioFacts {
  readonly codec: string;
  /** Of the samples without compression. */
  readonly bytesPerSecond: number;
  readonly sampleBits: number;
  /** Samples a second. */
  readonly sampleRate: number;
}

/** The demuxers whose durations include the time before the first frame or sound. */
const countsFromZero = /^(mp4|mov|matroska|mp3|ogg)$/;

/**
 * Probes a clip.
 *
 * @throws FileError `cannot_fit`, or the signal's reason
 */
export async function loadClipFacts(clip: FfmpegInput, prober: Prober): Promise<ClipFacts> {
  const output = await probeFile(clip, prober);
  const { streams = [], format: container = {} } = output;
  const video = findVideo(output);
  const audio = streams.find((it) => it.codec_type === 'audio');
  const headerDurationMs = Number(container.duration) * 1000;
  const startMs = Number(container.start_time ?? 0) * 1000 || 0;
  const { firstMs, endMs } =
    headerDurationMs > 0 && !clip.format.guessesDuration
      ? { firstMs: 0, endMs: headerDurationMs }
      : await measureTimes(clip, [...(video ? ['v:0'] : []), ...(audio ? ['a:0'] : [])], prober);
  return {
    durationMs: endMs - firstMs,
    contentMs: endMs - (countsFromZero.test(clip.format.demuxer) ? Math.max(firstMs, startMs) : firstMs),
    startMs,
    video: video && readVideo(video),
    audio: audio && readAudio(audio),
  };
}

/** When the first packet of these streams begins, and when the last ends. */
async function measureTimes(
  clip: FfmpegInput,
  streams: readonly string[],
  prober: Prober,
): Promise<{ readonly firstMs: number; readonly endMs: number }> {
  let firstMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  for (const stream of streams) {
    await listPackets(clip, stream, prober, ({ ms, lengthMs }) => {
      firstMs = Math.min(firstMs, ms);
      endMs = Math.max(endMs, ms + lengthMs);
    });
  }
  return firstMs < endMs ? { firstMs, endMs } : { firstMs: 0, endMs: 0 };
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
    matrix: stream.color_space ?? 'unknown',
    pixelFormat: stream.pix_fmt ?? 'unknown',
    interlaced: /^[tb][tb]$/.test(stream.field_order ?? ''),
    frameRate,
    meanFrameRate: readRatio(stream.avg_frame_rate) || frameRate,
  };
}

function readAudio(stream: ProbedStream): AudioFacts {
  const sampleBits = Number(stream.bits_per_raw_sample) || stream.bits_per_sample || 16;
  const sampleRate = Number(stream.sample_rate ?? 0);
  const samplesPerSecond = sampleRate * (stream.channels ?? 0);
  return {
    codec: stream.codec_name ?? 'unknown',
    sampleBits,
    sampleRate,
    bytesPerSecond: samplesPerSecond * Math.ceil(sampleBits / 8),
  };
}

function readRatio(text = '0/1'): number {
  const [numerator, denominator] = text.split('/').map(Number);
  return (numerator ?? 0) / (denominator ?? 1) || 0;
}
