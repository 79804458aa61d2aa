import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBufferSource } from '../../src/media/byte-source.ts';
import { identify } from '../../src/media/identify.ts';
import type { UploadRecord } from '../../src/upload/record.ts';
import { clips, fixtures } from '../fixtures.ts';
import { orRefusal } from '../harness/or-refusal.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { casesOf } from './cases.ts';
import { damaged } from './hostile-text.ts';
import { runAndExpect } from './promises.ts';

/** The beginnings of files that are accepted, and of files that need a closer look, with room for a size. */
const magic = [
  '\xff\xd8\xff\xe0\0\x10JFIF\0',
  '\xff\xd8\xff\xf7',
  '\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
  '\x89PNG\r\n\x1a\n\0\0\0\x08acTL',
  'RIFF\x24\0\0\0WEBPVP8 ',
  'RIFF\x24\0\0\0WAVE',
  '\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov',
  '\0\0\0\x14ftypqt  ',
  '\x1a\x45\xdf\xa3\x87\x42\x82\x84webm',
  '\xff\xfb\x90\x64',
  '\xff\xf1\x50\x80',
  'GIF89a',
  'BM\x46\0\0\0',
  'II*\0\x08\0\0\0',
  'MM\0*\0\0\0\x08',
  'PK\x03\x04\x14\0\0\0\x08\0',
  `PK\x03\x04\x0a\0${'\0'.repeat(20)}\x08\0\0\0mimetype`,
  'ID3\x03\0\0\0\0\0\x04',
  '\0\0\0\x18ftypheic\0\0\0\0mif1',
  '\0\0\0\x1cftypavif',
  '\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska',
  '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9',
  '\x1f\x8b\x08',
  '%PDF-1.7\n',
  '%!PS-Adobe-3.0 EPSF',
  '8BPS\0\x01',
  'OggS\0\x02',
  'fLaC',
  '\0\0\0\x0cJXL \r\n\x87\n',
  '\0\0\0\x0cjP  \r\n\x87\n',
  '<?xml version="1.0"?><svg',
  '\xef\xbb\xbf',
  '\xfe\xff',
  '\xff\xfe',
  'ustar',
  '\x7fELF',
  'MZ',
  '\xca\xfe\xba\xbe',
  'SQLite format 3\0',
  '-----BEGIN PGP MESSAGE-----',
  '\x04"M\x18',
  'asar\0\0\0\0',
].map((text) => Buffer.from(text, 'latin1'));

const images = fixtures.map(({ file }) => readFileSync(file));
const whole = [...images, ...clips.map(({ file }) => readFileSync(file))];

const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...magic), fc.uint8Array({ maxLength: 200 }))
      .map((parts) => Buffer.concat(parts)),
  },
  {
    weight: 2,
    // Several heads in a row, with bytes between them that may be taken for a size.
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...magic), fc.uint8Array({ maxLength: 24 })), { maxLength: 6 })
      .map((parts) => Buffer.concat(parts)),
  },
  {
    weight: 2,
    arbitrary: damaged(
      fc.tuple(fc.constantFrom(...whole), fc.nat(10_000)).map(([file, size]) => file.subarray(0, size)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...magic), fc.constantFrom(0, 0x20, 0xff), fc.nat(5000))
      .map(([head, filler, size]) => Buffer.concat([head, Buffer.alloc(size, filler)])),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((random) => Buffer.from(random)) },
);

/** The type that the first bytes give, written a second time, independent of the code under test. */
function typeOf(head: Buffer): string | undefined {
  const hex = head.toString('hex');
  if (hex.startsWith('ffd8ff')) {
    return 'image/jpeg';
  }
  if (hex.startsWith('89504e470d0a1a0a')) {
    return 'image/png';
  }
  return hex.startsWith('52494646') && hex.slice(16, 24) === '57454250' ? 'image/webp' : undefined;
}

test('a head is an image only if it has the signature of one; otherwise it has another type or is refused', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (head) => {
      const identified = await orRefusal(() => identify(createBufferSource(head)));
      if (typeof identified !== 'string') {
        expect(identified.message.length).toBeLessThan(300);
        expect(typeOf(head)).toBeUndefined();
      } else if (identified.startsWith('image/')) {
        expect(identified).toBe(typeOf(head));
      }
    }),
    casesOf('head of a file'),
  );
});

/** An image is valid or damaged; a file without the signature of an image is not an image. */
function expectCheck(record: UploadRecord, content: Buffer): void {
  const type = typeOf(content);
  if (record.status === 'valid') {
    expect(record.type === 'image' ? record.contentType : undefined).toBe(type);
  } else if (record.status === 'failed') {
    if (type !== undefined) {
      expect(record.error.code).toBe('damaged');
    }
    expect(whole.some((file) => file.equals(content))).toBe(false);
  }
}

test('a dry run finds the images, whatever the files contain', async () => {
  const homeDir = await tempDir();
  const names = ['0.png', '1.jpg', '2'];
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(bytes, bytes, bytes),
      bytes,
      fc.constantFrom('json', 'ndjson'),
      fc.boolean(),
      async (files, stdin, format, failFast) => {
        await Promise.all(files.map((content, i) => writeFile(join(homeDir, names[i]!), content)));
        const { stdout, exitCode } = await runAndExpect(
          ['upload', '--dry-run', '--format', format, ...(failFast ? ['--fail-fast'] : []), ...names, '-'],
          { homeDir, stdin },
          { exitCodes: [0, 1, 3], form: format },
        );
        const records = (
          format === 'json'
            ? JSON.parse(stdout)
            : stdout
                .trim()
                .split('\n')
                .map((line) => JSON.parse(line))
        ) as UploadRecord[];
        const contents = [...files, stdin];
        for (const [i, record] of records.entries()) {
          expectCheck(record, contents[i]!);
        }
        const statuses = records.map(({ status }) => status);
        const firstBad = failFast ? statuses.indexOf('failed') : -1;
        expect(statuses.map((status) => status === 'cancelled')).toEqual(
          statuses.map((_, i) => firstBad !== -1 && i > firstBad),
        );
        const good = statuses.filter((status) => status === 'valid').length;
        expect(exitCode).toBe(good === 4 ? 0 : good === 0 ? 1 : 3);
      },
    ),
    casesOf('folder of files'),
  );
});
