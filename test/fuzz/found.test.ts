import { expect, it } from 'vitest';
import { readBody } from '../../src/client/body.ts';
import { spellingsOf } from '../../src/secrets.ts';

// What fuzzing found, as fixed cases.

it.each(['constructor', '__proto__'])(
  'a content coding of the name %s, which every object has, is one that nobody knows',
  async (encoding) => {
    const body = (async function* () {
      yield Buffer.from('{}');
    })();
    expect(await readBody(body, encoding)).toEqual({ text: '{}', ending: 'whole' });
  },
);

it.each([
  String.raw`{"error":"{\"authorization\":\"Bearer us\\u0065r:1-a\"}"}`,
  String.raw`\\u0075\\u0073\\u0065\\u0072\\u003a\\u0031\\u002d\\u0061`,
  String.raw`us\\\\u0065r:1-a`,
  'user%253A1-a',
  '%252575ser:1-a',
])('a token that is escaped more than once is not shown: %s', (text) => {
  expect(text.replace(spellingsOf('user:1-a'), '[token]')).toMatch(/^[^1]*\[token\][^1]*$/);
});

it('a token with backslashes is looked for in no time', () => {
  const token = `${'\\'.repeat(40)}x`;
  expect('\\'.repeat(100_000).replace(spellingsOf(token), '')).toBe('\\'.repeat(100_000));
  expect(JSON.stringify(`"${token}"`).replace(spellingsOf(token), '')).not.toContain('x');
});
