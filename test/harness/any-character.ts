import fc from 'fast-check';

/**
 * A unit for `fc.string`: any character, and half of a pair. fast-check's own, `binary`, spends two seconds
 * of each process on a table of all characters.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0x2fff }), fc.integer({ min: 0, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
