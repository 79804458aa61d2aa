import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, test, vi } from 'vitest';
import type { ContentType } from '../../../src/media/asset-types.ts';
import { Probe } from '../../../src/media/probe.ts';
import { clip, clips } from '../../fixtures.ts';
import { encrypted } from '../../harness/clip-bytes.ts';
import { orRefusal } from '../../harness/or-refusal.ts';
import { tempDir } from '../../harness/temp-dir.ts';

// The worker is the built one: `npm run build` makes it.
const opened = new Probe(new AbortController().signal);
afterAll(() => opened.close());
const probe = (...args: Parameters<Probe['probe']>) => orRefusal(() => opened.probe(...args));

/** The result of {@link identify} for a clip. */
const container = (contentType: string) =>
  (contentType === 'audio/mp4' ? 'video/mp4' : contentType) as ContentType;

const damaged = (message: string) => ({
  code: 'damaged',
  message,
  hint: 'Copy, download or export it again: it is incomplete or damaged.',
});
const senseless = damaged('it has an invalid structure');
const endless = damaged('it has a structure that cannot be read in reasonable time or memory');

describe.each(clips)('$name', ({ file, contentType, type, durationMs, width, height, size }) => {
  const expected = {
    contentType,
    // The library rounds down where the clip's own time scale is coarse.
    durationMs: expect.closeTo(durationMs, -1),
    width: type === 'video' ? width : undefined,
    height: type === 'video' ? height : undefined,
  };

  it('is measured, from memory and from the file', async () => {
    expect(await probe(await readFile(file), container(contentType))).toEqual(expected);
    const handle = await open(file);
    try {
      expect(await probe({ fd: handle.fd, sizeBytes: size }, container(contentType))).toEqual(expected);
    } finally {
      await handle.close();
    }
  });

  it('is damaged if truncated, unless it consists of audio frames', async () => {
    const bytes = await readFile(file);
    for (const part of [0.5, 0.99]) {
      const result = await probe(bytes.subarray(0, Math.floor(size * part)), container(contentType));
      if (contentType === 'audio/mpeg' || contentType === 'audio/aac') {
        expect(result).toMatchObject({ contentType, durationMs: expect.any(Number) });
      } else {
        expect(result).toMatchObject({
          code: 'damaged',
          message: expect.stringMatching(/^it is cut short: it has/),
        });
      }
    }
  });
});

/** An ISO base media file without that box of the outermost level. */
function without(bytes: Buffer, name: string): Buffer {
  const start = bytes.indexOf(name) - 4;
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + bytes.readUInt32BE(start))]);
}

/** A copy with a number, or text, after (or in place of) the nth occurrence of a box's name. */
function patch(bytes: Buffer, name: string, offset: number, value: number | string, occurrence = 1): Buffer {
  const patched = Buffer.from(bytes);
  let at = -1;
  for (let n = 0; n < occurrence; n++) {
    at = patched.indexOf(name, at + 1);
  }
  expect(at).toBeGreaterThan(0);
  if (typeof value === 'string') {
    patched.write(value, at + offset, 'latin1');
  } else {
    patched.writeUInt32BE(value, at + offset);
  }
  return patched;
}

