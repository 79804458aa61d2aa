import type { Measures } from './measures.ts';

const signature = '89504e470d0a1a0a';

/** Whether the bytes begin like a PNG. */
export function isPng(bytes: Buffer): boolean {
  return bytes.toString('hex', 0, 8) === signature;
}

/**
 * Measures a PNG, animated or not, and checks that its chunks reach IEND. Refuses Apple's CgBI variant, which begins
 * with a chunk of that name and which other decoders do not read.
 */
export function measurePng(bytes: Buffer): Measures {
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') {
    throw new RangeError('its first chunk is not IHDR');
  }
  const sides = { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  let at = 8;
  while (bytes.toString('latin1', at + 4, at + 8) !== 'IEND') {
    at += 12 + bytes.readUInt32BE(at);
  }
  return { sides };
}
