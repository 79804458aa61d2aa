import { Damage, type ReadAt } from './container-structure.ts';
import { findTagsEnd } from './id3.ts';

/** The header of one audio frame. */
interface Frame {
  readonly sizeBytes: number;
  readonly samples: number;
  readonly sampleRate: number;
  /** The properties that all frames of a file share: version, layer and sample rate. */
  readonly key: number;
}

/** Reads the frame header there, if there is one; the bytes end with the file. */
export type ReadFrame = (bytes: Buffer, offset: number) => Frame | undefined;

const mp3SampleRates = [44_100, 48_000, 32_000];
const mp3BitRates = {
  mpeg1: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  mpeg2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** ISO/IEC 11172-3, 2.4.1.3, layer III; MPEG-2 and 2.5 halve and quarter the sample rates. */
export const readMp3Frame: ReadFrame = (bytes, offset) => {
  const second = bytes[offset + 1]!;
  if (bytes[offset] !== 0xff || (second & 0xe6) !== 0xe2 || offset + 4 > bytes.length) {
    return undefined;
  }
  const version = (second >> 3) & 3;
  const third = bytes[offset + 2]!;
  const bitRate = (version === 3 ? mp3BitRates.mpeg1 : mp3BitRates.mpeg2)[(third >> 4) - 1];
  const baseRate = mp3SampleRates[(third >> 2) & 3];
  if (version === 1 || bitRate === undefined || baseRate === undefined) {
    return undefined;
  }
  const sampleRate = baseRate / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = version === 3 ? 1152 : 576;
  const padding = (third >> 1) & 1;
  return {
    sizeBytes: Math.floor(((samples / 8) * bitRate * 1000) / sampleRate) + padding,
    samples,
    sampleRate,
    key: ((second & 0x1e) << 8) | (third & 0x0c),
  };
};

const adtsSampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** ISO/IEC 13818-7, 6.2. */
export const readAdtsFrame: ReadFrame = (bytes, offset) => {
  if (bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xf6) !== 0xf0 || offset + 7 > bytes.length) {
    return undefined;
  }
  const third = bytes[offset + 2]!;
  const sampleRate = adtsSampleRates[(third >> 2) & 15];
  const sizeBytes = (bytes.readUInt32BE(offset + 3) >> 13) & 0x1fff;
  if (sampleRate === undefined || sizeBytes < 7) {
    return undefined;
  }
  const blocks = (bytes[offset + 6]! & 3) + 1;
  return { sizeBytes, samples: 1024 * blocks, sampleRate, key: third & 0x3c };
};

const blockBytes = 256 * 1024;
/** The most bytes that a frame's header takes. */
const headerBytes = 7;

/**
 * The duration of a file of frames and tags, in milliseconds. A Xing header is ignored: it may describe a longer file
 * from which this one was cut.
 *
 * @throws Damage if no two frames follow each other
 */
export async function measureFrames(readFrame: ReadFrame, read: ReadAt, sizeBytes: number): Promise<number> {
  let block: Buffer = Buffer.alloc(0);
  let blockPosition = 0;
  const load = (position: number) => {
    if (position < blockPosition || position + headerBytes > blockPosition + block.length) {
      block = read(position, blockBytes);
      blockPosition = position;
    }
  };
  const findFrame = (position: number) => {
    load(position);
    const frame = readFrame(block, position - blockPosition);
    return frame !== undefined && position + frame.sizeBytes <= sizeBytes ? frame : undefined;
  };

  let samples = 0;
  let first: Frame | undefined;
  let previousEnd = -1;
  let position = await findTagsEnd(read);
  while (position < sizeBytes) {
    const frame = findFrame(position);
    const isOfFile = frame !== undefined && (first === undefined || frame.key === first.key);
    // After other bytes, a second frame has to follow: two random bytes sometimes look like a header.
    if (isOfFile && (position === previousEnd || findFrame(position + frame.sizeBytes)?.key === frame.key)) {
      samples += first === undefined && isXing(read(position, 64)) ? 0 : frame.samples;
      first ??= frame;
      position += frame.sizeBytes;
      previousEnd = position;
    } else {
      load(position);
      const next = block.indexOf(0xff, position + 1 - blockPosition);
      position = blockPosition + (next === -1 ? Math.max(block.length, position + 1 - blockPosition) : next);
    }
  }
  if (first === undefined) {
    throw new Damage('has no two consecutive audio frames');
  }
  return Math.round((samples / first.sampleRate) * 1000);
}

/** Whether a first frame is silent, and describes the others. */
function isXing(frame: Buffer): boolean {
  return /^.{13,36}(?:Xing|Info|VBRI)/s.test(frame.toString('latin1'));
}
