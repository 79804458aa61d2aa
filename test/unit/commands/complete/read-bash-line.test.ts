import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readBashLine } from '../../../../src/commands/complete/read-bash-line.ts';
import { anyCharacter } from '../../../harness/any-character.ts';

it.each<[line: string, words: readonly string[], current: string]>([
  ['dreamina ', [], ''],
  ['dreamina up', [], 'up'],
  ['dreamina  upload\t', ['upload'], ''],
  ['dreamina upload --format=js', ['upload'], '--format=js'],
  ['dreamina upload -a US:a@b', ['upload', '-a'], 'US:a@b'],
  ['dreamina upload my\\ shot', ['upload'], 'my shot'],
  ['dreamina upload my\\ ', ['upload'], 'my '],
  ['dreamina upload my\\', ['upload'], 'my'],
  ['dreamina upload "my ', ['upload'], 'my '],
  ["dreamina upload 'it is", ['upload'], 'it is'],
  ['dreamina upload "a b" ', ['upload', 'a b'], ''],
  [`dreamina upload 'a'"b"\\c `, ['upload', 'abc'], ''],
  ['dreamina upload "a\\"b\\c" ', ['upload', 'a"b\\c'], ''],
  ["dreamina upload 'a\\' ", ['upload', 'a\\'], ''],
  ['~/bin/dreamina upload ', ['upload'], ''],
  ["'/my programs/dreamina' upload ", ['upload'], ''],
  ['dreamina upload >refs 2>&1 a.png ', ['upload', 'a.png'], ''],
  ['dreamina upload > refs 2>> log a.png ', ['upload', 'a.png'], ''],
])('splits the line %s', (line, words, current) => {
  expect(readBashLine(line, '')).toMatchObject({ words, current, isRedirection: false });
});

it.each([
  ['dreamina upload > ', true],
  ['dreamina upload >re', true],
  ['dreamina upload 2> re', true],
  ['dreamina upload &> re', true],
  ['dreamina upload < re', true],
  ['dreamina upload > refs re', false],
  ['dreamina upload ">"', false],
  ['dreamina upload a\\>', false],
])('whether %s completes the file of a redirection: %s', (line, isRedirection) => {
  expect(readBashLine(line, '').isRedirection).toBe(isRedirection);
});

it.each([
  ['dreamina upload --format=js', 'js', '--format='],
  ['dreamina upload --format=', '', '--format='],
  ['dreamina upload -a US:a', 'a', 'US:'],
  ['dreamina upload a\\ b:c', 'c', 'a b:'],
  ['dreamina upload "my', 'my', ''],
  ['dreamina upload "my', '"my', ''],
  ['dreamina upload my\\ s', 'my\\ s', ''],
  ['dreamina upload x', 'other', ''],
])('in %s, bash replaces %s and keeps %s', (line, replaced, kept) => {
  expect(readBashLine(line, replaced).kept).toBe(kept);
});

it.each([
  ['single quotes', (word: string) => `'${word.replaceAll("'", `'\\''`)}'`],
  ['double quotes', (word: string) => `"${word.replaceAll(/[$`"\\]/g, '\\$&')}"`],
  ['backslashes', (word: string) => word.replaceAll(/[\s\S]/gu, '\\$&')],
])('reads any word in %s', (_, quote) => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: anyCharacter })), (words) => {
      const line = `dreamina ${words.map((word) => `${quote(word)} `).join('')}`;
      expect(readBashLine(line, '')).toMatchObject({ words, current: '' });
    }),
  );
});
