import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type ContentType,
  contentTypes,
  matchesContentType,
  measure,
} from '../../../../src/sandbox/media/formats.ts';
import { clip, clips } from '../../../fixtures.ts';

type Name = Parameters<typeof clip>[0];

const typesOf: Readonly<Record<Name, readonly ContentType[]>> = {
  'clip.mov': ['video/quicktime'],
  'clip.mp4': ['video/mp4', 'audio/mp4'],
  'clip.webm': ['video/webm'],
  'tone.aac': ['audio/aac'],
  'tone.m4a': ['video/mp4', 'audio/mp4'],
  'tone.mp3': ['audio/mpeg', 'audio/mp3'],
  'tone.wav': ['audio/wav'],
};

/** A copy of a clip that may be changed, with functions that find places in it. */
function copyOf(name: Name) {
  const { file, contentType } = clip(name);
  const bytes = Buffer.from(readFileSync(file));
  return {
    bytes,
    /** Where the name of a box of that type, or another search text, ends. */
    endOf: (text: string | Buffer, from = 0) => bytes.indexOf(text, from) + text.length,
    measured: (of: Buffer = bytes) => measure(of, contentType as ContentType),
  };
}

describe.each(clips)('$name', ({ name, file, contentType, width, height, durationMs, type }) => {
  const bytes = readFileSync(file);

  test('matches the types of its container and no other', () => {
    expect(contentTypes.filter((other) => matchesContentType(bytes, other))).toEqual(typesOf[name as Name]);
  });

  test('has its duration and sides', () => {
    const measures = measure(bytes, contentType as ContentType);
    expect(measures?.durationMs).toBeCloseTo(durationMs, -1);
    expect(measures?.sides).toEqual(type === 'video' ? { width, height } : undefined);
  });

  test('is damaged, or shorter, if it is truncated', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const measures = measure(bytes.subarray(0, bytes.length * share), contentType as ContentType);
      const isStream = name === 'tone.mp3' || name === 'tone.aac';
      expect(measures?.durationMs ?? 0, `${share}`).toBeLessThanOrEqual(isStream ? durationMs * share : 0);
    }
  });

  test('never loops on random bytes in its structure', () => {
    const hostile = Buffer.from(bytes);
    // In an ISO base media file, the media are before the structure.
    const start = Math.max(0, bytes.indexOf('moov'));
    for (let at = start; at < Math.min(bytes.length, start + 2000); at += 5) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
        hostile.fill(value, at, at + 4);
        measure(hostile, contentType as ContentType);
      }
      bytes.copy(hostile, at, at, at + 4);
    }
  });
});

