import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortNaturally } from '../../../src/files/natural-order.ts';

test.each<[string, readonly string[]]>([
  ['numbers as people count', ['1.png', '2.png', '10.png', '100.png']],
  ['numbers inside names', ['shot 2 a.png', 'shot 2 b.png', 'shot 10 a.png']],
  ['several numbers in a name', ['v1.2.png', 'v1.10.png', 'v2.1.png']],
  ['leading zeros, which do not count', ['1.png', '02.png', '003.png', '10.png']],
  ['numbers beyond what a number can hold', ['99999999999999999998.png', '99999999999999999999.png']],
  ['capitals beside small letters', ['a.png', 'B.png', 'c.png', 'D.png']],
  ['accents beside their letter', ['eau.png', 'été.png', 'zoo.png']],
  ['folder by folder', ['1/10.png', '2/1.png', '10/2.png', '10/10.png']],
  ['a folder before a name that goes on', ['a/z.png', 'a b/a.png', 'a.png', 'ab.png']],
  ['a folder before its content', ['a', 'a/b', 'a/b/c']],
  ['absolute paths', ['/2/a.png', '/10/a.png', 'a.png']],
])('sorts %s', (_, sorted) => {
  expect(sortNaturally(sorted.toReversed(), String)).toEqual(sorted);
  expect(sortNaturally(sorted, String)).toEqual(sorted);
});

test.each([
  ['a.png', 'A.png'],
  ['1.png', '01.png'],
  ['\u00e9.png', 'e\u0301.png'],
  ['a\u0000.png', 'a.png'],
  ['x/1', 'x/01'],
])('%j and %j are never equal', (a, b) => {
  expect(sortNaturally([a, b], String)).toEqual(sortNaturally([b, a], String));
});

test('gives the same order for any input order', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'B', 'b', '0', '1', '9', '.', ' ', 'é', '/', '-'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 12 }),
      fc.func(fc.double({ noNaN: true })),
      (names, shuffle) => {
        const shuffled = names.toSorted((a, b) => shuffle(a) - shuffle(b));
        expect(sortNaturally(shuffled, String)).toEqual(sortNaturally(names, String));
      },
    ),
  );
});