describe('an MP4', async () => {
  const mp4 = await readFile(clip('clip.mp4').file);
  const m4a = await readFile(clip('tone.m4a').file);
  const probeMp4 = (bytes: Buffer) => probe(bytes, 'video/mp4');
  const measured = { contentType: 'video/mp4', durationMs: 2500, width: 224, height: 208 };

  it('whose recording was interrupted has no index', async () => {
    const noIndex = damaged('it has no index (moov): its recording was probably interrupted');
    expect(await probeMp4(without(mp4, 'moov'))).toEqual(noIndex);
    expect(await probeMp4(without(m4a, 'moov'))).toEqual(noIndex);
  });

  it('that is a segment of a stream has no beginning', async () => {
    const boxes = ['styp', 'moof', 'mdat'].map((name) => Buffer.from(`\0\0\0\x10${name}${'\0'.repeat(8)}`));
    expect(await probeMp4(Buffer.concat(boxes))).toEqual(
      damaged('it is a segment of a stream, without its beginning (moov)'),
    );
  });

  it('without media data is damaged', async () => {
    const noMedia = damaged('it has an index, but no video or audio (mdat)');
    expect(await probeMp4(without(mp4, 'mdat'))).toEqual(noMedia);
    expect(await probeMp4(without(m4a, 'mdat'))).toEqual(noMedia);
  });

  it('whose index names samples after its end is damaged', async () => {
    expect(await probeMp4(patch(mp4, 'stco', 12, 0x0fffffff))).toEqual(
      damaged('it is cut short: its index refers to samples beyond its end'),
    );
  });

  it('has its displayed sides, whichever way it is turned', async () => {
    const matrix = mp4.indexOf('tkhd') + 4 + 40;
    const turned = Buffer.from(mp4);
    [0, 0x10000, 0, 0xffff0000, 0].forEach((value, index) => {
      turned.writeUInt32BE(value, matrix + index * 4);
    });
    expect(await probeMp4(turned)).toEqual({ ...measured, width: 208, height: 224 });
  });

  it('of unknown codecs is measured', async () => {
    expect(await probeMp4(patch(mp4, 'avc1', 0, 'zzzz', 2))).toEqual(measured);
    expect(await probeMp4(patch(mp4, 'mp4a', 0, 'zzzz'))).toEqual(measured);
    expect(await probeMp4(patch(m4a, 'mp4a', 0, 'zzzz'))).toMatchObject({
      contentType: 'audio/mp4',
      durationMs: 2600,
    });
  });

  it('of an encrypted track is measured', async () => {
    expect(await probeMp4(patch(mp4, 'avc1', 0, 'encv', 2))).toEqual(measured);
  });

  it('is measured without changing bytes that are shared with the worker', async () => {
    const bytes = encrypted(mp4);
    const shared = Buffer.from(new SharedArrayBuffer(bytes.length));
    bytes.copy(shared);
    expect(await probeMp4(shared)).toEqual(measured);
    expect(shared.equals(bytes)).toBe(true);
  });

  it('is a video by its tracks, whatever its brand', async () => {
    expect(await probeMp4(patch(mp4, 'ftyp', 4, 'M4A '))).toEqual(measured);
    expect(await probeMp4(patch(m4a, 'ftyp', 4, 'isom'))).toMatchObject({ contentType: 'audio/mp4' });
  });

  it('treats a file with an audio brand as audio, even with a cover', async () => {
    const withCover = patch(patch(mp4, 'avc1', 0, 'jpeg', 2), 'ftyp', 4, 'M4A ');
    expect(await probeMp4(withCover)).toMatchObject({ contentType: 'audio/mp4', width: undefined });
  });

  it('without a track that can be found is damaged', async () => {
    const noTracks = damaged('it has no readable video or audio track');
    expect(await probeMp4(patch(patch(mp4, 'trak', 0, 'free'), 'trak', 0, 'free'))).toEqual(noTracks);
  });

  it.each([
    ['a time scale of zero', patch(mp4, 'mdhd', 16, 0)],
    ['a count of samples that lies', patch(mp4, 'stsz', 12, 0xffffffff)],
    ['a box of an impossible size', patch(mp4, 'mdia', -4, 0xfffffff0)],
  ])('with %s is damaged', async (_, bytes) => {
    expect(await probeMp4(bytes)).toMatchObject({ code: 'damaged' });
  });

  it.each(['free', 'wide', 'skip'])('of QuickTime may begin with %s in place of its brand', async (name) => {
    const mov = await readFile(clip('clip.mov').file);
    const measured = { contentType: 'video/quicktime', durationMs: 3000, width: 208, height: 256 };
    expect(await probe(patch(mov, 'ftyp', 0, name), 'video/quicktime')).toEqual(measured);
  });
});

test('refuses a QuickTime file with audio only', async () => {
  const m4a = await readFile(clip('tone.m4a').file);
  expect(await probe(patch(m4a, 'ftyp', 4, 'qt  '), 'video/quicktime')).toMatchObject({
    code: 'unsupported_type',
    message: expect.stringMatching(/^it is a QuickTime file with audio only; JPEG/),
    hint: 'Convert it to MP3, WAV, M4A or AAC; renaming it does not help.',
  });
});

