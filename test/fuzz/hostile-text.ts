import fc from 'fast-check';
import { anyCharacter } from '../harness/any-character.ts';

/** The token of every run that has one. No other text here contains its tail. */
export const token = 'user:1234-ZqXw9Kd7Lm3sVb';

/** A secret for the address of a proxy. */
export const proxyPassword = 'Hn5TgRb2Yc8uPw';

/** Secrets that no output may contain in any spelling. */
export const secrets = ['ZqXw9Kd7Lm3sVb', proxyPassword] as const;

/** The token as a server may echo it: each character as it is, percent-encoded or escaped as in JSON. */
export const spelledToken: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 4 }).map((way) => Array.from(token, () => way)),
    fc.array(fc.integer({ min: 0, max: 4 }), { minLength: token.length, maxLength: token.length }),
  )
  .map((ways) => Array.from(token, (character, i) => spell(character, ways[i]!)).join(''));

function spell(character: string, way: number): string {
  const code = character.charCodeAt(0).toString(16).padStart(2, '0');
  return [character, `%${code}`, `%${code.toUpperCase()}`, `\\u00${code}`, `\\u00${code.toUpperCase()}`][
    way
  ]!;
}

/** Text that moves a cursor, hides text, ends a line or a string, or is special to JavaScript or a URL. */
const snippets = [
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u009b2J',
  '\u0085',
  '\0',
  '\r',
  '\n',
  '\t',
  '\u007f',
  '\u00ad',
  '\u200b',
  '\u202e',
  '\u2028',
  '\u2066',
  '\ufeff',
  '\u{e0041}',
  '\ud800',
  '\udc00',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '%00',
  '%ff',
  '\\u0000',
  '\\',
  '"',
  "'",
  '<script>',
  '&#0;',
  '$import',
  'NaN',
  '1e999',
  '-1',
  '0',
  '::error::',
];

/** Text as a hostile file, server or person may write it, without any secret. */
export const hostileText: fc.Arbitrary<string> = textOf([]);

/** The same, perhaps with the token. */
export const textWithToken: fc.Arbitrary<string> = textOf([spelledToken]);

function textOf(more: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .array(
          fc.oneof(
            fc.string({ unit: anyCharacter, maxLength: 12 }),
            fc.string({ maxLength: 12 }),
            fc.constantFrom(...snippets),
            ...more,
          ),
          { maxLength: 6 },
        )
        .map((pieces) => pieces.join('')),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('x', '9', '[', '\\', '\u202e', '😀', 'a*'), fc.integer({ max: 3000, min: 1 }))
        .map(([unit, times]) => unit.repeat(times)),
    },
  );
}

/** Any JSON value whose texts are hostile. */
export function jsonOf(text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      fc.double(),
      fc.integer(),
      fc.constantFrom(null, true, false, 0, -1, 1e300, Number.MAX_SAFE_INTEGER),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  })).value;
}

/** A few of the properties: a wrong one often hides the effect of the others. */
export function fewOf(
  properties: Readonly<Record<string, fc.Arbitrary<string>>>,
  most: number,
): fc.Arbitrary<Record<string, string>> {
  return fc
    .subarray(Object.keys(properties), { maxLength: most })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, properties[name]!]))));
}

/** Bytes with some of them replaced, put in or taken out. */
export function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const wound = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.integer({ min: 0, max: 8 }),
    added: fc.uint8Array({ maxLength: 6 }),
  });
  return fc.tuple(bytes, fc.array(wound, { maxLength: 3 })).map(([whole, wounds]) =>
    wounds.reduce((before, { at, removed, added }) => {
      const start = Math.floor(at * before.length);
      return Buffer.concat([before.subarray(0, start), added, before.subarray(start + removed)]);
    }, Buffer.from(whole)),
  );
}
