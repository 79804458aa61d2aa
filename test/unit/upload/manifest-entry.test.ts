import { describe, expect, it } from 'vitest';
import { formatEntry, type ManifestEntry, parseLine } from '../../../src/upload/manifest-entry.ts';

function entry(digit: string): ManifestEntry {
  return {
    sha256: digit.repeat(64),
    account: 'US:name@example.com',
    endpoint: 'sandbox',
    type: 'image',
    assetRef: `US:name@example.com-image:w1:h1:s1-uri:x/${digit}`,
    imageRef: `US:name@example.com-image:w1:h1:s1-uri:x/${digit}`,
    size: 1,
    contentType: 'image/png',
    uploadedAt: '2026-11-24T00:00:00.000Z',
  };
}

const [a, b] = [entry('a'), entry('b')];
const [lineA, lineB] = [a, b].map((it) => formatEntry(it).trimEnd()) as [string, string];
const nul = '\0'.repeat(5);

describe('parseLine', () => {
  it.each<[string, string, ManifestEntry[]]>([
    ['an entry', lineA, [a]],
    ['an entry with a carriage return', `${lineA}\r`, [a]],
    ['a blank line', ' ', []],
    ['a torn line with a whole one after it', lineA.slice(0, 40) + lineB, [b]],
    ['a line torn in its first bytes with a whole one after it', lineA.slice(0, 4) + lineB, [b]],
    ['two entries without a newline between them', lineA + lineB, [a, b]],
    ['NUL bytes', nul, []],
    ['an entry after NUL bytes', nul + lineA, [a]],
    ['an entry before NUL bytes', lineA + nul, [a]],
    ['entries around NUL bytes', lineA + nul + lineB, [a, b]],
    ['the end of a line after NUL bytes', nul + lineA.slice(50), []],
    ['a line with a gap', lineA.slice(0, 30) + nul + lineA.slice(60), []],
    ['a line with two gaps', `${lineA.slice(0, 30)}${nul}${lineA.slice(60, 70)}${nul}${lineA.slice(90)}`, []],
    ['a line that continues into another', lineA.slice(0, 90) + nul + lineB.slice(20), []],
  ])('reads %s', (_what, line, entries) => {
    expect(parseLine(line)).toEqual(entries);
  });

  it.each([
    ['JSON in UTF-16', Buffer.from('{"a":1}', 'utf16le').toString('latin1')],
    ['a manifest in UTF-16', Buffer.from(lineA, 'utf16le').toString('latin1')],
    ['text with a NUL byte', 'hello\0world}'],
  ])('does not take %s for remains of lines', (_what, line) => {
    expect(parseLine(line)).toBeUndefined();
  });

  it('skips a line that is torn at any place, even with NUL bytes after it', () => {
    for (let length = 0; length < lineA.length; length += 1) {
      expect(parseLine(lineA.slice(0, length))).toEqual([]);
      expect(parseLine(lineA.slice(0, length) + nul)).toEqual([]);
    }
  });

  it.each([
    'notes',
    '[]',
    '{}',
    '{"imageRef":"US:a@b.c-image"}',
    '{"sha256":"abc","imageRef":5}',
    '{"sha25","x":1}',
    '  "name": "x",',
    `${nul}notes`,
    `notes${nul}`,
    `notes${lineA}`,
    `${nul}{"sha256":"abc"}`,
    JSON.stringify({ ...a, contentType: 'image/gif' }),
  ])('refuses %j', (line) => {
    expect(parseLine(line)).toBeUndefined();
  });
});
