import type { Measures } from './measures.ts';

/** One frame of a stream that consists of frames with a header each. */
interface AudioFrame {
  /** Of the whole frame, header included. */
  readonly sizeBytes: number;
  /** Zero if the frame carries information and no audio. */
  readonly samples: number;
  readonly sampleRate: number;
}

/** How many bytes are searched for the next frame: what follows is a tag, or no audio. */
const maxSkippedBytes = 1_048_576;

/** Reads the header of a frame at an offset; undefined if there is none. */
export type ReadFrame = (bytes: Buffer, at: number) => AudioFrame | undefined;

/** Whether the bytes begin with such frames, after ID3 tags and zeros. */
export function startsWithFrames(bytes: Buffer, readFrame: ReadFrame): boolean {
  let at = skipId3(bytes, 0);
  while (bytes[at] === 0) {
    at += 1;
  }
  return readSureFrame(bytes, at, readFrame) !== undefined;
}

/** Adds up the frames of a stream. Bytes between frames are skipped, as long as there are fewer than in frames. */
export function measureFrames(bytes: Buffer, readFrame: ReadFrame): Measures {
  let seconds = 0;
  let frameBytes = 0;
  let skippedBytes = 0;
  let skippedSinceFrame = 0;
  let isInSync = false;
  let at = skipId3(bytes, 0);
  while (at < bytes.length && skippedSinceFrame < maxSkippedBytes) {
    const frame = isInSync ? readFrame(bytes, at) : readSureFrame(bytes, at, readFrame);
    if (frame && at + frame.sizeBytes <= bytes.length) {
      seconds += frame.samples / frame.sampleRate;
      frameBytes += frame.sizeBytes;
      skippedBytes += skippedSinceFrame;
      skippedSinceFrame = 0;
      isInSync = true;
      at += frame.sizeBytes;
    } else {
      isInSync = false;
      const afterTags = skipId3(bytes, at);
      if (afterTags > at) {
        at = afterTags;
      } else {
        skippedSinceFrame += 1;
        at += 1;
      }
    }
  }
  if (skippedBytes > frameBytes) {
    throw new RangeError('most of it is not audio');
  }
  return { durationMs: seconds * 1000 };
}

/** Reads a frame and makes sure that another one of its kind, or the end, follows: two bytes of noise look like one. */
function readSureFrame(bytes: Buffer, at: number, readFrame: ReadFrame): AudioFrame | undefined {
  const frame = readFrame(bytes, at);
  const end = at + (frame?.sizeBytes ?? 0);
  const isSure = end === bytes.length || readFrame(bytes, end)?.sampleRate === frame?.sampleRate;
  return isSure ? frame : undefined;
}

/** Skips ID3v2 tags, of which a cover may make megabytes; returns where they end (https://id3.org/id3v2.4.0-structure). */
function skipId3(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes[at] === 0x49 && bytes.toString('latin1', at, at + 3) === 'ID3' && at + 10 <= bytes.length) {
    const sizeBytes = [6, 7, 8, 9].reduce((size, byte) => size * 128 + (bytes[at + byte]! & 0x7f), 0);
    const hasFooter = (bytes[at + 5]! & 0x10) !== 0;
    at += 10 + sizeBytes + (hasFooter ? 10 : 0);
  }
  return at;
}

/** Of layer III, in kbit/s; index 0 means a free format and 15 is forbidden. */
const mp3Bitrates = {
  mpeg1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  mpeg2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
};

const mpeg1SampleRates = [44_100, 48_000, 32_000];

/** Reads a header of MPEG 1, 2 or 2.5, layer III (ISO/IEC 11172-3, 2.4.2.3). */
export function readMp3Frame(bytes: Buffer, at: number): AudioFrame | undefined {
  if (bytes[at] !== 0xff || at + 4 > bytes.length) {
    return undefined;
  }
  const second = bytes.readUInt8(at + 1);
  const third = bytes.readUInt8(at + 2);
  const version = (second >> 3) & 3; // 0: MPEG 2.5, 1: reserved, 2: MPEG 2, 3: MPEG 1
  const layer = (second >> 1) & 3; // 1: layer III
  if (second >> 5 !== 7 || version === 1 || layer !== 1) {
    return undefined;
  }
  const isMpeg1 = version === 3;
  const kilobits = mp3Bitrates[isMpeg1 ? 'mpeg1' : 'mpeg2'][third >> 4]!;
  const mpeg1SampleRate = mpeg1SampleRates[(third >> 2) & 3];
  if (kilobits === 0 || mpeg1SampleRate === undefined) {
    return undefined;
  }
  const sampleRate = mpeg1SampleRate / (isMpeg1 ? 1 : version === 2 ? 2 : 4);
  const samples = isMpeg1 ? 1152 : 576;
  const padding = (third >> 1) & 1;
  const sizeBytes = Math.floor(((samples / 8) * kilobits * 1000) / sampleRate) + padding;
  const isMono = bytes.readUInt8(at + 3) >> 6 === 3;
  const sideBytes = isMpeg1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  const isInformation =
    ['Xing', 'Info'].includes(bytes.toString('latin1', at + 4 + sideBytes, at + 8 + sideBytes)) ||
    bytes.toString('latin1', at + 36, at + 40) === 'VBRI';
  return { sizeBytes, samples: isInformation ? 0 : samples, sampleRate };
}

const adtsSampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

const adtsHeaderBytes = 7;

/** Reads a header of AAC in ADTS, the usual content of a `.aac` file (ISO/IEC 13818-7, 6.2). */
export function readAdtsFrame(bytes: Buffer, at: number): AudioFrame | undefined {
  if (bytes[at] !== 0xff || at + adtsHeaderBytes > bytes.length || (bytes[at + 1]! & 0xf6) !== 0xf0) {
    return undefined;
  }
  const sampleRate = adtsSampleRates[(bytes.readUInt8(at + 2) >> 2) & 15];
  const sizeBytes = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
  if (sampleRate === undefined || sizeBytes < adtsHeaderBytes) {
    return undefined;
  }
  const blocks = (bytes.readUInt8(at + 6) & 3) + 1;
  return { sizeBytes, samples: 1024 * blocks, sampleRate };
}
