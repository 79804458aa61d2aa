import { expect, test } from 'vitest';
import {
  errorWords,
  headerOf,
  parseObject,
  serverWords,
  shorten,
  textOf,
} from '../../../src/client/answer.ts';

const unchanged = (text: string) => text;

test.each([
  ['{"a": 1}', { a: 1 }],
  ['\ufeff {"a": 1}\n', { a: 1 }],
])('%j is the object %j', (text, fields) => {
  expect(parseObject(text)).toEqual(fields);
});

test.each([['[1]'], ['null'], ['"a"'], ['{'], ['']])('%j is not an object', (text) => {
  expect(parseObject(text)).toBeUndefined();
});

test('a text is trimmed', () => {
  expect(textOf(' a b\n')).toBe('a b');
});

test('a text has 1 to 400 characters', () => {
  expect(textOf('x'.repeat(400))).toBe('x'.repeat(400));
  expect(textOf(` ${'x'.repeat(400)} `)).toBe('x'.repeat(400));
  expect(textOf('x'.repeat(401))).toBeUndefined();
  expect(textOf(' ')).toBeUndefined();
});

test('a number is not a text', () => {
  expect(textOf(7)).toBeUndefined();
});

test('the message of a server is its error, trimmed and redacted', () => {
  const redact = (text: string) => text.replace('s3cret', '[token]');
  expect(serverWords({ error: ' no s3cret ' }, redact)).toBe('no [token]');
  expect(serverWords({ error: ' ' }, redact)).toBeUndefined();
  expect(serverWords({ error: { message: ' no s3cret ' } }, redact)).toBe('no [token]');
  expect(serverWords({ error: { code: 7 }, message: 'no' }, redact)).toBeUndefined();
  expect(errorWords({ error: ['no'], message: 7 }, redact)).toBeUndefined();
  expect(errorWords(undefined, redact)).toBeUndefined();
  expect(serverWords(undefined, redact)).toBeUndefined();
});

test.each([
  [{ error: { message: 'no s3cret' } }],
  [{ error: '', message: 'no s3cret' }],
  [{ detail: 'no s3cret' }],
  [{ error: 'no s3cret', message: 'other', detail: 'other' }],
])('the message of an error is found in %j', (body) => {
  expect(errorWords(body, (text) => text.replace('s3cret', '[token]'))).toBe('no [token]');
});

test('only the first value of a repeated header counts', () => {
  expect(headerOf({ date: ['a', 'b'] }, 'date')).toBe('a');
  expect(headerOf({ date: 'a' }, 'date')).toBe('a');
  expect(headerOf({}, 'date')).toBeUndefined();
});

test.each([
  ['x'.repeat(300), 'x'.repeat(300)],
  ['x'.repeat(301), `${'x'.repeat(299)}…`],
  // A pair of surrogates is not split.
  [`${'x'.repeat(298)}😀x`, `${'x'.repeat(298)}…`],
])('a text of more than 300 characters is cut (%#)', (text, shown) => {
  expect(shorten(text, unchanged)).toBe(shown);
});

test('a text is redacted before it is cut, and an endless one is not redacted as a whole', () => {
  const secret = 's3cret'.repeat(20);
  const given: number[] = [];
  const redact = (text: string) => {
    given.push(text.length);
    return text.replaceAll(secret, '[token]');
  };
  expect(shorten(`${'x'.repeat(290)}${secret}`, redact)).toBe(`${'x'.repeat(290)}[token]`);
  shorten('x'.repeat(1_000_000), redact);
  expect(given).toEqual([410, 30_000]);
});