describe('a WebM', async () => {
  const webm = await readFile(clip('clip.webm').file);
  const segmentSize = webm.indexOf(Buffer.of(0x18, 0x53, 0x80, 0x67)) + 4;
  const live = Buffer.from(webm);
  live.fill(0xff, segmentSize, segmentSize + 8);
  live[segmentSize] = 0x01;

  it('whose size is not known, as of a live recording, is measured', async () => {
    expect(await probe(live, 'video/webm')).toMatchObject({
      contentType: 'video/webm',
      durationMs: 2207,
    });
  });

  it('that ends before its first cluster is damaged', async () => {
    const cluster = live.indexOf(Buffer.of(0x1f, 0x43, 0xb6, 0x75));
    expect(await probe(live.subarray(0, cluster), 'video/webm')).toEqual(
      damaged('it contains no video or audio'),
    );
  });

  it('whose header is followed by noise is damaged', async () => {
    // A linear congruential generator: the same noise every time.
    let state = 1;
    const noise = Buffer.alloc(20_000);
    for (let index = 0; index < noise.length; index++) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      noise[index] = state >> 16;
    }
    for (const kept of [40, 48, 52, 60, 100, 200, 300]) {
      const bytes = Buffer.concat([live.subarray(0, kept), noise.subarray(kept)]);
      expect(await probe(bytes, 'video/webm')).toMatchObject({ code: 'damaged' });
    }
  });
});

describe('a WAV', async () => {
  const wav = await readFile(clip('tone.wav').file);
  const dataSize = wav.indexOf('data') + 4;
  const withDataSize = (size: number) => {
    const patched = Buffer.from(wav);
    patched.writeUInt32LE(size, dataSize);
    return patched;
  };
  const probeWav = (bytes: Buffer) => probe(bytes, 'audio/wav');
  const unknown = { contentType: 'audio/wav', durationMs: undefined, width: undefined, height: undefined };

  it('whose header is longer than the data is truncated', async () => {
    expect(await probeWav(withDataSize(8401))).toEqual(
      damaged('it is cut short: it has 8,444 bytes of 8,445'),
    );
  });

  it("uses the header's length if it is shorter than the data", async () => {
    expect(await probeWav(withDataSize(4000))).toEqual({ ...unknown, durationMs: 1000 });
  });

  it('of length 0 is left to the server', async () => {
    expect(await probeWav(withDataSize(0))).toEqual(unknown);
  });

  it.each([
    ['ffmpeg', 0xffffffff],
    ['a speech service', 0xffffff9b],
    ['arecord', 0x80000000],
    ['SoX and eSpeak', 0x7ffff000],
  ])('with the length that %s writes into a pipe is measured', async (_, size) => {
    expect(await probeWav(withDataSize(size))).toEqual({ ...unknown, durationMs: 2100 });
  });

  it('of a codec that the library does not know is left to the server', async () => {
    const adpcm = Buffer.from(wav);
    adpcm.writeUInt16LE(0x11, wav.indexOf('fmt ') + 8);
    expect(await probeWav(adpcm)).toEqual(unknown);
  });

  it('without audio lasts 0 s', async () => {
    expect(await probeWav(withDataSize(0).subarray(0, dataSize + 4))).toEqual({ ...unknown, durationMs: 0 });
  });

  it.each([
    ['fmt ', patch(wav, 'fmt ', 0, 'junk')],
    ['data', patch(wav, 'data', 0, 'junk')],
  ])('without %s is damaged', async (_, bytes) => {
    expect(await probeWav(bytes)).toEqual(
      damaged('it has no audio in it (data), or has no format chunk (fmt)'),
    );
  });
});

