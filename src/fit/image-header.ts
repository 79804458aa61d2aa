import { type FileHandle, open } from 'node:fs/promises';
import type { ImageContentType } from '../media/asset-types.ts';
import { createFileSource } from '../media/byte-source.ts';
import { checkImageStructure } from '../media/image-structure.ts';
import type { Sides } from '../media/sides.ts';
import { type ColourProfile, readColourProfile } from './colour-profile.ts';

/** How to show the pixels of a JPEG, PNG or WebP, according to its header. */
export interface ImageHeader {
  /** The EXIF orientation, 1 to 8; 1 is upright. */
  readonly orientation: number;
  /** undefined if it has none, which means sRGB. */
  readonly profile: ColourProfile | undefined;
  /** Whether its colours are ink (CMYK), not light. */
  readonly cmyk: boolean;
  /** Whether it has several frames; a conversion keeps the first. */
  readonly animated: boolean;
}

/** Parts of a header that are larger than this hold neither a profile nor an orientation. */
const maxPartBytes = 4 * 1024 * 1024;
/** More than any image has before its pixels. */
const maxParts = 10_000;

interface Part {
  readonly name: string;
  /** Where its content begins in the file. */
  readonly start: number;
  readonly length: number;
  /** Where the next part begins. */
  readonly end: number;
}

interface Container {
  /** Where the first part begins. */
  readonly start: number;
  /** How many bytes the header of a part has. */
  readonly headBytes: number;
  /** The part at that place; undefined if there is none that matters after it. */
  readPart(head: Buffer, at: number): Part | undefined;
}

/** https://www.w3.org/TR/png-3/, https://www.w3.org/Graphics/JPEG/itu-t81.pdf, https://developers.google.com/speed/webp/docs/riff_container */
const containers: Readonly<Record<ImageContentType, Container>> = {
  'image/png': {
    start: 8,
    headBytes: 8,
    readPart: (head, at) =>
      partOf(head.toString('latin1', 4, 8), at + 8, head.readUInt32BE(0), head.readUInt32BE(0) + 4),
  },
  'image/jpeg': {
    start: 2,
    headBytes: 4,
    readPart: (head, at) => {
      const marker = head.readUInt16BE(0);
      if (marker === 0xffff) {
        // A fill byte before a marker.
        return partOf('', at + 1, 0, 0);
      }
      const length = head.readUInt16BE(2) - 2;
      // Pixels follow the start of a scan.
      return marker < 0xff01 || marker === 0xffda || length < 0
        ? undefined
        : partOf(marker.toString(16), at + 4, length, length);
    },
  },
  'image/webp': {
    start: 12,
    headBytes: 8,
    readPart: (head, at) => {
      const length = head.readUInt32LE(4);
      return partOf(head.toString('latin1', 0, 4), at + 8, length, length + (length % 2));
    },
  },
};

function partOf(name: string, start: number, length: number, total: number): Part {
  return { name, start, length, end: start + total };
}

/**
 * Reads what an accepted image's header says, without a decoder. A header that makes no sense counts as one that
 * requires no change: the check decides whether a file is whole.
 *
 * @throws if the file cannot be read
 */
export async function readImageHeader(path: string, contentType: ImageContentType): Promise<ImageHeader> {
  const handle = await open(path);
  try {
    return await readParts(handle, containers[contentType]);
  } finally {
    await handle.close();
  }
}

/**
 * Reads an accepted image's sides as it is shown; undefined if the file does not say.
 *
 * @throws if the file cannot be read
 */
export async function readImageSides(
  path: string,
  contentType: ImageContentType,
  { orientation }: ImageHeader,
): Promise<Sides | undefined> {
  const handle = await open(path);
  try {
    const { size: sizeBytes } = await handle.stat();
    const sides = await checkImageStructure(createFileSource(handle, sizeBytes), contentType);
    return 'code' in sides ? undefined : turn(sides, orientation);
  } finally {
    await handle.close();
  }
}

async function readParts(handle: FileHandle, container: Container): Promise<ImageHeader> {
  let orientation = 1;
  let cmyk = false;
  let animated = false;
  const profileParts: Buffer[] = [];
  for await (const { name, content } of listParts(handle, container)) {
    switch (name) {
      case 'eXIf':
      case 'EXIF':
        // Some programs write the prefix that EXIF has in a JPEG.
        orientation = readOrientation(hasExifPrefix(content) ? content.subarray(6) : content);
        break;
      case 'ffe1':
        if (hasExifPrefix(content)) {
          orientation = readOrientation(content.subarray(6));
        }
        break;
      case 'acTL':
      case 'ANIM':
        animated = true;
        break;
      case 'iCCP':
        profileParts.push(await inflatePngProfile(content));
        break;
      case 'ICCP':
        profileParts.push(content);
        break;
      case 'ffe2':
        if (content.toString('latin1', 0, 12) === 'ICC_PROFILE\0') {
          profileParts[content[12] ?? 0] = content.subarray(14);
        }
        break;
      case 'ffc0':
      case 'ffc1':
      case 'ffc2':
        cmyk = content[5] === 4;
        break;
    }
  }
  const profile = Buffer.concat(profileParts.filter((part) => part.length > 0));
  return {
    orientation,
    cmyk,
    animated,
    profile: profile.length === 0 ? undefined : readColourProfile(profile),
  };
}

function hasExifPrefix(content: Buffer): boolean {
  return content.toString('latin1', 0, 6) === 'Exif\0\0';
}

/** Orientations from 5 lie on their side. */
function turn({ width, height }: Sides, orientation: number): Sides {
  return orientation < 5 ? { width, height } : { width: height, height: width };
}

const wanted = new Set([
  'acTL',
  'ANIM',
  'eXIf',
  'EXIF',
  'iCCP',
  'ICCP',
  'ffe1',
  'ffe2',
  'ffc0',
  'ffc1',
  'ffc2',
]);

async function* listParts(handle: FileHandle, container: Container) {
  let at = container.start;
  for (let i = 0; i < maxParts; i += 1) {
    const head = await readAt(handle, at, container.headBytes);
    const part = head.length < container.headBytes ? undefined : container.readPart(head, at);
    if (part === undefined) {
      return;
    }
    if (wanted.has(part.name) && part.length <= maxPartBytes) {
      yield { name: part.name, content: await readAt(handle, part.start, part.length) };
    }
    at = part.end;
  }
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** The value of the orientation tag in EXIF's first directory; 1 if there is none. */
function readOrientation(exif: Buffer): number {
  const little = exif.toString('latin1', 0, 2) === 'II';
  const short = (at: number) =>
    at + 2 > exif.length ? 0 : little ? exif.readUInt16LE(at) : exif.readUInt16BE(at);
  const long = (at: number) =>
    at + 4 > exif.length ? 0 : little ? exif.readUInt32LE(at) : exif.readUInt32BE(at);
  const directory = long(4);
  for (let i = 0; i < short(directory); i += 1) {
    const entry = directory + 2 + i * 12;
    if (short(entry) === 0x0112) {
      const value = short(entry + 8);
      return value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

/** A PNG holds its profile as a name, a zero, a zero for the method, and a zlib stream. */
async function inflatePngProfile(content: Buffer): Promise<Buffer> {
  const { inflateSync } = await import('node:zlib');
  const nameEnd = content.indexOf(0);
  try {
    return inflateSync(content.subarray(nameEnd + 2), { maxOutputLength: maxPartBytes });
  } catch {
    return Buffer.alloc(0);
  }
}
