import { FileError } from '../errors.ts';

/** How many of a file's first bytes are read to tell its type; file-type asks for as many. */
export const headBytes = 4100;

/** The types that the API takes. */
export type ContentType = 'image/jpeg' | 'image/png' | 'image/webp';

/**
 * The first bytes of what is accepted: https://www.w3.org/TR/png-3/#5PNG-file-signature (an animated PNG is a PNG),
 * https://developers.google.com/speed/webp/docs/riff_container, and JPEG, whose third marker is none of JPEG-LS.
 */
const signatures: Readonly<Record<ContentType, RegExp>> = {
  'image/jpeg': /^\xff\xd8\xff(?!\xf7)/,
  'image/png': /^\x89PNG\r\n\x1a\n/,
  'image/webp': /^RIFF.{4}WEBP/s,
};

const contentTypes = Object.keys(signatures) as readonly ContentType[];

/** The length of the longest signature. */
const maxSignatureBytes = 12;

const familiarNames: Readonly<Record<string, string>> = {
  'application/pdf': 'a PDF document',
  'application/xml': 'an XML or SVG document',
  'application/zip': 'a ZIP archive',
  'image/avif': 'an AVIF image',
  'image/bmp': 'a BMP image',
  'image/gif': 'a GIF image',
  'image/heic': 'a HEIC image',
  'image/heif': 'a HEIF image',
  'image/jxl': 'a JPEG XL image',
  'image/tiff': 'a TIFF image',
  'image/vnd.adobe.photoshop': 'a Photoshop document',
  'video/mp4': 'an MP4 video',
  'video/quicktime': 'a QuickTime video',
  'video/webm': 'a WebM video',
};

/**
 * Tells the type of a file by its first bytes, never by its name.
 *
 * @param head the file's first {@link headBytes}, or all of it
 * @throws FileError `unsupported_type`, saying what it is instead
 */
export async function detectType(head: Uint8Array): Promise<ContentType> {
  const start = Buffer.from(head.subarray(0, maxSignatureBytes)).toString('latin1');
  const contentType = contentTypes.find((type) => signatures[type].test(start));
  if (contentType === undefined) {
    throw new FileError('unsupported_type', `it ${await describe(head)}; JPEG, PNG and WebP are accepted`);
  }
  return contentType;
}

/** Names the type of a file that is not accepted. Loads file-type here, because most runs never need it. */
async function describe(head: Uint8Array): Promise<string> {
  const { fileTypeFromBuffer } = await import('file-type/core');
  // file-type has a type of its own for an animated PNG.
  const mime = (await fileTypeFromBuffer(head))?.mime.replace('image/apng', 'image/png');
  if (mime === undefined) {
    return 'is not an image that can be recognised';
  }
  // file-type also recognises an image behind a byte order mark or an ID3 tag; the service's decoders do not.
  return mime in signatures
    ? `has other bytes in front of the image (${mime})`
    : `is ${familiarNames[mime] ?? mime}`;
}
