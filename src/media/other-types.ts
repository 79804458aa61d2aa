import { FileError } from '../errors.ts';
import { type AssetType, formatNames } from './asset-types.ts';

/** Advice by type of file; the fitter does not read the rare ones. */
const hints = {
  image: adviseConversion('image'),
  video: adviseConversion('video'),
  audio: adviseConversion('audio'),
  rareImage: adviseConversion('image'),
  rareVideo: adviseConversion('video'),
  rareAudio: adviseConversion('audio'),
  archive: 'Unpack it, and upload what is inside.',
  document: `Export the page or image as ${formatNames(['image'], 'or')}.`,
  download: 'It may be a failed download: look at it in a text editor, and download the file again.',
  playlist: 'It only names the pieces of a video or audio file; upload that file itself.',
  lfs: 'Run `git lfs pull` to get the file that it stands for.',
  icloud: 'Download the file from iCloud first: open it once in Finder.',
  text: 'Name the image, video or audio file itself; use --files-from for a list of names.',
  other: 'Check that this is the file you meant.',
} as const;

/**
 * The failure of a file that is something else.
 *
 * @param what completes "it is …"
 */
export function notAccepted(what: string, hint: Hint): FileError {
  return new FileError('unsupported_type', `it is ${what}; ${formatNames()} are accepted`, {
    hint: hints[hint],
    fittable: fittableHints.has(hint),
  });
}

function adviseConversion(type: AssetType): string {
  return `Convert it to ${formatNames([type], 'or')}; renaming it does not help.`;
}

type Hint = keyof typeof hints;

const fittableHints: ReadonlySet<Hint> = new Set(['image', 'video', 'audio']);

type Signature = readonly [what: string, hint: Hint, test: RegExp | ((head: Buffer) => boolean)];

