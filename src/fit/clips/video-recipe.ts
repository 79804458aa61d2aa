import { FileError } from '../../errors.ts';
import type { Aspect } from '../../files/edits.ts';
import { assetTypes, durationToleranceMs } from '../../media/asset-types.ts';
import type { Sides } from '../../media/sides.ts';
import { type ClipContainer, containers, describeCopy } from './clip-container.ts';
import type { VideoFacts } from './clip-facts.ts';
import { type ClipPart, describeCut, isCut, refuseShort, shorten } from './clip-part.ts';
import type { ClipRecipe, ClipSource } from './clip-recipe.ts';
import {
  resolveColour,
  resolveEncodedMatrix,
  resolveShape,
  type VideoColour,
  type VideoShape,
} from './video-filters.ts';

/** Codecs that are kept in an accepted container, and the container that each is copied into from any other. */
const videoCodecs: Readonly<
  Record<string, { readonly container: ClipContainer; readonly options: readonly string[] }>
> = {
  h264: { container: containers.mp4, options: [] },
  // Apple's players require this tag.
  hevc: { container: containers.mp4, options: ['-tag:v', 'hvc1'] },
  vp8: { container: containers.webm, options: [] },
  vp9: { container: containers.webm, options: [] },
  av1: { container: containers.webm, options: [] },
  prores: { container: containers.mov, options: [] },
};

/** Audio codecs that are copied into a video container; other audio is encoded with the last options. */
const audioCodecs: Readonly<
  Record<string, { readonly copied: RegExp; readonly encoder: readonly string[] }>
> = {
  mp4: { copied: /^(aac|mp3)$/, encoder: ['-c:a', 'aac', '-b:a', '192k'] },
  mov: { copied: /^(aac|mp3|pcm_s(16|24)le)$/, encoder: ['-c:a', 'aac', '-b:a', '192k'] },
  webm: { copied: /^(opus|vorbis)$/, encoder: ['-c:a', 'libopus', '-b:a', '160k'] },
};

/** A video that is cut ends with a whole frame, up to this long after the requested time. */
const marginMs = 100;
/** Gives less than 50 MB for the longest video, even for pure noise. */
const bitRateLimit = ['-maxrate', '22M', '-bufsize', '44M'];
const frameRates = [24, 25, 30, 50, 60];
const maxVariableFrameRate = 60;

/**
 * Decides how a video is converted; undefined if it needs no conversion.
 *
 * @throws FileError if it cannot be converted
 */
export function resolveVideoRecipe(
  source: ClipSource,
  video: VideoFacts,
  wanted: ClipPart,
  aspect: Aspect | undefined,
  { noLimits }: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { format, facts } = source;
  const { durationMs, sidePx } = assetTypes.video;
  const part = noLimits ? wanted : shorten(wanted, durationMs.max, marginMs, facts.durationMs);
  const shape = resolveShape(video, aspect, {
    maxSidePx: noLimits ? Number.POSITIVE_INFINITY : sidePx.max,
    step: 2,
  });
  const colour = resolveColour(video);
  const mustEncode = isCut(part) || !shape.isWhole || mustEncodeWhole(source, video, colour, noLimits);
  if (!mustEncode && format.acceptsVideo) {
    return undefined;
  }
  const audioCodec = facts.audio?.codec;
  const coding = mustEncode ? encode(video, shape, colour, noLimits) : copy(video, audioCodec);
  if (!noLimits) {
    refuseShort(part.lengthMs, durationMs.min);
    refuseSmall(coding.sides, sidePx.min);
  }
  // A copy of the audio is inexact if it is cut in the middle, or if an edit list hides some of it.
  const copiesAudio = format.copyable && part.startMs === 0;
  return {
    type: 'video',
    container: coding.container,
    part,
    sides: coding.sides,
    streams: [
      ...['-map', '0:V:0', '-map', '0:a:0?'],
      ...coding.options,
      ...resolveAudio(coding.container, audioCodec, copiesAudio),
    ],
    texts: [
      ...(format.acceptsVideo ? [] : [`converted from ${format.name}`]),
      ...describeCut(part),
      ...shape.texts,
      ...colour.texts,
      coding.text,
    ],
  };
}