describe('an MP4', () => {
  test.each([
    [90, [0, 1, -1, 0], { width: 208, height: 224 }],
    [180, [-1, 0, 0, -1], { width: 224, height: 208 }],
    [270, [0, -1, 1, 0], { width: 208, height: 224 }],
  ])('rotated by %i° has its displayed sides', (_degrees, [a, b, c, d], sides) => {
    const { bytes, endOf, measured } = copyOf('clip.mp4');
    const matrix = endOf('tkhd') + 40;
    for (const [place, value] of [
      [0, a],
      [4, b],
      [12, c],
      [16, d],
    ] as const) {
      bytes.writeInt32BE(value! * 0x10000, matrix + place);
    }
    expect(measured()).toMatchObject({ sides });
  });

  test('without square pixels has its displayed sides', () => {
    const { bytes, endOf, measured } = copyOf('clip.mp4');
    bytes.writeUInt32BE(3, endOf('pasp'));
    bytes.writeUInt32BE(2, endOf('pasp') + 4);
    expect(measured()).toMatchObject({ sides: { width: 336, height: 208 } });
    bytes.writeUInt32BE(1, endOf('pasp'));
    expect(measured()).toMatchObject({ sides: { width: 224, height: 416 } });
  });

  test('has the duration of its edit lists, not of its headers', () => {
    const { bytes, endOf, measured } = copyOf('clip.mp4');
    bytes.writeUInt32BE(60_000, endOf('mvhd') + 16);
    expect(measured()?.durationMs).toBeCloseTo(2500, -1);
    let at = endOf('elst');
    bytes.writeUInt32BE(2100, at + 8);
    at = endOf('elst', at);
    bytes.writeUInt32BE(2000, at + 8);
    expect(measured()?.durationMs).toBeCloseTo(2100, -1);
  });

  test('cannot be longer than its samples, whatever its edit list says', () => {
    const { bytes, endOf, measured } = copyOf('clip.mp4');
    bytes.writeUInt32BE(60_000, endOf('elst') + 8);
    expect(measured()?.durationMs).toBeCloseTo(2500, -1);
  });

  test('has no video track if that is of another kind', () => {
    const { bytes, endOf, measured } = copyOf('clip.mp4');
    bytes.write('meta', endOf('hdlr') + 8);
    expect(measured()).toEqual({ sides: undefined, durationMs: expect.closeTo(2500, -1) });
  });

  test.each<[string, (copy: ReturnType<typeof copyOf>) => void]>([
    ['no moov', ({ bytes, endOf }) => bytes.write('free', endOf('moov') - 4)],
    ['no mdat', ({ bytes, endOf }) => bytes.write('free', endOf('mdat') - 4)],
    ['chunks after its end', ({ bytes, endOf }) => bytes.writeUInt32BE(0x7fffffff, endOf('stco') + 8)],
    ['samples after its end', ({ bytes, endOf }) => bytes.writeUInt32BE(0x00ffffff, endOf('stsz') + 12)],
    ['a table longer than its box', ({ bytes, endOf }) => bytes.writeUInt32BE(0xffffffff, endOf('stts') + 4)],
    ['a timescale of zero', ({ bytes, endOf }) => bytes.writeUInt32BE(0, endOf('mdhd') + 12)],
    ['a box of size 0 in a box', ({ bytes, endOf }) => bytes.writeUInt32BE(0, endOf('trak') - 8)],
    ['a box of size 4 in a box', ({ bytes, endOf }) => bytes.writeUInt32BE(4, endOf('trak') - 8)],
    ['a box longer than its parent', ({ bytes, endOf }) => bytes.writeUInt32BE(0xffffff, endOf('trak') - 8)],
  ])('with %s is damaged', (_what, change) => {
    const copy = copyOf('clip.mp4');
    change(copy);
    expect(copy.measured()).toBeUndefined();
  });

  test('may have a last box without a size, or of a size in 64 bits', () => {
    const { bytes, measured } = copyOf('clip.mp4');
    expect(measured(Buffer.concat([bytes, Buffer.from('0000000066726565aabb', 'hex')]))).toBeDefined();
    const long = Buffer.from('00000001667265650000000000000014aabbccdd', 'hex');
    expect(measured(Buffer.concat([bytes, long]))).toBeDefined();
  });

  const brand = (text: string) => Buffer.from(`\0\0\0\x10ftyp${text}\0\0\0\0`, 'latin1');

  test.each(['heic', 'mif1', 'avif', 'crx '])('of the brand %s is a still image', (name) => {
    expect(contentTypes.filter((type) => matchesContentType(brand(name), type))).toEqual([]);
  });

  test('without a brand is a QuickTime movie', () => {
    const { bytes } = copyOf('clip.mov');
    const bare = bytes.subarray(bytes.readUInt32BE(0));
    expect(contentTypes.filter((type) => matchesContentType(bare, type))).toEqual(['video/quicktime']);
  });
});

