import type { Measures, Sides } from './measures.ts';

/** Whether the bytes begin like a WebP. */
export function isWebp(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
}

/** Measures a WebP, animated or not, and checks that all of it is there and that it holds an image. */
export function measureWebp(bytes: Buffer): Measures {
  const end = bytes.readUInt32LE(4) + 8;
  if (end > bytes.length) {
    throw new RangeError('it is shorter than its header says');
  }
  const riff = bytes.subarray(0, end);
  let canvas: Sides | undefined;
  let at = 12;
  // Ends with a RangeError if there is no image chunk.
  for (;;) {
    const size = riff.readUInt32LE(at + 4);
    const chunk = riff.subarray(at + 8, at + 8 + size);
    switch (riff.toString('latin1', at, at + 4)) {
      case 'VP8X':
        canvas = { width: chunk.readUIntLE(4, 3) + 1, height: chunk.readUIntLE(7, 3) + 1 };
        break;
      case 'ANMF':
        return { sides: canvas };
      case 'VP8 ': {
        const sides = { width: chunk.readUInt16LE(6) & 0x3fff, height: chunk.readUInt16LE(8) & 0x3fff };
        return { sides: canvas ?? sides };
      }
      case 'VP8L': {
        const bits = chunk.readUInt32LE(1);
        const sides = { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
        return { sides: canvas ?? sides };
      }
    }
    at += 8 + size + (size % 2);
  }
}
