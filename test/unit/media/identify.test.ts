import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolveType } from '../../../src/media/asset-types.ts';
import { createBufferSource } from '../../../src/media/byte-source.ts';
import { identify } from '../../../src/media/identify.ts';
import { clips, fixtures } from '../../fixtures.ts';
import { orRefusal } from '../../harness/or-refusal.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const zeros = (length: number) => '\0'.repeat(length);
const identifyText = (text: string) => orRefusal(() => identify(createBufferSource(bytes(text))));
const accepted = 'JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';
const pngHeader = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\b\0\0\0\0\x3a\x7e\x9b\x55';

test.each(fixtures)('$name is $contentType', async ({ file, contentType }) => {
  expect(await identify(createBufferSource(await readFile(file)))).toBe(contentType);
});

test.each(clips)('$name is $contentType, or its container', async ({ file, contentType }) => {
  const container = contentType === 'audio/mp4' ? 'video/mp4' : contentType;
  expect(await identify(createBufferSource(await readFile(file)))).toBe(container);
});

const mp3Frame = '\xff\xfb\x90\x64';
const id3 = (tagBytes: number) =>
  `ID3\x03\0\0\0\0${String.fromCharCode(tagBytes >> 7, tagBytes & 127)}${zeros(tagBytes)}`;

test.each([
  ['JFIF', '\xff\xd8\xff\xe0\0\x10JFIF\0', 'image/jpeg'],
  ['EXIF', '\xff\xd8\xff\xe1\0\x10Exif\0\0', 'image/jpeg'],
  ['JPEG without either', '\xff\xd8\xff\xdb\0\x43\0', 'image/jpeg'],
  ['PNG', `${pngHeader}\0\0\0\x0aIDAT`, 'image/png'],
  ['animated PNG', `${pngHeader}\0\0\0\x08acTL\0\0\0\x02\0\0\0\0`, 'image/png'],
  ['lossy WebP', 'RIFF\x24\0\0\0WEBPVP8 ', 'image/webp'],
  ['extended WebP', 'RIFF\x24\0\0\0WEBPVP8X', 'image/webp'],
  ['MP4', '\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'video/mp4'],
  ['MP4 of an unknown brand', '\0\0\0\x18ftypXAVC\0\0\x02\0XAVCmp42', 'video/mp4'],
  ['M4V', '\0\0\0\x18ftypM4V \0\0\x02\0isomiso2', 'video/mp4'],
  ['M4A', '\0\0\0\x18ftypM4A \0\0\x02\0isomiso2', 'video/mp4'],
  ['QuickTime', '\0\0\0\x14ftypqt  ', 'video/quicktime'],
  ['QuickTime without a brand', '\0\0\0\x08wide\0\x10\0\0mdat', 'video/quicktime'],
  ['WebM', '\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm', 'video/webm'],
  ['WAV', 'RIFF\x24\0\0\0WAVEfmt ', 'audio/wav'],
  ['WAV of 64 bits', 'RF64\xff\xff\xff\xffWAVEds64', 'audio/wav'],
  ['MP3', mp3Frame, 'audio/mpeg'],
  ['MP3 of MPEG-2', '\xff\xf3\x40\xc4', 'audio/mpeg'],
  ['MP3 after a tag that is longer than the head', id3(5000) + mp3Frame, 'audio/mpeg'],
  ['MP3 after two tags', id3(30) + id3(200) + mp3Frame, 'audio/mpeg'],
  ['AAC', '\xff\xf1\x50\x80', 'audio/aac'],
  ['AAC after a long tag', `${id3(6000)}\xff\xf1\x50\x80`, 'audio/aac'],
])('%s', async (_, head, contentType) => {
  expect(await identifyText(head)).toBe(contentType);
});

const image = 'Convert it to JPEG, PNG or WebP; renaming it does not help.';
const video = 'Convert it to MP4, QuickTime or WebM; renaming it does not help.';
const audio = 'Convert it to MP3, WAV, M4A or AAC; renaming it does not help.';
const notFitted = /raw|2000|TGA|EXR|Radiance|DDS|QOI|Netpbm|SVG|icon|JPEG XL|Wave64|RIFX|mini/;
const archive = 'Unpack it, and upload what is inside.';
const download = 'It may be a failed download: look at it in a text editor, and download the file again.';
const playlist = 'It only names the pieces of a video or audio file; upload that file itself.';
const lfs = 'Run `git lfs pull` to get the file that it stands for.';
const icloud = 'Download the file from iCloud first: open it once in Finder.';
const text = 'Name the image, video or audio file itself; use --files-from for a list of names.';
const other = 'Check that this is the file you meant.';
const unknown = 'not an image, video or audio file that can be recognised';
const matroska =
  '\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x88matroska';
const tga = `\0\0\x02${zeros(9)}\x40\x01\xf0\0\x18\x20`;

test.each([
  ['BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'a BMP image', image],
  ['GIF89a\x01\0\x01\0', 'a GIF image', image],
  ['II*\0\x08\0\0\0', 'a TIFF image', image],
  [`II*\0\xff\xff\xff\x00${zeros(4200)}`, 'a TIFF image', image],
  ['MM\0*\0\0\0\x08', 'a TIFF image', image],
  ['II+\0\x08\0\0\0', 'a TIFF image', image],
  ['MM\0+\0\x08\0\0', 'a TIFF image', image],
  ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'a HEIC photo', image],
  ['\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'a HEIC photo', image],
  ['\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc', 'a HEIC photo', image],
  ['\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'an AVIF image', image],
  ['\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf', 'an AVIF image', image],
  ['\0\0\0\x18ftypmif1\0\0\0\0mif1miaf', 'a HEIF image', image],
  ['\0\0\0\x10ftypmif3heic', 'a compact HEIF image (mini)', image],
  ['\0\0\0\x18ftypcrx \0\0\0\0crx isom', 'a Canon CR3 raw photo', image],
  [tga, 'a TGA image', image],
  [`\x12\0\x0a${zeros(9)}\x40\x01\xf0\0\x20\x28`, 'a TGA image', image],
  [`\0\x01\x01\0\0\0\x01\x18${zeros(4)}\x40\x01\xf0\0\x08\0`, 'a TGA image', image],
  [`\0\0\x01\0\x01\0\x20\x20\0\0\x01\0\x20\0\xa8\x10\0\0\x16\0\0\0`, 'an icon', image],
  [`\0\0\x02\0\x01\0\x20\x20\0\0\x01\0\x20\0\xa8\x10\0\0\x16\0\0\0`, 'an icon', image],
  ['\xff\x0a\0\0', 'a JPEG XL image', image],
  ['\0\0\0\x0cjP  \r\n\x87\n', 'a JPEG 2000 image', image],
  ['v/1\x01\x02\0\0\0', 'an OpenEXR image', image],
  ['P6\n# made by\n640 480\n255\n', 'a Netpbm image', image],
  ['8BPS\0\x01', 'a Photoshop document', 'Export the page or image as JPEG, PNG or WebP.'],
  ['%PDF-1.7\n', 'a PDF document', 'Export the page or image as JPEG, PNG or WebP.'],
  ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG drawing', image],
  ['\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by -->\n<svg/>', 'an SVG drawing', image],
  ['<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg/>', 'an SVG drawing', image],
  ['\0\0\0\x14ftyp3gp5\0\0\0\x003gp5', 'a 3GP video', video],
  [matroska, 'a Matroska (MKV) file', video],
  ['RIFF\x24\0\0\0AVI LIST', 'an AVI video', video],
  [`\x47${zeros(187)}\x47${zeros(187)}\x47${zeros(187)}`, 'an MPEG transport stream', video],
  ['FLV\x01\x05\0\0\0\x09', 'a Flash (FLV) video', video],
  ['fLaC\0\0\0\x22', 'a FLAC audio file', audio],
  [`${id3(5000)}fLaC\0\0\0\x22`, 'a FLAC audio file', audio],
  [`OggS\0\x02${zeros(22)}\x01vorbis${zeros(30)}`, 'an Ogg audio file', audio],
  [`OggS\0\x02${zeros(22)}OpusHead`, 'an Opus audio file', audio],
  ['FORM\0\0\0\x08AIFF', 'an AIFF audio file', audio],
  ['#!AMR\n', 'an AMR audio file', audio],
  ['MAC \x96\x0f\0\0', "a Monkey's Audio file", audio],
  ['wvpk\x1e\x14\0\0', 'a WavPack audio file', audio],
  ['\x0b\x77\x5a\x1c\x14', 'an AC-3 audio file', audio],
  ['riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0', 'a Sony Wave64 audio file', audio],
  ['RIFX\0\0\0\x24WAVEfmt ', 'a big-endian WAV file (RIFX)', audio],
  ['\xff\xfd\x90\x04', 'an MP2 audio file', audio],
  ['#EXTM3U\n#EXT-X-VERSION:3\n', 'an HLS playlist', playlist],
  ['<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', 'a DASH playlist', playlist],
  ['PK\x03\x04\x14\0\0\0', 'a ZIP archive', archive],
  ['\x1f\x8b\x08\0\0\0\0\0', 'a gzip archive', archive],
  ['7z\xbc\xaf\x27\x1c\0\x04', 'a 7z archive', archive],
  ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'a Git LFS pointer', lfs],
  ['bplist00\xd4\x01\x02ZNSURLNameKey_NSURLFileSizeKey', 'an iCloud placeholder', icloud],
  ['bplist00\xd1\x01\x02', 'an Apple property list', other],
  ['<!doctype html>', 'an HTML page', download],
  ['\r\n\r\n<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"><svg>', 'an HTML page', download],
  ['<html lang="en"><body><svg/></body></html>', 'an HTML page', download],
  ['<!-- cached --><html>', 'an HTML page', download],
  [
    '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">',
    'an HTML page',
    download,
  ],
  ['<head><title>404 Not Found</title></head>', 'an HTML page', download],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'an XML document', download],
  ['<Error><Code>NoSuchKey</Code></Error>', 'an XML document', download],
  ['{"error": "not found"}', 'JSON text', download],
  ['\xef\xbb\xbf[{"id": 1}]', 'JSON text', download],
  ['data:image/png;base64,iVBORw0KGgo', 'a data: address, not the file itself', other],
  ['text', 'a text file', text],
  ['The free world', 'a text file', text],
  ['caf\xc3\xa9\n', 'a text file', text],
  ['\xff\xfea\0.\0p\0n\0g\0', 'a text file', text],
  [zeros(4100), 'a file that begins with zeros only', download],
  ['', unknown, other],
  ['\xff\xd8', unknown, other],
  ['\x89PNG\r\n\x1a', unknown, other],
  ['\x89PNG\n\x1a\n\0\0\0\rIHDR', unknown, other],
  ['RIFF\x24\0\0\0WEB\0', unknown, other],
  ['\x01\x02\x03\x04\x05\x06', unknown, other],
])('%j is %s', async (head, what, hint) => {
  expect(await identifyText(head)).toEqual({
    code: 'unsupported_type',
    message: `it is ${what}; ${accepted}`,
    hint,
    fittable: ([image, video, audio].includes(hint) && !notFitted.test(what)) || undefined,
  });
});

test.each([
  ['\xef\xbb\xbf\xff\xd8\xff\xe0\0\x10JFIF', 'image', 'image/jpeg'],
  [`\xef\xbb\xbf${pngHeader}\0\0\0\x0aIDAT`, 'image', 'image/png'],
  [
    `\xef\xbb\xbf${pngHeader}\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\x0aIDAT`,
    'image',
    'image/png',
  ],
  ['\xef\xbb\xbfRIFF\x24\0\0\0WEBPVP8 ', 'image', 'image/webp'],
  [`\n${pngHeader}`, 'image', 'image/png'],
  [`${id3(4)}\xff\xd8\xff\xe0`, 'image', 'image/jpeg'],
  [`${id3(5000)}${pngHeader}`, 'image', 'image/png'],
  [`${id3(40)}\0\0\0\x18ftypisom\0\0\x02\0isomiso2`, 'video', 'video/mp4'],
  ['\xef\xbb\xbfRIFF\x24\0\0\0WAVEfmt ', 'audio', 'audio/wav'],
])('%j has bytes before its signature', async (head, kind, contentType) => {
  expect(await identifyText(head)).toEqual({
    code: 'unsupported_type',
    message: `it has extra bytes before the ${kind} (${contentType}); ${accepted}`,
    hint: `Export or download the ${kind} again: something was written in front of it.`,
  });
});

test('any bytes are accepted for their own signature or refused with a message', async () => {
  const start = fc.constantFrom(
    ...[
      '',
      '\0\0\0\x18ftyp',
      'II*\0',
      'OggS',
      '\x1a\x45\xdf\xa3',
      '\xff\xd8\xff',
      pngHeader,
      'RIFF\0\0\0\0WEBP',
    ],
    ...[
      'ID3\x03\0\0',
      '\xef\xbb\xbf',
      'PK\x03\x04',
      '\x1f\x8b\x08\0',
      '<',
      '{',
      'bplist00',
      '\xff\xfb',
      '\0\0\x02\0',
    ],
  );
  await fc.assert(
    fc.asyncProperty(start, start, fc.uint8Array({ maxLength: 200 }), async (first, second, rest) => {
      const source = createBufferSource(Buffer.concat([bytes(first + second), rest]));
      const result = await orRefusal(() => identify(source));
      if (typeof result === 'string') {
        expect(resolveType(result)).toMatch(/^(image|video|audio)$/);
      } else {
        expect(result.code).toBe('unsupported_type');
        expect(result.message).toMatch(/^it (is|has) .+; JPEG, PNG/);
        expect(result.message).not.toMatch(/undefined|application\//);
        expect(result.hint).toMatch(/\.$|\?$/);
      }
    }),
    { numRuns: 500 },
  );
});
