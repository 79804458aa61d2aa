import { FileError } from '../errors.ts';
import type { Aspect, Edits, Trim } from '../files/edits.ts';
import { assetTypes, durationToleranceMs, maxUnlimitedBytes } from '../media/asset-types.ts';
import type { AudioFacts, ClipFacts, VideoFacts } from './clip-facts.ts';
import { resolveColour, resolveShape } from './clip-shape.ts';
import type { ClipFormat } from './formats.ts';

/** How a video or sound is made to fit. */
export interface ClipRecipe {
  readonly kind: 'video' | 'audio';
  readonly container: ClipContainer;
  readonly startMs: number;
  /** undefined up to the end. */
  readonly lengthMs: number | undefined;
  /** ffmpeg's options for each stream that is kept. */
  readonly streams: readonly string[];
  /** A guard against output without end, far above what is expected. */
  readonly maxOutputBytes: number;
  readonly outcome: ClipOutcome;
  /** What is done, for people. */
  readonly texts: readonly string[];
}

/** The expected result, as far as it is known before encoding. */
export interface ClipOutcome {
  readonly durationMs: number;
  readonly width?: number;
  readonly height?: number;
}

/** Which frame of a clip is taken, as a picture. */
export interface FrameRecipe {
  /** By the clip's own clock; infinite for the very last. */
  readonly atMs: number;
  /** ffmpeg's. */
  readonly filters: readonly string[];
  readonly texts: readonly string[];
}

/** What ffmpeg writes. */
interface ClipContainer {
  readonly muxer: string;
  readonly contentType: string;
  readonly extension: string;
  /** ffmpeg's options for it. */
  readonly options: readonly string[];
}

const faststart = ['-movflags', '+faststart'];
const containers = {
  mp4: { muxer: 'mp4', contentType: 'video/mp4', extension: 'mp4', options: faststart },
  mov: { muxer: 'mov', contentType: 'video/quicktime', extension: 'mov', options: faststart },
  webm: { muxer: 'webm', contentType: 'video/webm', extension: 'webm', options: [] },
  m4a: { muxer: 'ipod', contentType: 'audio/mp4', extension: 'm4a', options: faststart },
  mp3: { muxer: 'mp3', contentType: 'audio/mpeg', extension: 'mp3', options: [] },
  wav: { muxer: 'wav', contentType: 'audio/wav', extension: 'wav', options: [] },
  aac: { muxer: 'adts', contentType: 'audio/aac', extension: 'aac', options: [] },
} as const satisfies Record<string, ClipContainer>;

/** Codecs that are kept in an accepted container, and the container that takes each from one that is not. */
const videoCodecs: Readonly<
  Record<string, { readonly container: ClipContainer; readonly options: readonly string[] }>
> = {
  h264: { container: containers.mp4, options: [] },
  // Players of Apple's ask for this tag.
  hevc: { container: containers.mp4, options: ['-tag:v', 'hvc1'] },
  vp8: { container: containers.webm, options: [] },
  vp9: { container: containers.webm, options: [] },
  av1: { container: containers.webm, options: [] },
  prores: { container: containers.mov, options: [] },
};

/** Sound that a container of videos takes as it is; other sound is encoded with the last options. */
const videoSound: Readonly<Record<string, { readonly copied: RegExp; readonly encoder: readonly string[] }>> =
  {
    mp4: { copied: /^(aac|mp3)$/, encoder: ['-c:a', 'aac', '-b:a', '192k'] },
    mov: { copied: /^(aac|mp3|pcm_s(16|24)le)$/, encoder: ['-c:a', 'aac', '-b:a', '192k'] },
    webm: { copied: /^(opus|vorbis)$/, encoder: ['-c:a', 'libopus', '-b:a', '160k'] },
  };

/** Containers of sounds that take a codec as it is. */
const soundContainers: Readonly<Record<string, ClipContainer>> = { mp3: containers.mp3, aac: containers.m4a };
const losslessSound = /^(pcm_.*|flac|alac|wavpack|ape|tta)$/;

/** A clip that is cut ends with a whole frame, up to this long after the time that was asked for. */
const videoMarginMs = 100;
const audioMarginMs = 50;
/** Times in file and command line are rounded. */
const timeToleranceMs = 100;
/** Below 50 MB for the longest clip, also for pure noise. */
const bitRateLimit = ['-maxrate', '22M', '-bufsize', '44M'];
const frameRates = [24, 25, 30, 50, 60];
const maxVariableFrameRate = 60;

/** What a recipe is made from. */
export interface ClipSource {
  readonly format: ClipFormat;
  readonly facts: ClipFacts;
  readonly sizeBytes: number;
}

interface Part {
  readonly startMs: number;
  /** undefined up to the end of the clip. */
  readonly endMs: number | undefined;
  readonly lengthMs: number;
}

