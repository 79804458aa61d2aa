import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import type { Metadata, SharpOptions } from 'sharp';
import { isDisplayP3, readHeifColours } from './colour-code.ts';
import { readImageHeader } from './image-header.ts';
import { loadSharp } from './optional-modules.ts';

/**
 * The ICC profile of an image, also if it states its colours only as a code, which sharp does not read; undefined if
 * it has none.
 *
 * @throws if the file cannot be read
 */
export async function findProfile(path: string, { icc, format }: Metadata): Promise<Buffer | undefined> {
  const isP3 =
    icc === undefined &&
    (format === 'heif'
      ? (await readHeifColours(path)).some(isDisplayP3)
      : format === 'png' && (await readImageHeader(path, 'image/png')).isCodedP3);
  return isP3 ? createP3Profile() : icc;
}

/** sharp has this profile, and hands it out only with an image. */
async function createP3Profile(): Promise<Buffer | undefined> {
  const sharp = loadSharp();
  const pixel = { width: 1, height: 1, channels: 3, background: 'black' } as const;
  const image = await sharp({ create: pixel }).withIccProfile('p3').png().toBuffer();
  return (await sharp(image).metadata()).icc;
}

/** The bytes before the second chunk of a PNG. */
const headBytes = 33;

/**
 * Writes an image's pixels with a profile to a PNG: sharp takes a profile only from a file.
 *
 * @throws an error of sharp or of the file system
 */
export async function tagImage(
  path: string,
  icc: Buffer,
  output: string,
  { depth }: Metadata,
  options: SharpOptions,
): Promise<void> {
  const image = loadSharp()(path, options)
    .autoOrient()
    .toColourspace(depth === 'ushort' ? 'rgb16' : 'srgb');
  const png = await image.png({ compressionLevel: 1 }).toBuffer();
  const content = Buffer.concat([Buffer.from('iCCPp3\0\0', 'latin1'), deflateSync(icc)]);
  const profile = Buffer.concat([Buffer.alloc(4), content, Buffer.alloc(4)]);
  profile.writeUInt32BE(content.length - 4, 0);
  profile.writeUInt32BE(crc32(content), content.length + 4);
  await writeFile(output, [png.subarray(0, headBytes), profile, png.subarray(headBytes)], { mode: 0o600 });
}
