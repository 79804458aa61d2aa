import type { Measures } from './measures.ts';

const markers = { startOfScan: 0xda, endOfImage: 0xd9 };

/** Start-of-frame markers of lossless JPEG and JPEG-LS, which image decoders do not read (ITU-T T.81 table B.1, T.87). */
const losslessFrames = [0xc3, 0xc7, 0xcb, 0xcf, 0xf7];

/** Whether the bytes begin like a JPEG. */
export function isJpeg(bytes: Buffer): boolean {
  return bytes.toString('hex', 0, 3) === 'ffd8ff';
}

/** Measures a JPEG without its EXIF rotation, and checks that it has an end. */
export function measureJpeg(bytes: Buffer): Measures {
  let sides: { width: number; height: number } | undefined;
  let at = 2;
  for (;;) {
    const marker = bytes.readUInt8(at + 1);
    if (bytes[at] !== 0xff || marker === 0xff || marker === 0) {
      at += 1; // A fill byte, or one that some cameras leave between segments and decoders skip.
    } else if (marker === markers.startOfScan) {
      break;
    } else if (losslessFrames.includes(marker)) {
      throw new RangeError('it is a lossless JPEG');
    } else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) {
      at += 2; // These have no length.
    } else {
      if (isFrame(marker)) {
        sides ??= { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
      }
      at += 2 + Math.max(2, bytes.readUInt16BE(at + 2));
    }
  }
  if (!sides || !bytes.includes(Buffer.of(0xff, markers.endOfImage), at + 2)) {
    throw new RangeError('its frame or its end is missing');
  }
  return { sides };
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
