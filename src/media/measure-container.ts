import {
  CustomSource,
  EncodedPacketSink,
  Input,
  type InputTrack,
  type InputVideoTrack,
  IsobmffInputFormat,
  Logging,
  LogLevel,
  MP4,
  QTFF,
  WAVE,
  WEBM,
} from 'mediabunny';
import { Damage, type ReadAt } from './container-structure.ts';
import type { Sides } from './sides.ts';

/** The duration and the sides of a video or audio file. */
export interface Measured {
  /** Undefined if the file does not say. */
  readonly durationMs: number | undefined;
  /** As they are displayed; undefined if there is no video track. */
  readonly sides: Sides | undefined;
}

/** Not all formats of the library: HLS refers to other files. */
const formats = [MP4, QTFF, WEBM, WAVE];

/**
 * Measures an MP4, QuickTime, WebM or WAV file. May loop for ever.
 *
 * @throws Damage, or anything
 */
export async function measureContainer(read: ReadAt, sizeBytes: number): Promise<Measured> {
  Logging.level = LogLevel.Silent;
  const brand = read(0, 12).toString('latin1', 4);
  const isOlder = olderBoxes.test(brand);
  const readBoxes = isOlder || /^(?:ftyp|styp)/.test(brand) ? hideEncryption(read) : read;
  const readBranded = isOlder ? prependBrand(readBoxes) : readBoxes;
  const source = new CustomSource({
    getSize: () => (isOlder ? quickTimeBrand.length : 0) + sizeBytes,
    read: (start, end) => readBranded(start, end - start),
    prefetchProfile: 'fileSystem',
  });
  const input = new Input({ formats, source });
  try {
    return await measure(input, isAudioBrand(brand));
  } finally {
    input.dispose();
  }
}

/** The first box of an older QuickTime file, instead of a brand. */
const olderBoxes = /^(?:moov|mdat|free|skip|wide|pnot)/;

const quickTimeBrand = Buffer.from('\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'latin1');

/** Inserts the brand that the library requires. This shifts all offsets, but no sample is read. */
function prependBrand(read: ReadAt): ReadAt {
  const added = quickTimeBrand.length;
  return (position, length) => {
    const start = Math.max(0, position - added);
    const end = Math.max(0, position + length - added);
    return Buffer.concat([quickTimeBrand.subarray(position, position + length), read(start, end - start)]);
  };
}

/**
 * Renames the boxes that say how samples are encrypted. Nothing is decrypted here, and the library throws where other
 * boxes of encryption (senc) lie outside of a fragment, as ffmpeg writes them.
 */
function hideEncryption(read: ReadAt): ReadAt {
  const name = Buffer.from('sinf');
  const margin = name.length - 1;
  return (position, length) => {
    const front = Math.min(margin, position);
    // A copy, because the bytes of standard input are the ones that will be sent.
    const bytes = Buffer.from(read(position - front, front + length + margin));
    for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at)) {
      bytes.write('free', at);
    }
    return bytes.subarray(front, front + length);
  };
}

/** Brands of audio files: images in them are covers or belong to chapters. */
function isAudioBrand(brand: string): boolean {
  return /^ftyp(?:M4[ABP]|F4[AB]) /.test(brand);
}

async function measure(input: Input, isAudio: boolean): Promise<Measured> {
  const tracks = await input.getTracks();
  const played: InputTrack[] = [];
  for (const track of tracks) {
    if (!(isAudio && track.isVideoTrack() && (await track.getCodec()) === null)) {
      played.push(track);
    }
  }
  if (played.length === 0) {
    throw new Damage('has no readable video or audio track');
  }
  // Only this format keeps its index apart from the samples.
  if ((await input.getFormat()) instanceof IsobmffInputFormat) {
    for (const track of played) {
      if (!(await hasItsSamples(track))) {
        throw new Damage('is cut short: its index refers to samples beyond its end');
      }
    }
  }
  const durationMs = Math.round((await input.computeDuration(played)) * 1000);
  const video = await input.getPrimaryVideoTrack({ filter: (track) => played.includes(track) });
  const sides = video === null ? undefined : await readDisplayedSides(video);
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) {
    throw new Damage('has an invalid duration');
  }
  return { durationMs, sides };
}

/** Whether the first and the last sample of a track lie within the file. */
async function hasItsSamples(track: InputTrack): Promise<boolean> {
  const sink = new EncodedPacketSink(track);
  for (const time of [await track.getFirstTimestamp(), Number.POSITIVE_INFINITY]) {
    const isListed = (await sink.getPacket(time, { metadataOnly: true })) !== null;
    if (isListed && (await sink.getPacket(time)) === null) {
      return false;
    }
  }
  return true;
}

async function readDisplayedSides(track: InputVideoTrack): Promise<Sides> {
  return { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
}
