import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { expandBraces, PatternTooLarge } from '../../../src/files/expand-braces.ts';

it.each<[text: string, words: readonly string[]]>([
  ['a', ['a']],
  ['{a,b}', ['a', 'b']],
  ['x{a,b}y{1,2}', ['xay1', 'xay2', 'xby1', 'xby2']],
  ['{x}', ['{x}']],
  ['{}', ['{}']],
  ['{x}a,b}', ['x}a', 'b']],
  ['{a,b', ['{a,b']],
  ['{a,{b,c}', ['{a,b', '{a,c']],
  ['{{a,b}}', ['{a}', '{b}']],
  ['{a,{b,{c,d}}}', ['a', 'b', 'c', 'd']],
  ['{,a}x', ['x', 'ax']],
  ['\\{a,b}', ['\\{a,b}']],
  ['{a\\,b,c}', ['a\\,b', 'c']],
  ['{1..3}', ['1', '2', '3']],
  ['{3..1..2}', ['3', '1']],
  ['{01..3}', ['01', '02', '03']],
  ['{-01..1}', ['-01', '000', '001']],
  ['{a..e..2}', ['a', 'c', 'e']],
  ['{1..a}', ['{1..a}']],
  ['{1..a}{b,c}', ['{1..a}b', '{1..a}c']],
])('expands %s', (text, words) => {
  expect(expandBraces(text)).toEqual(words);
});

it('expands what bash expands', () => {
  const pieces = ['{', '{', '}', '}', ',', ',', 'a', 'b', '1', '03', '..', '-', '\\'];
  const text = fc
    .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 })
    .map((parts) => parts.join(''));
  // A word that ends in a backslash includes the next word.
  const cases = fc.sample(text, { seed: 1, numRuns: 1500 }).filter((it) => !it.endsWith('\\'));
  const script = cases.map((it) => `for word in -${it}; do printf '%s ' "$word"; done; echo`).join('\n');
  const answers = execFileSync('bash', { input: `${script}\n` })
    .toString()
    .split('\n');
  const plain = (word: string) => word.replace(/\\(.)/g, '$1');
  expect(
    cases.map((it) => [
      it,
      expandBraces(`-${it}`)
        .map((word) => `${plain(word)} `)
        .join(''),
    ]),
  ).toEqual(cases.map((it, i) => [it, answers[i]]));
});

it.each([
  ['2^100 words', '{a,b}'.repeat(100)],
  ['a long range', '{1..100000}'],
  ['two ranges', '{1..300}{1..300}'],
  ['long words', `{${'a'.repeat(3000)},${'b'.repeat(3000)}}`.repeat(2) + '{1..500}'.repeat(2)],
  ['braces in braces, 1000 times', '{a,'.repeat(1000) + '}'.repeat(1000)],
])('refuses %s', (_, text) => {
  expect(() => expandBraces(text)).toThrow(PatternTooLarge);
});

it.each([['{'], ['}'], ['{a,']])(
  'does not take long for many repetitions of %s',
  { timeout: 5000 },
  (text) => {
    expect(expandBraces(text.repeat(2000))).toEqual([text.repeat(2000)]);
  },
);
