import { FileError } from '../../errors.ts';
import { statRegularFile, withFile } from '../../files/regular-file.ts';
import type { ImageContentType } from '../../media/asset-types.ts';
import { type ByteSource, createFileSource } from '../../media/byte-source.ts';
import { checkImageStructure, listParts } from '../../media/image-structure.ts';
import type { Sides } from '../../media/sides.ts';
import { type ColourCode, isDisplayP3, isHdr } from './colour-code.ts';
import { type ColourProfile, readColourProfile } from './colour-profile.ts';

/** How to show the pixels of a JPEG, PNG or WebP, according to its header. */
export interface ImageHeader {
  /** The EXIF orientation, 1 to 8; 1 is upright. */
  readonly orientation: number;
  /** undefined if it has none, which means sRGB. */
  readonly profile: ColourProfile | undefined;
  /** Whether it states the colours of Display P3 without a profile. */
  readonly isCodedP3: boolean;
  /** Whether it states that its colours are HDR. */
  readonly isHdr: boolean;
  /** Whether its colours are ink (CMYK), not light. */
  readonly cmyk: boolean;
  /** Whether it has several frames; a conversion keeps the first. */
  readonly animated: boolean;
}

/** Parts of a header that are larger than this hold neither a profile nor an orientation. */
const maxPartBytes = 4 * 1024 * 1024;

/**
 * Reads what an accepted image's header says, without a decoder. A header that makes no sense counts as one that
 * requires no change: the check decides whether a file is whole.
 *
 * @throws if the file cannot be read
 */
export async function readImageHeader(path: string, contentType: ImageContentType): Promise<ImageHeader> {
  return withSource(path, (source) => readParts(source, contentType));
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
  try {
    const sides = await withSource(path, (source) => checkImageStructure(source, contentType));
    return turn(sides, orientation);
  } catch (error) {
    if (error instanceof FileError) {
      return undefined;
    }
    throw error;
  }
}

function withSource<Result>(path: string, use: (source: ByteSource) => Promise<Result>): Promise<Result> {
  return withFile(path, async (handle) => {
    const { sizeBytes } = await statRegularFile(handle);
    return use(createFileSource(handle, sizeBytes));
  });
}

async function readParts(source: ByteSource, contentType: ImageContentType): Promise<ImageHeader> {
  let orientation = 1;
  let cmyk = false;
  let animated = false;
  let code: ColourCode | undefined;
  const profileParts: Buffer[] = [];
  for await (const { name, content } of readWantedParts(source, contentType)) {
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
      case 'cICP':
        code = { primaries: content[0] ?? 0, transfer: content[1] ?? 0 };
        break;
      case 'iCCP':
        // The only one that counts: a hostile file may have thousands, and each inflate to megabytes.
        profileParts[0] ??= await inflatePngProfile(content);
        break;
      case 'ICCP':
        profileParts[0] ??= content;
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
  const isCodedP3 = profile.length === 0 && code !== undefined && isDisplayP3(code);
  return {
    orientation,
    cmyk,
    animated,
    profile: isCodedP3
      ? { name: 'Display P3', likeSrgb: false }
      : profile.length === 0
        ? undefined
        : readColourProfile(profile),
    isCodedP3,
    isHdr: code !== undefined && isHdr(code),
  };
}

function hasExifPrefix(content: Buffer): boolean {
  return content.toString('latin1', 0, 6) === 'Exif\0\0';
}

/** Orientations from 5 lie on their side. */
function turn({ width, height }: Sides, orientation: number): Sides {
  return orientation < 5 ? { width, height } : { width: height, height: width };
}

const wanted = /^(?:acTL|ANIM|eXIf|EXIF|cICP|iCCP|ICCP|ffe1|ffe2|ffc0|ffc1|ffc2)$/;

async function* readWantedParts(source: ByteSource, contentType: ImageContentType) {
  for await (const { name, start, length } of listParts(source, contentType)) {
    if (wanted.test(name) && length <= maxPartBytes) {
      yield { name, content: await source.read(start, length) };
    }
  }
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
