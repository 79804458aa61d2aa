import { fileTypeFromBuffer } from 'file-type';
import { UploadError } from '../errors.ts';

/** How much of a file's start tells its type; file-type asks for as much. */
export const headBytes = 4100;

/** What the API takes. */
export type ImageContentType = 'image/jpeg' | 'image/png' | 'image/webp';

/** What file-type says of an acceptable file, and the bytes that must then stand at the very start of it. */
const accepted: Readonly<Record<string, { contentType: ImageContentType; signature: string }>> = {
  'image/jpeg': { contentType: 'image/jpeg', signature: '\xff\xd8\xff' },
  'image/png': { contentType: 'image/png', signature: '\x89PNG\r\n\x1a\n' },
  // An animated PNG is a PNG.
  'image/apng': { contentType: 'image/png', signature: '\x89PNG\r\n\x1a\n' },
  'image/webp': { contentType: 'image/webp', signature: 'RIFF' },
};

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
 * Tells the type of an image by its first bytes, never by its name.
 *
 * @param head the file's first {@link headBytes}, or all of it
 * @throws UploadError `unsupported_type`, saying what it is instead
 */
export async function detectImageType(head: Uint8Array): Promise<ImageContentType> {
  const mime = (await fileTypeFromBuffer(head))?.mime;
  const type = mime === undefined ? undefined : accepted[mime];
  if (type === undefined) {
    const what = mime === undefined ? 'not an image that can be recognised' : (familiarNames[mime] ?? mime);
    throw new UploadError('unsupported_type', `it is ${what}; JPEG, PNG and WebP are accepted`);
  }
  // file-type also knows an image behind a byte order mark or an ID3 tag; the service's decoders do not.
  if (
    !Buffer.from(head.buffer, head.byteOffset, type.signature.length).equals(
      Buffer.from(type.signature, 'latin1'),
    )
  ) {
    throw new UploadError(
      'unsupported_type',
      `it has other bytes in front of the image (${type.contentType}); JPEG, PNG and WebP are accepted`,
    );
  }
  return type.contentType;
}
