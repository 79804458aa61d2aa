import {
  CustomSource,
  EncodedPacketSink,
  Input,
  type InputTrack,
  type InputVideoTrack,
  IsobmffInputFormat,
  MP4,
  QTFF,
  WAVE,
  WEBM,
} from 'mediabunny';
import type { ReadAt } from './container-structure.ts';

/** How long and how large a video or audio file is. */
export interface Measured {
  /** Undefined where nothing in the file tells. */
  readonly durationMs: number | undefined;
  /** As it is displayed; undefined where there is no video track. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

/** The list of all formats of the library holds HLS too, which names other files. */
const formats = [MP4, QTFF, WEBM, WAVE];

/** Measures an MP4, QuickTime, WebM or WAV file; `damage` completes "it …". May loop for ever, or throw anything. */
export async function measureContainer(
  read: ReadAt,
  sizeBytes: number,
): Promise<Measured | { readonly damage: string }> {
  const brand = read(0, 12).toString('latin1', 4);
  const source = new CustomSource({ ...withBrand(read, sizeBytes, brand), prefetchProfile: 'fileSystem' });
  const input = new Input({ formats, source });
  try {
    return await measure(input, isSoundBrand(brand));
  } finally {
    input.dispose();
  }
}

const quickTimeBrand = Buffer.from('\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'latin1');

/** Puts the brand before an older QuickTime file, without which the library does not read it. No sample is looked at. */
function withBrand(read: ReadAt, sizeBytes: number, brand: string) {
  if (!/^(?:moov|mdat|free|skip|wide|pnot)/.test(brand)) {
    return { getSize: () => sizeBytes, read: (start: number, end: number) => read(start, end - start) };
  }
  const added = quickTimeBrand.length;
  return {
    getSize: () => sizeBytes + added,
    read: (start: number, end: number) =>
      Buffer.concat([
        quickTimeBrand.subarray(start, end),
        read(Math.max(0, start - added), Math.max(0, end - added) - Math.max(0, start - added)),
      ]),
  };
}

/** Brands of files that are made for sound: pictures in them are a cover, or belong to chapters. */
function isSoundBrand(brand: string): boolean {
  return /^ftyp(?:M4[ABP]|F4[AB]) /.test(brand);
}

async function measure(input: Input, isSound: boolean): Promise<Measured | { readonly damage: string }> {
  const tracks = await input.getTracks();
  const played: InputTrack[] = [];
  for (const track of tracks) {
    if (!(isSound && track.isVideoTrack() && (await track.getCodec()) === null)) {
      played.push(track);
    }
  }
  if (played.length === 0) {
    return { damage: 'has neither picture nor sound that can be found' };
  }
  // Only this format keeps an index apart from what it points at.
  if ((await input.getFormat()) instanceof IsobmffInputFormat) {
    for (const track of played) {
      if (!(await hasItsSamples(track))) {
        return { damage: 'is cut short: its index names samples that lie behind its end' };
      }
    }
  }
  const durationMs = Math.round((await input.computeDuration(played)) * 1000);
  const video = await input.getPrimaryVideoTrack({ filter: (track) => played.includes(track) });
  const size = video === null ? undefined : await readDisplaySize(video);
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) {
    return { damage: 'has a length that makes no sense' };
  }
  return { durationMs, size };
}

/** Whether the first and the last sample of a track lie within the file. */
async function hasItsSamples(track: InputTrack): Promise<boolean> {
  const codec = await track.getInternalCodecId();
  if (codec === 'encv' || codec === 'enca') {
    // The library would decrypt it.
    return true;
  }
  const sink = new EncodedPacketSink(track);
  for (const time of [await track.getFirstTimestamp(), Number.POSITIVE_INFINITY]) {
    const isListed = (await sink.getPacket(time, { metadataOnly: true })) !== null;
    if (isListed && (await sink.getPacket(time)) === null) {
      return false;
    }
  }
  return true;
}

async function readDisplaySize(track: InputVideoTrack): Promise<{ width: number; height: number }> {
  return { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
}
