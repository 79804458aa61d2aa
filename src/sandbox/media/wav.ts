import type { Measures } from './measures.ts';

/** Formats whose frames have all the same size: PCM, floating point, and "extensible", which wraps those two. */
const fixedSizeFormats = [0x0001, 0x0003, 0xfffe];

/** A recorder that cannot seek back writes 0, or about the most that its type can hold, as the size of the data. */
const minUnknownSize = 0x7fff0000;

/** Whether the bytes begin like a WAV, also one of the 64-bit variants RF64 and BW64 (EBU Tech 3306). */
export function isWav(bytes: Buffer): boolean {
  return (
    ['RIFF', 'RF64', 'BW64'].includes(bytes.toString('latin1', 0, 4)) &&
    bytes.toString('latin1', 8, 12) === 'WAVE'
  );
}

/** Measures a WAV by its format and the size of its data. */
export function measureWav(bytes: Buffer): Measures {
  let format: WavFormat | undefined;
  let samples = 0;
  let size64: number | undefined;
  let at = 12;
  // Ends with a RangeError if there is no data.
  for (;;) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    at += 8;
    if (name === 'ds64') {
      size64 = Number(bytes.readBigUInt64LE(at + 8));
    } else if (name === 'fmt ') {
      format = readFormat(bytes, at);
    } else if (name === 'fact') {
      samples = bytes.readUInt32LE(at);
    } else if (name === 'data') {
      const dataBytes = resolveDataBytes(size === 0xffffffff ? (size64 ?? size) : size, bytes.length - at);
      return { durationMs: resolveSeconds(format, samples, dataBytes) * 1000 };
    }
    at += size + (size % 2);
  }
}

interface WavFormat {
  /** Whether all frames have the same size. */
  readonly isFixedSize: boolean;
  readonly sampleRate: number;
  readonly bytesPerSecond: number;
}

function readFormat(bytes: Buffer, at: number): WavFormat {
  const isFixedSize = fixedSizeFormats.includes(bytes.readUInt16LE(at));
  const sampleRate = bytes.readUInt32LE(at + 4);
  const bytesPerSecond = isFixedSize ? sampleRate * bytes.readUInt16LE(at + 12) : bytes.readUInt32LE(at + 8);
  return { isFixedSize, sampleRate, bytesPerSecond };
}

function resolveSeconds(format: WavFormat | undefined, samples: number, dataBytes: number): number {
  if (!format?.bytesPerSecond || !format.sampleRate) {
    throw new RangeError('its format is missing');
  }
  // For compressed audio, the bytes per second are often wrong; the number of samples is reliable.
  return !format.isFixedSize && samples > 0 ? samples / format.sampleRate : dataBytes / format.bytesPerSecond;
}

function resolveDataBytes(sizeBytes: number, bytesLeft: number): number {
  if (sizeBytes === 0 || (sizeBytes >= minUnknownSize && sizeBytes <= 0xffffffff)) {
    return bytesLeft;
  }
  if (sizeBytes > bytesLeft) {
    throw new RangeError('its data is shorter than its header says');
  }
  return sizeBytes;
}
