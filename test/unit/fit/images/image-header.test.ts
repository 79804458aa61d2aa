import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readImageHeader } from '../../../../src/fit/images/image-header.ts';
import { tempDir } from '../../../harness/temp-dir.ts';

test.each([
  ['nothing', []],
  ['fill bytes', [0xff, 0xff]],
  ['garbage, which decoders skip', [0, 1, 2]],
])('finds the orientation of a JPEG behind %s', async (_what, between) => {
  const pixels = { width: 8, height: 16, channels: 3, background: 'red' } as const;
  const jpeg = await sharp({ create: pixels }).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const path = join(await tempDir(), 'a.jpg');
  await writeFile(path, Buffer.concat([jpeg.subarray(0, 2), Buffer.from(between), jpeg.subarray(2)]));
  expect((await readImageHeader(path, 'image/jpeg')).orientation).toBe(6);
});

test('inflates only one profile of a PNG, however many there are', async () => {
  const content = Buffer.concat([Buffer.from('iCCPp\0\0', 'latin1'), deflateSync(Buffer.alloc(4_000_000))]);
  const chunk = Buffer.concat([Buffer.alloc(4), content, Buffer.alloc(4)]);
  chunk.writeUInt32BE(content.length - 4);
  const path = join(await tempDir(), 'a.png');
  await writeFile(
    path,
    Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...Array(50).fill(chunk)]),
  );
  const before = process.memoryUsage().arrayBuffers;
  await readImageHeader(path, 'image/png');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});