/** Types that file-type mistakes for something else, or does not know. */
const signatures: readonly Signature[] = [
  ['a HEIC photo', 'image', (head) => hasBrand(head, /^he(?:ic|ix|im|is|vc|vx|vm|vs)$/)],
  ['an AVIF image', 'image', (head) => hasBrand(head, /^avi[fs]$/)],
  ['a HEIF image', 'image', (head) => hasBrand(head, /^(?:mi[af]1|msf1|mi[ac]f|MiH[BAE])$/)],
  ['a compact HEIF image (mini)', 'rareImage', (head) => hasMajorBrand(head, /^mif3$/)],
  ['a 3GP video', 'video', (head) => hasMajorBrand(head, /^3g/)],
  ['a Canon CR3 raw photo', 'rareImage', (head) => hasMajorBrand(head, /^crx $/)],
  ['a JPEG 2000 image', 'rareImage', /^\0\0\0\x0cj[P2] {2}\r\n\x87\n|^\xff\x4f\xff\x51/],
  ['a Matroska (MKV) file', 'video', /^\x1a\x45\xdf\xa3.{0,64}?\x42\x82[\x80-\xff\0]*matroska/s],
  ['an MP2 audio file', 'audio', /^\xff[\xf4\xf5\xfc\xfd]/],
  ['a Sony Wave64 audio file', 'rareAudio', /^riff\x2e\x91\xcf\x11/],
  ['a big-endian WAV file (RIFX)', 'rareAudio', /^RIFX.{4}WAVE/s],
  ['a TGA image', 'rareImage', isTga],
  ['an OpenEXR image', 'rareImage', /^v\/1\x01/],
  ['a Radiance HDR image', 'rareImage', /^#\?(?:RADIANCE|RGBE)\n/],
  ['a DDS texture', 'rareImage', /^DDS \x7c/],
  ['a QOI image', 'rareImage', /^qoif/],
  ['a Netpbm image', 'rareImage', /^P[1-7]\s+(?:#[^\n]*\n\s*)*(?:\d+\s+\d|WIDTH)/],
  ['an iCloud placeholder', 'icloud', /^bplist00.*NSURL/s],
  ['an Apple property list', 'other', /^bplist00/],
  ['a Git LFS pointer', 'lfs', /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//],
  ['an HLS playlist', 'playlist', /^(?:\xef\xbb\xbf)?#EXTM3U/],
];

/** Types tried after file-type, which may be more exact, as with a raw photo that is a TIFF too. */
const lateSignatures: readonly Signature[] = [
  ['a TIFF image', 'image', /^(?:II[*+]\0|MM\0[*+])/],
  [
    'a file that begins with zeros only',
    'download',
    (head) => head.length > 0 && head.every((it) => it === 0),
  ],
  ['a text file', 'text', (head) => decodeText(head) !== undefined],
];

/** Types of text, in any encoding; matched without a leading byte order mark and white space. */
const texts: readonly Signature[] = [
  [
    'an HTML page',
    'download',
    /^<(?:!--.*?-->\s*<)?(?:!doctype html|\/?(?:html|head|body|title|meta|script|div|p)\b)/is,
  ],
  ['an HTML page', 'download', /^<\?xml\b.*?<html\b/is],
  ['an SVG drawing', 'rareImage', /^<(?:\?xml|!doctype|!--).*?<svg\b|^<svg\b/is],
  ['a DASH playlist', 'playlist', /^<\?xml\b.*?<mpd\b|^<mpd\b/is],
  ['an XML document', 'download', /^<(?:\?xml|!--|!doctype|[a-z_][\w.:-]*[\s/>])/i],
  ['JSON text', 'download', /^(?:\{\s*(?:"|\}|$)|\[\s*(?:["{[\]\d-]|true|false|null|$))/],
  ['a data: address, not the file itself', 'other', /^data:[a-z]+\/[\w.+-]+[;,]/i],
];

/** Types whose MIME name says little; others are named by their usual extension. */
const mimeNames: Readonly<Record<string, readonly [what: string, hint: Hint]>> = {
  'application/gzip': ['a gzip archive', 'archive'],
  'application/ogg': ['an Ogg file', 'audio'],
  'application/pdf': ['a PDF document', 'document'],
  'application/postscript': ['a PostScript document', 'document'],
  'application/vnd.ms-asf': ['a Windows Media (ASF) file', 'video'],
  'application/x-7z-compressed': ['a 7z archive', 'archive'],
  'application/x-apple-diskimage': ['a disk image', 'archive'],
  'application/x-bzip2': ['a bzip2 archive', 'archive'],
  'application/x-msdownload': ['a Windows program', 'other'],
  'application/x-rar-compressed': ['a RAR archive', 'archive'],
  'application/x-tar': ['a tar archive', 'archive'],
  'application/x-xz': ['an xz archive', 'archive'],
  'application/zip': ['a ZIP archive', 'archive'],
  'application/zstd': ['a Zstandard archive', 'archive'],
  'audio/aiff': ['an AIFF audio file', 'audio'],
  'audio/amr': ['an AMR audio file', 'audio'],
  'audio/ape': ["a Monkey's Audio file", 'audio'],
  'audio/flac': ['a FLAC audio file', 'audio'],
  'audio/ogg': ['an Ogg audio file', 'audio'],
  'audio/ogg; codecs=opus': ['an Opus audio file', 'audio'],
  'audio/vnd.dolby.dd-raw': ['an AC-3 audio file', 'audio'],
  'audio/wavpack': ['a WavPack audio file', 'audio'],
  'audio/x-ms-asf': ['a Windows Media audio file', 'audio'],
  'image/bmp': ['a BMP image', 'image'],
  'image/gif': ['a GIF image', 'image'],
  'image/icns': ['an icon', 'rareImage'],
  'image/jxl': ['a JPEG XL image', 'rareImage'],
  'image/tiff': ['a TIFF image', 'image'],
  'image/vnd.adobe.photoshop': ['a Photoshop document', 'document'],
  'image/x-icon': ['an icon', 'rareImage'],
  'image/x-xcf': ['a GIMP document', 'document'],
  'video/mp2t': ['an MPEG transport stream', 'video'],
  'video/mpeg': ['an MPEG-1 or MPEG-2 video', 'video'],
  'video/MP1S': ['an MPEG-1 video', 'video'],
  'video/MP2P': ['an MPEG-2 video', 'video'],
  'video/ogg': ['an Ogg video', 'video'],
  'video/vnd.avi': ['an AVI video', 'video'],
  'video/x-flv': ['a Flash (FLV) video', 'video'],
  'video/x-ms-asf': ['a Windows Media video', 'video'],
};

/** @throws FileError for a type that is not accepted and that file-type does not know, or mistakes */
export function refuseBySignature(head: Buffer): void {
  refuseByTable(signatures, head.toString('latin1'), head);
}

/** @throws FileError for a text that replaces a file, or reports a failure to get it */
export function refuseByText(head: Buffer): void {
  refuseByTable(texts, decodeText(head)?.trimStart() ?? '', head);
}

/** @throws FileError for the type that file-type found */
export function refuseMime(mime: string, extension: string): never {
  const known = mimeNames[mime];
  if (known !== undefined) {
    throw notAccepted(...known);
  }
  const [what, hint] = families[mime.split('/')[0] ?? ''] ?? (['a file', 'other'] as const);
  throw notAccepted(`${what} of type ${extension.toUpperCase()}`, hint);
}

/** @throws FileError for what nothing else recognises */
export function refuseUnknown(head: Buffer): never {
  refuseByTable(lateSignatures, head.toString('latin1'), head);
  throw notAccepted('not an image, video or audio file that can be recognised', 'other');
}

const families: Readonly<Record<string, readonly [what: string, hint: Hint]>> = {
  image: ['an image', 'rareImage'],
  video: ['a video', 'rareVideo'],
  audio: ['an audio file', 'rareAudio'],
  font: ['a font', 'other'],
};

function refuseByTable(table: readonly Signature[], text: string, head: Buffer): void {
  const found = table.find(([, , test]) => (test instanceof RegExp ? test.test(text) : test(head)));
  if (found !== undefined) {
    throw notAccepted(found[0], found[1]);
  }
}

/** The head as text, if it is one: UTF-8, or UTF-16 with a byte order mark, without control characters. */
function decodeText(head: Buffer): string | undefined {
  const encoding = /^(?:\xff\xfe|\xfe\xff)/.test(head.toString('latin1', 0, 2))
    ? head[0] === 0xff
      ? 'utf-16le'
      : 'utf-16be'
    : 'utf-8';
  try {
    // As a stream, because the head may end within a character.
    const text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
    return text === '' || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The brands of an ISO base media file (ISO/IEC 14496-12, 4.3): the major one first. */
function readBrands(head: Buffer): readonly string[] {
  if (head.toString('latin1', 4, 8) !== 'ftyp' || head.length < 12) {
    return [];
  }
  const brands = head.toString('latin1', 16, Math.min(head.readUInt32BE(0), head.length));
  return [head.toString('latin1', 8, 12), ...(brands.match(/.{4}/gs) ?? [])];
}

function hasMajorBrand(head: Buffer, pattern: RegExp): boolean {
  return pattern.test(readBrands(head)[0] ?? '');
}

/** An image names an image's brand as its major one or as compatible; no video does. */
function hasBrand(head: Buffer, pattern: RegExp): boolean {
  return readBrands(head).some((brand) => pattern.test(brand));
}

/** A TGA image has no magic number: its header has to make sense, as that of a cursor or an icon does not. */
function isTga(head: Buffer): boolean {
  if (head.length < 18) {
    return false;
  }
  const [, colourMap = 2, type = 0] = head;
  const hasColourMap = type === 1 || type === 9;
  return (
    [1, 2, 3, 9, 10, 11].includes(type) &&
    (hasColourMap ? colourMap === 1 : colourMap === 0 && head.readUIntBE(3, 5) === 0) &&
    head.readUInt16LE(12) > 0 &&
    head.readUInt16LE(14) > 0 &&
    [8, 15, 16, 24, 32].includes(head[16]!) &&
    head[17]! < 0x40
  );
}