/**
 * Tells how a video or sound is made to fit; undefined if it needs nothing.
 *
 * @throws FileError if nothing mends it
 */
export function resolveClipRecipe(
  source: ClipSource,
  edits: Edits,
  options: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { video, audio } = source.facts;
  const part = resolvePart(edits.trim, source.facts.durationMs);
  if (video !== undefined) {
    return resolveVideoRecipe(source, video, part, edits.aspect, options);
  }
  if (audio !== undefined) {
    return resolveAudioRecipe(source, audio, part, options);
  }
  throw new FileError('cannot_fit', 'it has neither moving pictures nor sound that can be read');
}

/**
 * Tells which frame is taken: first the trim, then the frame, then the aspect.
 *
 * @throws FileError `cannot_fit` for a time outside the clip
 */
export function resolveFrameRecipe(
  facts: ClipFacts & { readonly video: VideoFacts },
  edits: Edits & { readonly frame: NonNullable<Edits['frame']> },
): FrameRecipe {
  const { frame, aspect, trim } = edits;
  const part = resolvePart(trim, facts.durationMs);
  if (typeof frame === 'object' && frame.atMs > part.lengthMs) {
    throw outside(`there is no frame at ${formatClipTime(frame.atMs)}`, part.lengthMs);
  }
  const shape = resolveShape(facts.video, aspect, { maxSidePx: Number.POSITIVE_INFINITY, step: 1 });
  const colour = resolveColour(facts.video);
  return {
    atMs: facts.startMs + resolveFrameMs(frame, part),
    filters: [...shape.filters, ...colour.filters],
    texts: [
      typeof frame === 'object' ? `frame at ${formatClipTime(frame.atMs)} taken` : `${frame} frame taken`,
      ...(shape.isCropped && aspect ? [`cropped to ${aspect.width}:${aspect.height}`] : []),
      ...(facts.video.pixelAspect === 1 ? [] : ['pixels made square']),
      ...describeColour(colour.kind),
    ],
  };
}

/** A frame that begins exactly at the end of the part is not in it. */
const justBeforeMs = 0.01;

function resolveFrameMs(frame: NonNullable<Edits['frame']>, part: Part): number {
  const lastMs = part.endMs === undefined ? Number.POSITIVE_INFINITY : part.endMs - justBeforeMs;
  switch (frame) {
    case 'first':
      return part.startMs;
    case 'last':
      return lastMs;
    default:
      return Math.min(part.startMs + frame.atMs, lastMs);
  }
}

function resolvePart(trim: Trim | undefined, durationMs: number): Part {
  if (trim === undefined) {
    return { startMs: 0, endMs: undefined, lengthMs: durationMs };
  }
  const { startMs, endMs } =
    trim.kind === 'tail' ? { startMs: durationMs - trim.lengthMs, endMs: undefined } : trim;
  if (startMs < -timeToleranceMs || startMs >= durationMs || (endMs ?? 0) > durationMs + timeToleranceMs) {
    throw outside('the requested part is outside the clip', durationMs);
  }
  const isWhole = endMs === undefined || endMs >= durationMs;
  return {
    startMs: Math.max(0, startMs),
    endMs: isWhole ? undefined : endMs,
    lengthMs: (isWhole ? durationMs : endMs) - Math.max(0, startMs),
  };
}

function outside(what: string, durationMs: number): FileError {
  return new FileError('cannot_fit', `${what}: it lasts ${formatClipTime(durationMs)}`, {
    hint: 'Ask for a time within it.',
  });
}

function isCut({ startMs, endMs }: Part): boolean {
  return startMs > 0 || endMs !== undefined;
}

/** What the recipes of videos and of sounds share. */
function createBase(kind: ClipRecipe['kind'], part: Part, noLimits: boolean) {
  return {
    kind,
    startMs: part.startMs,
    lengthMs: part.endMs === undefined ? undefined : part.lengthMs,
    maxOutputBytes: noLimits ? maxUnlimitedBytes : assetTypes[kind].maxBytes * 2,
  };
}

function describeCopy({ extension }: ClipContainer): string {
  return `copied into ${extension.toUpperCase()}, not encoded`;
}

/** The part that remains once it is no longer than allowed. */
function shorten(part: Part, maxMs: number, marginMs: number, durationMs: number): Part {
  // A cut adds up to a frame, so one that is to be just as long as allowed would be too long.
  const allowedMs = isCut(part) ? maxMs - marginMs : maxMs;
  if (part.lengthMs <= allowedMs || durationMs === 0) {
    return part;
  }
  const lengthMs = maxMs - marginMs;
  return { startMs: part.startMs, endMs: part.startMs + lengthMs, lengthMs };
}

