import type { AudioFrame } from './audio-frames.ts';

const sampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

const headerBytes = 7;

/** Reads a header of AAC in ADTS, the usual content of a `.aac` file (ISO/IEC 13818-7, 6.2). */
export function readAdtsFrame(bytes: Buffer, at: number): AudioFrame | undefined {
  if (bytes[at] !== 0xff || at + headerBytes > bytes.length || (bytes[at + 1]! & 0xf6) !== 0xf0) {
    return undefined;
  }
  const sampleRate = sampleRates[(bytes.readUInt8(at + 2) >> 2) & 15];
  const sizeBytes = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
  if (sampleRate === undefined || sizeBytes < headerBytes) {
    return undefined;
  }
  const blocks = (bytes.readUInt8(at + 6) & 3) + 1;
  return { sizeBytes, samples: 1024 * blocks, sampleRate };
}
