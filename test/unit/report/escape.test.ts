import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeCharacters, escapeUnsafe, formatJson } from '../../../src/report/escape.ts';
import { anyCharacter } from '../../harness/any-character.ts';

test.each([
  ['', ''],
  ['shot 1.png', 'shot 1.png'],
  ['ünï çødé 图片 🌅', 'ünï çødé 图片 🌅'],
  ['שלום مرحبا', 'שלום مرحبا'],
  ['e\u0301', 'e\u0301'],
  ['\u00a0', '\u00a0'],
  ['C:\\temp\\new.png', 'C:\\temp\\new.png'],
  ['a\tb\nc\rd', 'a\\tb\\nc\\rd'],
  ['\0', '\\x00'],
  ['\b\v\f', '\\x08\\x0b\\x0c'],
  ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
  ['\u007f', '\\x7f'],
  ['\u0080\u0085\u009b2J\u009f', '\\x80\\x85\\x9b2J\\x9f'],
  ['soft\u00adhyphen', 'soft\\xadhyphen'],
  ['\u061c', '\\u{61c}'],
  ['\u180e', '\\u{180e}'],
  ['\u200b\u200c\u200d\u200e\u200f', '\\u{200b}\\u{200c}\\u{200d}\\u{200e}\\u{200f}'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
  ['\u202a\u202b\u202c\u202d', '\\u{202a}\\u{202b}\\u{202c}\\u{202d}'],
  ['\u2060\u2064', '\\u{2060}\\u{2064}'],
  ['\u2066\u2067\u2068\u2069', '\\u{2066}\\u{2067}\\u{2068}\\u{2069}'],
  ['\ufeff', '\\u{feff}'],
  ['\ufff9\ufffb', '\\u{fff9}\\u{fffb}'],
  ['\u{e0001}\u{e0041}\u{e007f}', '\\u{e0001}\\u{e0041}\\u{e007f}'],
  ['\ud800', '\\u{d800}'],
  ['\udc00a', '\\u{dc00}a'],
  ['\ud83c\udf05', '🌅'],
  ['::set-output name=r::x', '\\x3a:set-output name=r::x'],
  [' \u00a0::error::x', ' \u00a0\\x3a:error::x'],
  ['\t::error::x', '\\t::error::x'],
  ['a::b', 'a::b'],
  ['x ##[error]x', 'x \\x23#[error]x'],
  ['###[debug]##[group]', '#\\x23#[debug]\\x23#[group]'],
  ['##vso[task.setvariable variable=a]b', '\\x23#vso[task.setvariable variable=a]b'],
  ['##teamcity[message]', '\\x23#teamcity[message]'],
  ['# [1] ## [2] #[3]', '# [1] ## [2] #[3]'],
])('%j becomes %j', (text, expected) => {
  expect(escapeUnsafe(text)).toBe(expected);
});

const anyText = fc.string({ unit: anyCharacter });

test('commands to CI runners stay unescaped where there is no runner', () => {
  expect(escapeCharacters('::a ##[b]\u001b\u202e')).toBe('::a ##[b]\\x1b\\u{202e}');
});

test.each([
  ['\u0080\u009b\u007f', '"\\u0080\\u009b\\u007f"'],
  ['a\u202egnp\u200b\u2028\u2029\ufeff', '"a\\u202egnp\\u200b\\u2028\\u2029\\ufeff"'],
  ['\u{e0001}\ud800', '"\\udb40\\udc01\\ud800"'],
  ['ünï 图片 🌅', '"ünï 图片 🌅"'],
  ['::a', '"::a"'],
  ['\\##[b]', '"\\\\\\u0023#[b]"'],
  [{ a: ['\u009b', 1] }, '{"a":["\\u009b",1]}'],
])('%j as JSON is %s', (value, expected) => {
  expect(formatJson(value)).toBe(expected);
});

test('JSON may be indented', () => {
  expect(formatJson({ 'a\n': '\u0085' }, 2)).toBe('{\n  "a\\n": "\\u0085"\n}');
});

test('any data becomes JSON with the same data, which is safe to print', () => {
  fc.assert(
    fc.property(
      fc.dictionary(anyText, fc.oneof(anyText, fc.integer())),
      fc.constantFrom(undefined, 2),
      (value, indent) => {
        const json = formatJson(value, indent);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        for (const line of json.split('\n')) {
          expect(escapeUnsafe(line)).toBe(line);
        }
      },
    ),
  );
});

test('any text becomes one printable line, and escaping it again changes nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const escaped = escapeUnsafe(text);
      expect(escaped).not.toMatch(
        /[\p{Control}\p{Surrogate}\p{Bidi_Control}\p{Line_Separator}\p{Paragraph_Separator}]/u,
      );
      expect(escapeUnsafe(escaped)).toBe(escaped);
    }),
    { numRuns: 1000 },
  );
});

test('safe text stays unchanged', () => {
  fc.assert(fc.property(fc.string(), (text) => escapeUnsafe(text) === text));
});