describe('a fragmented MP4', () => {
  const u32 = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => {
      bytes.writeInt32BE(value | 0, index * 4);
    });
    return bytes;
  };
  const box = (type: string, ...parts: Buffer[]): Buffer => {
    const payload = Buffer.concat(parts);
    return Buffer.concat([u32(payload.length + 8), Buffer.from(type, 'latin1'), payload]);
  };
  const entry = Buffer.alloc(78);
  entry.writeUInt16BE(640, 24);
  entry.writeUInt16BE(360, 26);
  const emptyTables = ['stts', 'stsc', 'stco'].map((type) => box(type, u32(0, 0)));
  const moov = box(
    'moov',
    box('mvhd', u32(0, 0, 0, 1000, 0)),
    box(
      'trak',
      box('tkhd', u32(1, 0, 0, 1), Buffer.alloc(24), u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 1, 0, 0)),
      box(
        'mdia',
        box('mdhd', u32(0, 0, 0, 100, 0)),
        box('hdlr', u32(0, 0), Buffer.from('vide')),
        box(
          'minf',
          box('stbl', box('stsd', u32(0, 1), box('avc1', entry)), ...emptyTables, box('stsz', u32(0, 0, 0))),
        ),
      ),
    ),
    box('mvex', box('trex', u32(0, 1, 1, 10, 5, 0))),
  );
  const ftyp = box('ftyp', Buffer.from('isom'), u32(0));
  const file = (...parts: Buffer[]) => measure(Buffer.concat([ftyp, moov, ...parts]), 'video/mp4');
  const moof = (time: number, ...truns: Buffer[]) =>
    box('moof', box('traf', box('tfhd', u32(0x020000, 1)), box('tfdt', u32(0, time)), ...truns));
  const mdat = box('mdat', Buffer.alloc(2000));

  test('has the duration of its fragments, with the defaults of its header', () => {
    const run = box('trun', u32(0, 30));
    expect(file(moof(0, run), mdat, moof(300, run), mdat)).toEqual({
      sides: { width: 640, height: 360 },
      durationMs: 6000,
    });
  });

  test('has the duration of its own samples, and of those that are shown last', () => {
    // Durations 10, 20, 30; the second sample is shown 50 later than it is decoded.
    const run = box('trun', u32(0x900, 3, 10, 0, 20, 50, 30, 0));
    expect(file(moof(200, run), mdat)?.durationMs).toBe(2800);
  });

  test('is damaged if samples lie beyond its end, or if a run is longer than its box', () => {
    expect(file(moof(0, box('trun', u32(0, 30))))).toBeUndefined();
    expect(file(moof(0, box('trun', u32(0, 0xffffffff))), mdat)).toBeUndefined();
    expect(file(moof(0, box('trun', u32(0x100, 0x7fffffff, 10))), mdat)).toBeUndefined();
  });

  test('without a fragment has no duration', () => {
    expect(file(mdat)?.durationMs).toBe(0);
  });
});

describe('a WebM', () => {
  const segmentId = Buffer.from('18538067', 'hex');
  const clusterId = Buffer.from('1f43b675', 'hex');
  const duration = Buffer.from('448988', 'hex');

  const live = () => {
    const copy = copyOf('clip.webm');
    const { bytes, endOf } = copy;
    Buffer.from('01ffffffffffffff', 'hex').copy(bytes, endOf(segmentId));
    const sizeAt = endOf(clusterId);
    const sizeBytes = Math.clz32(bytes[sizeAt]!) - 23;
    bytes.writeUIntBE(2 ** (7 * sizeBytes + 1) - 1, sizeAt, sizeBytes);
    // An empty element of the same length.
    Buffer.from('ec89', 'hex').copy(bytes, endOf(duration) - 3);
    return copy;
  };

  test('that is live has the duration of its blocks', () => {
    const { measured } = live();
    expect(Math.abs(measured()!.durationMs! - 2208)).toBeLessThan(50);
    expect(measured()?.sides).toEqual({ width: 240, height: 208 });
  });

  test('that is live may end anywhere between two blocks', () => {
    const { bytes, measured } = live();
    const cut = bytes.lastIndexOf(0xa3);
    const blocks = [...Array(bytes.length).keys()].filter((at) => bytes[at] === 0xa3 && at < cut);
    const lengths = blocks.map((at) => measured(bytes.subarray(0, at))?.durationMs).filter((ms) => ms);
    expect(Math.max(...lengths.map((ms) => ms!))).toBeLessThan(2250);
    expect(Math.min(...lengths.map((ms) => ms!))).toBeLessThan(500);
  });

  test('has the duration of its header, unless its blocks last longer', () => {
    const { bytes, endOf, measured } = copyOf('clip.webm');
    bytes.writeDoubleBE(15_400, endOf(duration));
    expect(measured()?.durationMs).toBe(15_400);
    bytes.writeDoubleBE(10, endOf(duration));
    expect(measured()?.durationMs).toBe(2201);
    bytes.writeDoubleBE(Number.NaN, endOf(duration));
    expect(measured()).toBeUndefined();
  });

  test('without a cluster is damaged', () => {
    const { bytes, measured } = live();
    expect(measured(bytes.subarray(0, bytes.indexOf(clusterId)))).toBeUndefined();
  });

  test('does not match Matroska', () => {
    const { bytes } = copyOf('clip.webm');
    bytes.write('mkvs', bytes.indexOf('webm'));
    expect(matchesContentType(bytes, 'video/webm')).toBe(false);
  });

  test('followed by noise is damaged', () => {
    const { bytes, measured } = copyOf('clip.webm');
    const at = bytes.indexOf(segmentId);
    for (const fill of [0x00, 0x01, 0x40, 0x80, 0xec, 0xff]) {
      expect(measured(Buffer.concat([bytes.subarray(0, at), Buffer.alloc(100_000, fill)]))).toBeUndefined();
    }
  });
});