/** Whether a video must be encoded even if every frame is kept whole. */
function mustEncodeWhole(
  { format, facts, sizeBytes }: ClipSource,
  video: VideoFacts,
  colour: VideoColour,
  noLimits: boolean,
): boolean {
  const { maxBytes, durationMs } = assetTypes.video;
  const isTooLarge = !noLimits && sizeBytes > maxBytes;
  // A copy may be shorter than its source, whose times may be whole milliseconds.
  const isBarelyLong =
    !noLimits && !format.acceptsVideo && facts.durationMs < durationMs.min + durationToleranceMs;
  const isUnusual =
    videoCodecs[video.codec] === undefined || colour.filters.length > 0 || video.pixelAspect !== 1;
  return (
    isTooLarge ||
    isBarelyLong ||
    (format.acceptsVideo ? isUnusual && !noLimits : isUnusual || !format.copyable)
  );
}

/** How the frames are written to the new file. */
interface VideoCoding {
  readonly container: ClipContainer;
  /** ffmpeg's options. */
  readonly options: readonly string[];
  readonly sides: Sides;
  /** For people. */
  readonly text: string;
}

function encode(video: VideoFacts, shape: VideoShape, colour: VideoColour, noLimits: boolean): VideoCoding {
  const filters = formatFilters(video, shape.filters, colour.filters);
  return {
    container: containers.mp4,
    options: [...h264, ...(noLimits ? [] : bitRateLimit), '-vf', filters],
    sides: { width: shape.width, height: shape.height },
    text: 'encoded as H.264 in MP4',
  };
}

function copy({ codec, width, height }: VideoFacts, audioCodec: string | undefined): VideoCoding {
  const container = resolveCopyContainer(codec, audioCodec);
  const tags = container.muxer === 'webm' ? [] : videoCodecs[codec]!.options;
  return {
    container,
    options: ['-c:v', 'copy', ...tags],
    sides: { width, height },
    text: describeCopy(container),
  };
}

const h264 = ['-c:v', 'libx264', '-preset', 'fast', '-crf', '18', '-profile:v', 'high'];

function formatFilters(video: VideoFacts, shape: readonly string[], colour: readonly string[]): string {
  return [
    ...(video.interlaced ? ['bwdif=mode=send_frame'] : []),
    // The first frame is shown from the start, or the file would be shorter by the time without one.
    `fps=${resolveFrameRate(video)}:start_time=0`,
    ...shape,
    ...colour,
    ...resolveEncodedMatrix(video),
    'format=yuv420p',
  ].join(',');
}

/** A fixed rate: the video's own, or, if that varies, one that loses no frame, up to 60 per second. */
function resolveFrameRate({ frameRate, meanFrameRate }: VideoFacts): string {
  const isFixed = Math.abs(frameRate - meanFrameRate) < 0.01 * frameRate;
  const rate =
    isFixed || (frameRate > 0 && frameRate <= maxVariableFrameRate)
      ? frameRate
      : (frameRates.find((it) => it >= meanFrameRate - 0.5) ?? maxVariableFrameRate);
  // 29.97 and similar rates are fractions.
  const whole = Math.round(rate);
  return Math.abs(rate - (whole * 1000) / 1001) < 0.005 && rate !== whole
    ? `${whole}000/1001`
    : String(rate || 30);
}

function refuseSmall({ width, height }: Sides, minPx: number): void {
  if (Math.min(width, height) < minPx) {
    throw new FileError(
      'bad_dimensions',
      `it would have ${width}x${height} pixels; each side must have at least ${minPx}`,
      { hint: '--fit does not enlarge: use a larger file, or another --aspect.' },
    );
  }
}

/** MP4 can hold VP9 and AV1 too, so the audio decides. */
function resolveCopyContainer(codec: string, audioCodec: string | undefined): ClipContainer {
  const { container } = videoCodecs[codec]!;
  const isWebmAudio = audioCodec === undefined || audioCodecs.webm!.copied.test(audioCodec);
  return container === containers.webm && codec !== 'vp8' && !isWebmAudio ? containers.mp4 : container;
}

function resolveAudio(
  container: ClipContainer,
  codec: string | undefined,
  mayCopy: boolean,
): readonly string[] {
  if (codec === undefined) {
    return [];
  }
  const { copied, encoder } = audioCodecs[container.muxer]!;
  return mayCopy && copied.test(codec) ? ['-c:a', 'copy'] : encoder;
}