function refuseShort(lengthMs: number, minMs: number): void {
  if (lengthMs < minMs - durationToleranceMs) {
    throw new FileError(
      'bad_duration',
      `it would last ${formatClipTime(lengthMs)}; at least ${formatClipTime(minMs)} is needed`,
      { hint: 'A clip cannot be made longer: use a longer one, or keep more of it with --trim.' },
    );
  }
}

function resolveVideoRecipe(
  { format, facts, sizeBytes }: ClipSource,
  video: VideoFacts,
  wanted: Part,
  aspect: Aspect | undefined,
  { noLimits }: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { maxBytes, durationMs, sidePx } = assetTypes.video;
  const part = noLimits ? wanted : shorten(wanted, durationMs.max, videoMarginMs, facts.durationMs);
  const shape = resolveShape(video, aspect, {
    maxSidePx: noLimits ? Number.POSITIVE_INFINITY : sidePx.max,
    step: 2,
  });
  const colour = resolveColour(video);
  const codec = videoCodecs[video.codec];
  const isTooLarge = !noLimits && sizeBytes > maxBytes;
  const isShownOtherwise = colour.kind !== 'plain' || video.pixelAspect !== 1;
  const mustEncode =
    isCut(part) ||
    shape.isCropped ||
    shape.isScaled ||
    isTooLarge ||
    (format.acceptsVideo
      ? !noLimits && (codec === undefined || isShownOtherwise)
      : codec === undefined || isShownOtherwise || !format.copyable);
  if (!mustEncode && format.acceptsVideo) {
    return undefined;
  }
  if (!noLimits) {
    refuseShort(part.lengthMs, durationMs.min);
    refuseSmall(mustEncode ? shape : video, sidePx.min);
  }
  const sound = facts.audio?.codec;
  const container = mustEncode ? containers.mp4 : resolveCopyContainer(video.codec, sound);
  // A cut in the middle of a stream, and what an edit list hides, make a copy of the sound inexact.
  const copiesSound = format.copyable && part.startMs === 0;
  return {
    ...createBase('video', part, noLimits),
    container,
    streams: [
      '-map',
      '0:V:0',
      '-map',
      '0:a:0?',
      ...(mustEncode
        ? [
            ...h264,
            ...(noLimits ? [] : bitRateLimit),
            '-vf',
            formatFilters(video, shape.filters, colour.filters),
          ]
        : ['-c:v', 'copy', ...(container.muxer === 'webm' ? [] : codec!.options)]),
      ...resolveSound(container, sound, copiesSound),
    ],
    outcome: {
      durationMs: part.lengthMs,
      width: mustEncode ? shape.width : video.width,
      height: mustEncode ? shape.height : video.height,
    },
    texts: [
      ...(format.acceptsVideo ? [] : [`converted from ${format.name}`]),
      ...describeCut(part),
      ...(shape.isCropped && aspect ? [`cropped to ${aspect.width}:${aspect.height}`] : []),
      ...(shape.isScaled ? [`scaled to ${shape.width}x${shape.height}`] : []),
      ...(video.pixelAspect === 1 ? [] : ['pixels made square']),
      ...describeColour(colour.kind),
      mustEncode ? 'encoded as H.264 in MP4' : describeCopy(container),
    ],
  };
}

const h264 = ['-c:v', 'libx264', '-preset', 'fast', '-crf', '18', '-profile:v', 'high'];

function formatFilters(video: VideoFacts, shape: readonly string[], colour: readonly string[]): string {
  return [
    ...(video.interlaced ? ['bwdif=mode=send_frame'] : []),
    `fps=${resolveFrameRate(video)}`,
    ...shape,
    ...colour,
    'format=yuv420p',
  ].join(',');
}

/** A fixed rate: the clip's own, or, for one that varies, one that loses no frame, up to 60 a second. */
function resolveFrameRate({ frameRate, meanFrameRate }: VideoFacts): string {
  const isFixed = Math.abs(frameRate - meanFrameRate) < 0.01 * frameRate;
  const rate =
    isFixed || (frameRate > 0 && frameRate <= maxVariableFrameRate)
      ? frameRate
      : (frameRates.find((it) => it >= meanFrameRate - 0.5) ?? maxVariableFrameRate);
  // 29.97 and its like are fractions.
  const whole = Math.round(rate);
  return Math.abs(rate - (whole * 1000) / 1001) < 0.005 && rate !== whole
    ? `${whole}000/1001`
    : String(rate || 30);
}

function refuseSmall(sides: { readonly width: number; readonly height: number }, minPx: number): void {
  if (Math.min(sides.width, sides.height) < minPx) {
    throw new FileError(
      'bad_dimensions',
      `it would have ${sides.width}x${sides.height} pixels; each side must have at least ${minPx}`,
      { hint: 'Enlarging adds no detail: take a larger one, or another --aspect.' },
    );
  }
}

