import { FileError } from '../errors.ts';
import {
  type ContentType,
  formatNames,
  type ImageContentType,
  isContentType,
  resolveType,
} from './asset-types.ts';
import type { ByteSource } from './byte-source.ts';
import { findTagsEnd } from './id3.ts';
import { refuseBySignature, refuseByText, refuseMime, refuseUnknown } from './other-types.ts';

/** How much of a file's start identifies it; file-type needs as much. */
const headBytes = 4100;

/**
 * The first bytes of the images that are accepted: https://www.w3.org/TR/png-3/#5PNG-file-signature (an animated PNG
 * is a PNG), https://developers.google.com/speed/webp/docs/riff_container, and JPEG.
 */
const imageSignatures: readonly (readonly [ImageContentType, RegExp])[] = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/webp', /^RIFF.{4}WEBP/s],
];

/**
 * The same for files that are probed. An MP4 or QuickTime file begins with its brand, or (an older one) with another
 * box of less than 512 MB; RF64 is a WAV that may be larger than 4 GB.
 */
const containerSignatures: readonly (readonly [ContentType, RegExp])[] = [
  ['video/quicktime', /^[\0-\x1f].{3}(?:ftypqt {2}|moov|mdat|free|skip|wide|pnot)/s],
  ['video/mp4', /^[\0-\x1f].{3}(?:ftyp[\x20-\x7e]|styp)/s],
  ['video/webm', /^\x1a\x45\xdf\xa3.{0,64}?\x42\x82[\x80-\xff\0]*webm/s],
  ['audio/wav', /^(?:RIFF|RF64).{4}WAVE/s],
];

/** Headers of frames, of ADTS and of MPEG's layer III: eleven or twelve bits that are set, version and layer. */
const frameSignatures: readonly (readonly [ContentType, RegExp])[] = [
  ['audio/aac', /^\xff[\xf0\xf1\xf8\xf9]/],
  ['audio/mpeg', /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\0-\xef]/],
];

/** Types that file-type also recognises, because it looks further. */
const libraryTypes: Readonly<Record<string, ContentType>> = { mp3: 'audio/mpeg', webm: 'video/webm' };

/**
 * Identifies a file by its content. The first bytes of an MP4 or a QuickTime file identify only the container; {@link
 * Probe} finds its tracks.
 *
 * @throws FileError `unsupported_type`
 */
export async function identify(source: ByteSource): Promise<ContentType> {
  const head = await source.read(0, headBytes);
  const image = matchSignature(imageSignatures, head);
  if (image !== undefined) {
    return image;
  }
  const tagsEnd = await findTagsEnd(
    (position, length) => source.peek(position, length) ?? source.read(position, length),
  );
  // Players of MP3 and AAC skip a tag before the audio; others do not.
  const start = tagsEnd === 0 ? head : await source.read(tagsEnd, headBytes);
  refuseBySignature(start);
  const contentType =
    matchSignature(frameSignatures, start) ??
    (tagsEnd === 0 ? matchSignature(containerSignatures, head) : undefined);
  return contentType ?? identifyByLibrary(head, start);
}

function matchSignature<Type>(table: readonly (readonly [Type, RegExp])[], head: Buffer): Type | undefined {
  const text = head.toString('latin1', 0, 80);
  return table.find(([, signature]) => signature.test(text))?.[0];
}

/** Loads file-type only here, because most runs do not need it. */
async function identifyByLibrary(head: Buffer, start: Buffer): Promise<ContentType> {
  const hidden = findHidden(head, start);
  if (hidden !== undefined) {
    throw createFrontError(hidden);
  }
  refuseByText(start);
  const { fileTypeFromBuffer } = await import('file-type/core');
  const type = await fileTypeFromBuffer(start);
  const contentType = libraryTypes[type?.ext ?? ''];
  if (contentType !== undefined) {
    return contentType;
  }
  // file-type is less strict than the signatures here: a text may begin with the name of a box.
  const isKnown = type !== undefined && !isContentType(type.mime);
  return isKnown ? refuseMime(type.mime, type.ext) : refuseUnknown(start);
}

/** Finds an image or clip after an ID3 tag, a byte order mark or white space, which the service does not accept. */
function findHidden(head: Buffer, start: Buffer): ContentType | undefined {
  const front = /^(?:\xef\xbb\xbf)?\s*/.exec(head.toString('latin1'))?.[0].length ?? 0;
  const signatures = [...imageSignatures, ...containerSignatures];
  return matchSignature(signatures, start) ?? matchSignature(signatures, head.subarray(front));
}

function createFrontError(contentType: ContentType): FileError {
  const type = resolveType(contentType);
  return new FileError(
    'unsupported_type',
    `it has extra bytes before the ${type} (${contentType}); ${formatNames()} are accepted`,
    { hint: `Export or download the ${type} again: something was written in front of it.` },
  );
}
