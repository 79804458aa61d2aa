import { readFileSync } from 'node:fs';
import { clip } from '../fixtures.ts';

/** The bytes of a clip of `test/clips`; each call gives a copy that may be changed. */
export function clipBytes(name: Parameters<typeof clip>[0]): Buffer {
  return readFileSync(clip(name).file);
}

/** A WAV file of that many milliseconds: mono, 16 bits, 8 kHz. */
export function wav(durationMs: number): Buffer {
  const sampleRate = 8000;
  const data = Buffer.alloc(Math.round((durationMs * sampleRate) / 1000) * 2, 1);
  const header = Buffer.from(`RIFF----WAVEfmt ${'-'.repeat(20)}data----`, 'latin1');
  const fields: readonly (readonly [position: number, length: number, value: number])[] = [
    [4, 4, 36 + data.length],
    [16, 4, 16],
    [20, 2, 1],
    [22, 2, 1],
    [24, 4, sampleRate],
    [28, 4, sampleRate * 2],
    [32, 2, 2],
    [34, 2, 16],
    [40, 4, data.length],
  ];
  for (const [position, length, value] of fields) {
    header.writeUIntLE(value, position, length);
  }
  return Buffer.concat([header, data]);
}

/** A box of an ISO base media file. */
export function box(type: string, ...payload: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + payload.reduce((sum, { length }) => sum + length, 0));
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...payload]);
}

/**
 * A copy with another payload of one box, in which all sizes around it are corrected. The media of the clips are before
 * their index, so that they do not move.
 *
 * @param path the names of the boxes from the outside in, the first one of each name
 */
function editBox(
  bytes: Buffer,
  [name = '', ...inner]: readonly string[],
  edit: (payload: Buffer) => Buffer,
): Buffer {
  let start = 0;
  while (bytes.toString('latin1', start + 4, start + 8) !== name) {
    start += bytes.readUInt32BE(start);
  }
  const end = start + bytes.readUInt32BE(start);
  const payload = bytes.subarray(start + 8, end);
  const edited = inner.length === 0 ? edit(Buffer.from(payload)) : editBox(payload, inner, edit);
  return Buffer.concat([bytes.subarray(0, start), box(name, edited), bytes.subarray(end)]);
}

/** A copy without that box of the outermost level. */
export function withoutBox(bytes: Buffer, name: string): Buffer {
  const start = bytes.indexOf(name) - 4;
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + bytes.readUInt32BE(start))]);
}

const stbl = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/** A copy of an MP4, M4A or QuickTime file with its first track only, which lasts that many milliseconds. */
export function lasting(bytes: Buffer, durationMs: number): Buffer {
  const copy = Buffer.from(bytes);
  const second = copy.indexOf('trak', copy.indexOf('trak') + 1);
  if (second !== -1) {
    copy.write('free', second);
  }
  // Edit lists and composition offsets would move and cut the playback.
  for (const name of ['edts', 'ctts']) {
    const at = copy.indexOf(name);
    if (at !== -1) {
      copy.write('free', at);
    }
  }
  let samples = 0;
  const timed = editBox(copy, [...stbl, 'stts'], (stts) => {
    for (let at = 8; at < stts.length; at += 8) {
      samples += stts.readUInt32BE(at);
      stts.writeUInt32BE(durationMs, at + 4);
    }
    return stts;
  });
  return editBox(timed, ['moov', 'trak', 'mdia', 'mdhd'], (mdhd) => {
    mdhd.writeUInt32BE(samples * 1000, 12);
    return mdhd;
  });
}

/** A copy of a WebM file that lasts about so many times as long. */
export function slower(bytes: Buffer, factor: number): Buffer {
  const copy = Buffer.from(bytes);
  // TimestampScale, in nanoseconds, of three bytes here.
  const scale = copy.indexOf(Buffer.of(0x2a, 0xd7, 0xb1, 0x83)) + 4;
  copy.writeUIntBE(Math.round(copy.readUIntBE(scale, 3) * factor), scale, 3);
  return copy;
}

/** A copy of an MP4 or QuickTime file whose video has that many pixels. */
export function sized(bytes: Buffer, width: number, height: number): Buffer {
  return editBox(bytes, [...stbl, 'stsd'], (stsd) => {
    stsd.writeUInt16BE(width, 40);
    stsd.writeUInt16BE(height, 42);
    return stsd;
  });
}

/** A copy of an MP4 file that is turned by 90 degrees, and whose pixels are `wide` times as wide as high. */
export function turnedWithWidePixels(bytes: Buffer, wide: number): Buffer {
  const copy = Buffer.from(bytes);
  const matrix = copy.indexOf('tkhd') + 4 + 40;
  for (const [index, value] of [0, 0x10000, 0, -0x10000, 0].entries()) {
    copy.writeInt32BE(value, matrix + index * 4);
  }
  const ratio = copy.indexOf('pasp') + 4;
  copy.writeUInt32BE(wide, ratio);
  copy.writeUInt32BE(1, ratio + 4);
  return copy;
}

/** A copy of an MP4 file whose audio track is a second video track. */
export function withTwoVideoTracks(bytes: Buffer): Buffer {
  return editBox(bytes, ['moov'], (moov) => {
    const first = moov.indexOf('trak') - 4;
    const second = first + moov.readUInt32BE(first);
    const end = second + moov.readUInt32BE(second);
    const copy = Buffer.from(moov.subarray(first, second));
    // The number of the track.
    copy.writeUInt32BE(2, copy.indexOf('tkhd') + 4 + 12);
    return Buffer.concat([moov.subarray(0, second), copy, moov.subarray(end)]);
  });
}

/** A copy of an MP4 file whose video track is marked as encrypted, as in ISO/IEC 23001-7 (cenc). */
export function encrypted(bytes: Buffer): Buffer {
  const scheme = Buffer.from('\0\0\0\0cenc\0\x01\0\0', 'latin1');
  const trackEncryption = Buffer.from(`\0\0\0\0\0\0\x01\x08${'k'.repeat(16)}`, 'latin1');
  const protection = box(
    'sinf',
    box('frma', Buffer.from('avc1')),
    box('schm', scheme),
    box('schi', box('tenc', trackEncryption)),
  );
  return editBox(bytes, [...stbl, 'stsd'], (stsd) => {
    const entry = stsd.subarray(16);
    return Buffer.concat([stsd.subarray(0, 8), box('encv', entry, protection)]);
  });
}

/** A copy of an MP4 or QuickTime file whose video is of that codec, by its four characters. */
export function codedAs(bytes: Buffer, codec: string): Buffer {
  return editBox(bytes, [...stbl, 'stsd'], (stsd) => {
    stsd.write(codec, 12, 'latin1');
    return stsd;
  });
}

/** A copy of a WebM file in the form of a live recording: the size of its segment is unknown. */
export function ofUnknownSize(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const size = copy.indexOf(Buffer.of(0x18, 0x53, 0x80, 0x67)) + 4;
  copy.fill(0xff, size + 1, size + 8);
  return copy;
}

/** A copy of a WebM file whose video track is an audio track. */
export function withoutVideo(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const trackType = copy.indexOf(Buffer.of(0x83, 0x81, 0x01));
  copy[trackType + 2] = 2;
  return copy;
}
