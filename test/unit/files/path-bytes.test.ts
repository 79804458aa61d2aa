import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodePath, encodePath, showPath } from '../../../src/files/path-bytes.ts';
import { anyCharacter } from '../../harness/any-character.ts';

it.each<[bytes: string, path: string, shown: string]>([
  ['caf\xe9.png', 'caf\udce9.png', 'caf\ufffd.png'],
  ['caf\xc3\xa9.png', 'café.png', 'café.png'],
  ['\xc3\xa9\xe9', 'é\udce9', 'é\ufffd'],
  ['\xed\xb3\xa9', '\udced\udcb3\udca9', '\ufffd\ufffd\ufffd'],
  ['\xc0\xaf', '\udcc0\udcaf', '\ufffd\ufffd'],
  ['\xf0\x9f\x98\x80\xff', '😀\udcff', '😀\ufffd'],
  ['\xf4\x90\x80\x80', '\udcf4\udc90\udc80\udc80', '\ufffd\ufffd\ufffd\ufffd'],
])('%j', (bytes, path, shown) => {
  expect(decodePath(Buffer.from(bytes, 'latin1'))).toBe(path);
  expect(showPath(path)).toBe(shown);
  expect(Buffer.from(encodePath(path)).toString('latin1')).toBe(bytes);
});

it('gives back any bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .array(
        fc.oneof(
          fc.string({ unit: anyCharacter }).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 3 }),
        ),
      )
      .map((parts) => Buffer.concat(parts)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const path = decodePath(Buffer.from(given));
      expect(Buffer.from(encodePath(path)).equals(Buffer.from(given))).toBe(true);
      expect(showPath(path)).not.toMatch(/\p{Surrogate}/u);
    }),
  );
});
