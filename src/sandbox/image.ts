import { imageDimensionsFromData } from 'image-dimensions';

/** The width and height written in an image's header, in pixels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
}

/** A Content-Type that the API accepts. */
export type ContentType = keyof typeof signatures;

const signatures = {
  'image/jpeg': { library: 'jpeg', matches: (bytes: Buffer) => hexAt(bytes, 0, 3) === 'ffd8ff' },
  'image/png': { library: 'png', matches: (bytes: Buffer) => hexAt(bytes, 0, 8) === '89504e470d0a1a0a' },
  'image/webp': {
    library: 'webp',
    matches: (bytes: Buffer) =>
      bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
} as const;

// The RIFF, chunk and VP8L headers. No JPEG, PNG or WebP is shorter.
const minImageBytes = 25;

/** The types that the API accepts, in the order in which it names them. */
export const contentTypes = Object.keys(signatures) as ContentType[];

/** Whether a Content-Type header is exactly one that the API accepts. */
export function isContentType(header: string | undefined): header is ContentType {
  return header !== undefined && Object.hasOwn(signatures, header);
}

/** Whether the bytes begin like a file of that type. */
export function matchesContentType(bytes: Buffer, contentType: ContentType): boolean {
  return signatures[contentType].matches(bytes);
}

/** Reads the size of an image from its bytes, without its EXIF orientation; undefined if they do not say. */
export function readPixels(bytes: Buffer, contentType: ContentType): Pixels | undefined {
  if (bytes.length < minImageBytes) {
    return undefined;
  }
  const image = imageDimensionsFromData(bytes);
  if (image?.type !== signatures[contentType].library || image.width === 0 || image.height === 0) {
    return undefined;
  }
  return { width: image.width, height: image.height };
}

function hexAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('hex', start, end);
}
