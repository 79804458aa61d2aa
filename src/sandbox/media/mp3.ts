import type { AudioFrame } from './audio-frames.ts';

/** Of layer III, in kbit/s; index 0 means a free format and 15 is forbidden. */
const bitrates = {
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
  const kilobits = bitrates[isMpeg1 ? 'mpeg1' : 'mpeg2'][third >> 4]!;
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