describe('a WAV', () => {
  const format = (tag: number, bytesPerSecond = 16_000) => {
    const fmt = Buffer.alloc(24);
    fmt.write('fmt ');
    fmt.writeUInt32LE(16, 4);
    fmt.writeUInt16LE(tag, 8);
    fmt.writeUInt16LE(1, 10);
    fmt.writeUInt32LE(8000, 12);
    fmt.writeUInt32LE(bytesPerSecond, 16);
    fmt.writeUInt16LE(2, 20);
    fmt.writeUInt16LE(16, 22);
    return fmt;
  };
  const chunk = (name: string, size: number, content = Buffer.alloc(size)) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(size, 4);
    return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
  };
  const samples = Buffer.alloc(40_000);
  const wav = (head: string, ...chunks: Buffer[]) =>
    measure(Buffer.concat([Buffer.from(`${head}\xff\xff\xff\xffWAVE`, 'latin1'), ...chunks]), 'audio/wav');
  const ds64 = Buffer.alloc(28);
  ds64.writeBigUInt64LE(40_000n, 8);
  const fact = Buffer.alloc(4);
  fact.writeUInt32LE(24_000);

  test.each<[string, number | undefined, ReturnType<typeof measure>]>([
    ['PCM', 2500, wav('RIFF', format(1), chunk('data', 40_000))],
    ['floating point', 2500, wav('RIFF', format(3), chunk('data', 40_000))],
    ['the extensible format', 2500, wav('RIFF', format(0xfffe), chunk('data', 40_000))],
    ['a wrong number of bytes a second', 2500, wav('RIFF', format(1, 1), chunk('data', 40_000))],
    [
      'chunks around its data',
      2500,
      wav('RIFF', chunk('LIST', 27), format(1), chunk('data', 40_000), chunk('x', 9)),
    ],
    ['RF64', 2500, wav('RF64', chunk('ds64', 28, ds64), format(1), chunk('data', 0xffffffff, samples))],
    ['BW64', 2500, wav('BW64', chunk('ds64', 28, ds64), format(1), chunk('data', 0xffffffff, samples))],
    ['data of unknown size', 2500, wav('RIFF', format(1), chunk('data', 0xffffffff, samples))],
    ['data of size 0', 2500, wav('RIFF', format(1), chunk('data', 0, samples))],
    ['compressed audio', 2500, wav('RIFF', format(0x55), chunk('data', 40_000))],
    ['a number of samples', 3000, wav('RIFF', format(0x11), chunk('fact', 4, fact), chunk('data', 40_000))],
    ['more data than there is', undefined, wav('RIFF', format(1), chunk('data', 40_001, samples))],
    ['no format', undefined, wav('RIFF', chunk('data', 40_000))],
    ['no data', undefined, wav('RIFF', format(1))],
    ['a chunk without end', undefined, wav('RIFF', chunk('LIST', 0xfffffff0, samples), format(1))],
  ])('with %s', (_what, durationMs, measures) => {
    expect(measures?.durationMs).toBe(durationMs);
  });
});

