import { describe, expect, test } from 'vitest';
import {
  formatEdits,
  parseAspect,
  parseFrame,
  parseNamedEdits,
  parseTrim,
} from '../../../src/files/edits.ts';

describe('trim', () => {
  test.each([
    ['2.5', { kind: 'part', startMs: 2500, endMs: undefined }],
    ['0', { kind: 'part', startMs: 0, endMs: undefined }],
    ['3-10', { kind: 'part', startMs: 3000, endMs: 10_000 }],
    ['1:20-1:30', { kind: 'part', startMs: 80_000, endMs: 90_000 }],
    ['1:00:02.25-1:00:05', { kind: 'part', startMs: 3_602_250, endMs: 3_605_000 }],
    ['59-1:01', { kind: 'part', startMs: 59_000, endMs: 61_000 }],
    ['90-100', { kind: 'part', startMs: 90_000, endMs: 100_000 }],
    ['2.3', { kind: 'part', startMs: 2300, endMs: undefined }],
    ['-5', { kind: 'tail', lengthMs: 5000 }],
    ['-1:05.5', { kind: 'tail', lengthMs: 65_500 }],
  ])('reads %s', (text, trim) => {
    expect(parseTrim(text, '--trim')).toEqual(trim);
  });

  test.each([
    ['', /use 2\.5/],
    ['abc', /use 2\.5/],
    ['3-', /use 2\.5/],
    ['-', /use 2\.5/],
    ['--5', /use 2\.5/],
    ['1-2-3', /use 2\.5/],
    ['1e3', /use 2\.5/],
    ['.5', /use 2\.5/],
    ['3 - 4', /use 2\.5/],
    ['1:60', /use 2\.5/],
    ['1:99-2:00', /use 2\.5/],
    ['1:2:3:4', /use 2\.5/],
    ['-0', /use a time above zero/],
    ['10-3', /end must come after the start/],
    ['3-3', /end must come after the start/],
  ])('refuses %j', (text, message) => {
    expect(() => parseTrim(text, '--trim')).toThrow(message);
  });
});

describe('frame', () => {
  test.each([
    ['first', 'first'],
    ['last', 'last'],
    ['0', { atMs: 0 }],
    ['2.516', { atMs: 2516 }],
    ['1:20', { atMs: 80_000 }],
  ])('reads %s', (text, frame) => {
    expect(parseFrame(text, '--frame')).toEqual(frame);
  });

  test.each(['', 'middle', 'First', '-1', '2s', '1:75'])('refuses %j', (text) => {
    expect(() => parseFrame(text, '--frame')).toThrow(/use first, last, or a time/);
  });
});

describe('aspect', () => {
  test.each([
    ['16:9', { width: 16, height: 9 }],
    ['2.39:1', { width: 2.39, height: 1 }],
    ['1:1', { width: 1, height: 1 }],
  ])('reads %s', (text, aspect) => {
    expect(parseAspect(text, '--aspect')).toEqual(aspect);
  });

  test.each([
    ['0:1', /above zero/],
    ['1:0', /above zero/],
    ['0:0', /above zero/],
    ['0.0:1', /above zero/],
    ['16x9', /two numbers/],
    ['16/9', /two numbers/],
    ['16:', /two numbers/],
    ['-16:9', /two numbers/],
    ['16:9:1', /two numbers/],
    ['Infinity:1', /two numbers/],
    ['1:1000', /100 times/],
    [`${'9'.repeat(400)}:${'9'.repeat(400)}`, /100 times/],
  ])('refuses %j', (text, message) => {
    expect(() => parseAspect(text, '--aspect')).toThrow(message);
  });
});

describe('edits after a name', () => {
  test.each([
    ['clip.mp4#frame=last', 'clip.mp4', { frame: 'last' }],
    [
      'a/b c.mp4#trim=3-8&aspect=16:9&frame=last',
      'a/b c.mp4',
      { trim: { kind: 'part', startMs: 3000, endMs: 8000 }, aspect: { width: 16, height: 9 }, frame: 'last' },
    ],
    ['take#2.mp4#trim=-5', 'take#2.mp4', { trim: { kind: 'tail', lengthMs: 5000 } }],
    ['new\nline.mp4#frame=1.5', 'new\nline.mp4', { frame: { atMs: 1500 } }],
  ])('are read from %j', (name, path, edits) => {
    expect(parseNamedEdits(name)).toEqual({ path, edits });
  });

  test.each(['clip.mp4', 'take#2.mp4', 'clip.mp4#', '#frame=last', 'clip.mp4#speed=2', 'clip.mp4#frame'])(
    'are not found in %j',
    (name) => {
      expect(parseNamedEdits(name)).toBeUndefined();
    },
  );

  test.each([
    ['clip.mp4#frame=middle', /use first, last/],
    ['clip.mp4#trim=', /use 2\.5/],
    ['clip.mp4#trim=1-2&speed=2', /"speed".*not known/],
    ['clip.mp4#trim=1-2&', /"" after "clip.mp4#" is not known/],
    ['clip.mp4#trim=1-2&trim=3-4', /"trim" is given twice/],
    ['clip.mp4#trim=1-2&constructor=1', /"constructor".*not known/],
    ['clip.mp4#aspect=1=2', /two numbers/],
  ])('are refused in %j', (name, message) => {
    expect(() => parseNamedEdits(name)).toThrow(message);
  });
});

test.each([
  ['trim=3-8&frame=last&aspect=16:9', 'x#aspect=16:9&frame=last&trim=3-8'],
  ['trim=2.5', 'x#trim=0:02.50'],
  ['trim=-5', 'x#trim=-5.0'],
  ['frame=1.25', 'x#frame=1.250'],
])('equal edits have the same text: %s', (text, name) => {
  expect(formatEdits(parseNamedEdits(name)!.edits)).toBe(text);
});