/** MP4 takes VP9 and AV1 too, so the sound decides. */
function resolveCopyContainer(codec: string, sound: string | undefined): ClipContainer {
  const { container } = videoCodecs[codec]!;
  const isWebmSound = sound === undefined || videoSound.webm!.copied.test(sound);
  return container === containers.webm && codec !== 'vp8' && !isWebmSound ? containers.mp4 : container;
}

function resolveSound(
  container: ClipContainer,
  codec: string | undefined,
  mayCopy: boolean,
): readonly string[] {
  if (codec === undefined) {
    return [];
  }
  const { copied, encoder } = videoSound[container.muxer]!;
  return mayCopy && copied.test(codec) ? ['-c:a', 'copy'] : encoder;
}

function resolveAudioRecipe(
  { format, facts, sizeBytes }: ClipSource,
  audio: AudioFacts,
  wanted: Part,
  { noLimits }: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { maxBytes, durationMs } = assetTypes.audio;
  const part = noLimits ? wanted : shorten(wanted, durationMs.max, audioMarginMs, facts.durationMs);
  const isTooLarge = !noLimits && sizeBytes > maxBytes;
  const isAccepted = format.acceptsAudio && !isLayerTwo(audio);
  if (isAccepted && !isCut(part) && !isTooLarge) {
    return undefined;
  }
  if (!noLimits) {
    refuseShort(part.lengthMs, durationMs.min);
  }
  const { container, options, isCopied } = resolveSoundCoding(
    format,
    audio,
    part,
    noLimits ? undefined : maxBytes,
    // A container of videos holds much else, so nothing can be told of it.
    format.copyable ? 0 : (sizeBytes * part.lengthMs) / facts.durationMs,
  );
  return {
    ...createBase('audio', part, noLimits),
    container,
    streams: ['-map', '0:a:0', ...options],
    outcome: { durationMs: part.lengthMs },
    texts: [
      ...(isAccepted ? [] : [`converted from ${format.name}`]),
      ...describeCut(part),
      isCopied
        ? describeCopy(container)
        : `encoded as ${container === containers.wav ? 'WAV' : 'AAC in M4A'}`,
    ],
  };
}

function isLayerTwo({ codec }: AudioFacts): boolean {
  return codec === 'mp1' || codec === 'mp2';
}

interface SoundCoding {
  readonly container: ClipContainer;
  readonly options: readonly string[];
  readonly isCopied: boolean;
}

/** A copy if that is exact, the same samples if they are small enough, otherwise AAC. */
function resolveSoundCoding(
  format: ClipFormat,
  audio: AudioFacts,
  part: Part,
  maxBytes: number | undefined,
  copiedBytes: number,
): SoundCoding {
  const container = format.contentType === 'audio/aac' ? containers.aac : soundContainers[audio.codec];
  if (
    container !== undefined &&
    part.startMs === 0 &&
    (format.copyable || format.acceptsAudio) &&
    (maxBytes === undefined || copiedBytes <= maxBytes)
  ) {
    return { container, options: ['-c:a', 'copy'], isCopied: true };
  }
  const samplesBytes = (audio.bytesPerSecond * part.lengthMs) / 1000;
  if (losslessSound.test(audio.codec) && (maxBytes === undefined || samplesBytes < maxBytes - headerBytes)) {
    return { container: containers.wav, options: ['-c:a', resolvePcm(audio)], isCopied: false };
  }
  return { container: containers.m4a, options: ['-c:a', 'aac', '-b:a', '256k'], isCopied: false };
}

/** More than a WAV has before its samples. */
const headerBytes = 4096;

/** WAV's own codecs stay; other lossless ones become samples of as many bits. */
function resolvePcm({ codec, sampleBits }: AudioFacts): string {
  if (/^pcm_(u8|[sf]\d+le|alaw|mulaw)$/.test(codec)) {
    return codec;
  }
  if (/^pcm_f/.test(codec)) {
    return `pcm_f${sampleBits}le`;
  }
  return sampleBits <= 16 ? 'pcm_s16le' : sampleBits <= 24 ? 'pcm_s24le' : 'pcm_s32le';
}

function describeCut({ startMs, endMs, lengthMs }: Part): readonly string[] {
  if (startMs === 0) {
    return endMs === undefined ? [] : [`cut to its first ${formatClipTime(lengthMs)}`];
  }
  return [`cut to ${formatClipTime(startMs)} to ${formatClipTime(startMs + lengthMs)}`];
}

function describeColour(kind: 'plain' | 'wide' | 'hdr'): readonly string[] {
  switch (kind) {
    case 'plain':
      return [];
    case 'wide':
      return ['converted from a wide gamut to BT.709'];
    case 'hdr':
      return ['converted from HDR to SDR'];
  }
}

function formatClipTime(ms: number): string {
  return `${Math.round(ms / 10) / 100} s`;
}