describe.each(['tone.mp3', 'tone.aac'] as const)('%s', (name) => {
  const { contentType, durationMs } = clip(name);
  const { bytes, measured } = copyOf(name);
  const tag = (content: number) => {
    const sizes = [content >> 21, (content >> 14) & 127, (content >> 7) & 127, content & 127];
    return Buffer.concat([Buffer.from('ID3\x04\x00\x00'), Buffer.from(sizes), Buffer.alloc(content, 0xff)]);
  };

  test.each([
    ['a large ID3 tag before it', Buffer.concat([tag(2_000_000), bytes])],
    ['two ID3 tags before it', Buffer.concat([tag(10), tag(300), bytes])],
    [
      'zeros after an ID3 tag',
      Buffer.concat([tag(10), Buffer.alloc(1000), bytes.subarray(bytes.indexOf(0xff))]),
    ],
    ['an ID3v1 tag after it', Buffer.concat([bytes, Buffer.from('TAG'.padEnd(128))])],
    ['part of a frame after it', Buffer.concat([bytes, bytes.subarray(0, 20)])],
  ])('may have %s', (_what, tagged) => {
    expect(matchesContentType(tagged, contentType as ContentType)).toBe(true);
    expect(measured(tagged)?.durationMs).toBeCloseTo(durationMs, -1);
  });

  test('continues after a tag, or after a few bytes that are not a frame', () => {
    for (const between of [Buffer.alloc(50, 0xff), tag(100_000)]) {
      const twice = measured(Buffer.concat([bytes, between, bytes]));
      expect(twice?.durationMs).toBeCloseTo(2 * durationMs, -1);
    }
  });

  test.each([
    [
      'noise',
      Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index * 31 + (index >> 3)) & 0xff)),
    ],
    ['a tag and nothing else', tag(1000)],
    ['a truncated tag', tag(1000).subarray(0, 500)],
    ['a tag and noise', Buffer.concat([tag(1000), Buffer.alloc(1000, 0x55)])],
    ['noise before it', Buffer.concat([Buffer.alloc(100, 0x55), bytes])],
    ['nothing', Buffer.alloc(0)],
  ])('does not match %s', (_what, other) => {
    expect(matchesContentType(other, contentType as ContentType)).toBe(false);
  });

  test('is damaged if most of it is something else', () => {
    const noise = Buffer.alloc(20_000, 0x55);
    expect(measured(Buffer.concat([bytes, noise, bytes]))).toBeUndefined();
  });
});

test("does not count an MP3's info frame as audio", () => {
  const { measured } = copyOf('tone.mp3');
  // MPEG 2 at 16 kHz and 16 kbit/s, mono: 72 bytes and 36 ms a frame.
  const frame = Buffer.concat([Buffer.from('fff328c4', 'hex'), Buffer.alloc(68)]);
  const named = (name: string, at: number) => {
    const information = Buffer.from(frame);
    information.write(name, at);
    return Buffer.concat([information, frame, frame]);
  };
  expect(measured(Buffer.concat([frame, frame, frame]))?.durationMs).toBeCloseTo(108);
  expect(measured(named('Xing', 13))?.durationMs).toBeCloseTo(72);
  expect(measured(named('Info', 13))?.durationMs).toBeCloseTo(72);
  expect(measured(named('VBRI', 36))?.durationMs).toBeCloseTo(72);
  expect(measured(named('Xing', 20))?.durationMs).toBeCloseTo(108);
});

test('MPEG audio of layer II is not an MP3', () => {
  const frame = Buffer.alloc(72);
  Buffer.from('fff518c4', 'hex').copy(frame);
  expect(matchesContentType(Buffer.concat([frame, frame, frame]), 'audio/mpeg')).toBe(false);
});
