import { assetTypes } from '../../media/asset-types.ts';
import type { ClipFormat } from '../formats.ts';
import { type ClipContainer, containers, describeCopy } from './clip-container.ts';
import type { AudioFacts } from './clip-facts.ts';
import { type ClipPart, describeCut, isCut, lengthenEnd, refuseShort, shorten } from './clip-part.ts';
import type { ClipRecipe, ClipSource } from './clip-recipe.ts';

/** Audio containers, with the codecs that are copied into them. */
const audioContainers: Readonly<Record<string, ClipContainer>> = { mp3: containers.mp3, aac: containers.m4a };
const losslessCodecs = /^(pcm_.*|flac|alac|wavpack|ape|tta)$/;

/** Audio that is cut ends with a whole frame, up to this long after the requested time. */
const minMarginMs = 50;
/** The most samples that an encoder and the end of a cut add; at 44.1 kHz and above, that is less than the least. */
const marginSamples = 3 * 1024;
const usualSampleRate = 44_100;

/**
 * Decides how an audio file is converted; undefined if it needs no conversion.
 *
 * @throws FileError if it cannot be converted
 */
export function resolveAudioRecipe(
  { format, facts, sizeBytes }: ClipSource,
  audio: AudioFacts,
  wanted: ClipPart,
  { noLimits }: { readonly noLimits: boolean },
): ClipRecipe | undefined {
  const { maxBytes, durationMs } = assetTypes.audio;
  const part = noLimits ? wanted : resolveAcceptedPart(wanted, audio, facts.durationMs);
  const isTooLarge = !noLimits && sizeBytes > maxBytes;
  const isAccepted = format.acceptsAudio && !isLayerTwo(audio);
  if (isAccepted && !isCut(part) && !isTooLarge) {
    return undefined;
  }
  if (!noLimits) {
    refuseShort(part.lengthMs, durationMs.min);
  }
  const { container, options, text } = resolveAudioCoding(
    format,
    audio,
    part,
    noLimits ? Number.POSITIVE_INFINITY : maxBytes,
    // A video container holds other streams too, so its size says nothing about the audio.
    format.copyable ? 0 : (sizeBytes * part.lengthMs) / facts.durationMs,
  );
  return {
    type: 'audio',
    container,
    part,
    streams: ['-map', '0:a:0', ...options],
    texts: [...(isAccepted ? [] : [`converted from ${format.name}`]), ...describeCut(part), text],
  };
}

function resolveAcceptedPart(wanted: ClipPart, audio: AudioFacts, clipMs: number): ClipPart {
  const { durationMs } = assetTypes.audio;
  const marginMs = resolveMarginMs(audio);
  // The last frames of an MP3 may hold silence that is not played.
  const lastPart = audio.codec === 'mp3' ? lengthenEnd(wanted, durationMs.min, marginMs) : wanted;
  return shorten(lastPart, durationMs.max, marginMs, clipMs);
}

function resolveMarginMs({ sampleRate }: AudioFacts): number {
  return sampleRate >= usualSampleRate || sampleRate === 0
    ? minMarginMs
    : (marginSamples * 1000) / sampleRate;
}

function isLayerTwo({ codec }: AudioFacts): boolean {
  return codec === 'mp1' || codec === 'mp2';
}

interface AudioCoding {
  readonly container: ClipContainer;
  readonly options: readonly string[];
  /** For people. */
  readonly text: string;
}

/** A copy if that is exact, the same samples if they are small enough, otherwise AAC. */
function resolveAudioCoding(
  format: ClipFormat,
  audio: AudioFacts,
  part: ClipPart,
  maxBytes: number,
  copiedBytes: number,
): AudioCoding {
  const container = format.contentType === 'audio/aac' ? containers.aac : audioContainers[audio.codec];
  if (
    container !== undefined &&
    part.startMs === 0 &&
    (format.copyable || format.acceptsAudio) &&
    copiedBytes <= maxBytes
  ) {
    return { container, options: ['-c:a', 'copy'], text: describeCopy(container) };
  }
  const samplesBytes = (audio.bytesPerSecond * part.lengthMs) / 1000;
  if (losslessCodecs.test(audio.codec) && samplesBytes < maxBytes - headerBytes) {
    return { container: containers.wav, options: ['-c:a', resolvePcm(audio)], text: 'encoded as WAV' };
  }
  return {
    container: containers.m4a,
    options: ['-c:a', 'aac', '-b:a', '256k'],
    text: 'encoded as AAC in M4A',
  };
}

/** More bytes than a WAV has before its samples. */
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