describe('an MP3', async () => {
  const mp3 = await readFile(clip('tone.mp3').file);
  const noFrames = damaged('it has no two consecutive audio frames');

  it('measures an MP3 with tags before and after', async () => {
    const tag = Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\x7f\x7f', 'latin1'), Buffer.alloc(16_383, 0xff)]);
    const tagged = Buffer.concat([tag, tag, mp3, Buffer.from('TAG'), Buffer.alloc(125, 0xff)]);
    expect(await probe(tagged, 'audio/mpeg')).toMatchObject({ durationMs: 2484 });
  });

  it('with other bytes between its frames is measured', async () => {
    const frame = mp3.indexOf(Buffer.of(0xff), mp3.length / 2);
    const split = Buffer.concat([mp3.subarray(0, frame), Buffer.alloc(600_000), mp3.subarray(frame)]);
    const result = await probe(split, 'audio/mpeg');
    expect(result).toMatchObject({ durationMs: expect.closeTo(2484, -2) });
  });

  it.each([
    [
      'with garbage frames',
      Buffer.from('\xff\xfb\x90\x64garbage\xff\xfb\x90\x64garbage'.repeat(1000), 'latin1'),
    ],
    ['with a header only', Buffer.from('\xff\xfb\x90\x64', 'latin1')],
    ['with set bits only', Buffer.alloc(1_000_000, 0xff)],
    [
      'with a tag that is longer than the file',
      Buffer.concat([Buffer.from('ID3\x03\0\0\x7f\x7f\x7f\x7f', 'latin1'), mp3]),
    ],
  ])('%s is damaged', async (_, bytes) => {
    expect(await probe(bytes, 'audio/mpeg')).toEqual(noFrames);
    expect(await probe(bytes, 'audio/aac')).toEqual(noFrames);
  });
});

describe('a file that takes forever', async () => {
  const mp4 = await readFile(clip('clip.mp4').file);
  const hostile = patch(mp4, 'ctts', 12, 0xffffffff);

  it('is damaged after 2.5 s, and the next one is measured', async () => {
    await probe(mp4, 'video/mp4');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const first = probe(hostile, 'video/mp4');
    const second = probe(mp4, 'video/mp4');
    // When another thread has started and measured a clip, this thread is in its loop.
    const another = new Probe(new AbortController().signal);
    await another.probe(mp4, 'video/mp4');
    await another.close();
    await vi.advanceTimersByTimeAsync(2500);
    expect(await first).toEqual(endless);
    expect(await second).toMatchObject({ durationMs: 2500 });
  });

  it('is stopped at once when the run is stopped', async () => {
    const stop = new AbortController();
    const other = new Probe(stop.signal);
    await other.probe(mp4, 'video/mp4');
    const third = new Probe(new AbortController().signal);
    onTestFinished(() => third.close());
    const leftAlone = third.probe(hostile, 'video/mp4').then(() => 'one that is left alone');
    const probed = other.probe(hostile, 'video/mp4');
    const waiting = other.probe(mp4, 'video/mp4');
    // When another thread has started and measured a clip, this thread is in its loop.
    const another = new Probe(stop.signal);
    await another.probe(mp4, 'video/mp4');
    await another.close();
    stop.abort(new Error('stopped'));
    await expect(probed).rejects.toThrow('stopped');
    await expect(waiting).rejects.toThrow('stopped');
    expect(await Promise.race([other.close(), leftAlone])).toBeUndefined();
  });
});

test('a probe that is stopped before its first file starts nothing', async () => {
  const other = new Probe(AbortSignal.abort(new Error('stopped')));
  await expect(other.probe(Buffer.alloc(10), 'video/mp4')).rejects.toThrow('stopped');
  await other.close();
});

test('a file that became shorter is damaged', async () => {
  const path = join(await tempDir(), 'clip.mp4');
  const bytes = await readFile(clip('clip.mp4').file);
  await writeFile(path, bytes.subarray(0, 3000));
  const handle = await open(path);
  try {
    expect(await probe({ fd: handle.fd, sizeBytes: bytes.length }, 'video/mp4')).toEqual(senseless);
  } finally {
    await handle.close();
  }
});

test('a file that cannot be read causes an error with the code of the system', async () => {
  const handle = await open(await tempDir());
  try {
    await expect(probe({ fd: handle.fd, sizeBytes: 5000 }, 'video/mp4')).rejects.toMatchObject({
      code: 'EISDIR',
    });
  } finally {
    await handle.close();
  }
});
