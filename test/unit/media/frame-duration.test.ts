import { describe, expect, it } from 'vitest';
import { measureFrames, readAdtsFrame, readMp3Frame } from '../../../src/media/frame-duration.ts';

const measure = (readFrame: typeof readMp3Frame, bytes: Buffer) =>
  measureFrames(readFrame, (position, length) => bytes.subarray(position, position + length), bytes.length);

/** That many frames with this header, of this length. */
const frames = (header: string, sizeBytes: number, count: number) => {
  const frame = Buffer.alloc(sizeBytes);
  frame.write(header, 'latin1');
  return Buffer.concat(Array<Buffer>(count).fill(frame));
};

describe('the frames of an MP3', () => {
  it.each([
    ['MPEG-1, 128 kbit/s, 44.1 kHz', '\xff\xfb\x90\x64', 417, 100, 2612],
    ['the same with padding', '\xff\xfb\x92\x64', 418, 100, 2612],
    ['MPEG-1, 320 kbit/s, 48 kHz', '\xff\xfb\xe4\x64', 960, 100, 2400],
    ['MPEG-1, 32 kbit/s, 32 kHz', '\xff\xfb\x18\x64', 144, 100, 3600],
    ['MPEG-2, 64 kbit/s, 22.05 kHz', '\xff\xf3\x80\xc4', 208, 100, 2612],
    ['MPEG-2.5, 8 kbit/s, 8 kHz', '\xff\xe3\x18\xc4', 72, 100, 7200],
  ])('with %s are counted', async (_, header, sizeBytes, count, durationMs) => {
    expect(await measure(readMp3Frame, frames(header, sizeBytes, count))).toBe(durationMs);
  });

  it.each([
    ['a free bit rate', '\xff\xfb\x00\x64'],
    ['a bit rate that does not exist', '\xff\xfb\xf0\x64'],
    ['a sample rate that does not exist', '\xff\xfb\x9c\x64'],
    ['a version that does not exist', '\xff\xeb\x90\x64'],
    ['a different layer', '\xff\xfd\x90\x64'],
  ])('do not count with %s', async (_, header) => {
    await expect(measure(readMp3Frame, frames(header, 417, 100))).rejects.toThrow(
      'has no two consecutive audio frames',
    );
  });

  it.each(['Xing', 'Info'])('do not include a first frame that contains %s', async (name) => {
    const bytes = frames('\xff\xfb\x90\x64', 417, 100);
    bytes.write(name, 36, 'latin1');
    expect(await measure(readMp3Frame, bytes)).toBe(2586);
  });

  it('are counted across the border of a block', async () => {
    expect(await measure(readMp3Frame, frames('\xff\xfb\x90\x64', 417, 10_000))).toBe(261_224);
  });

  it('are counted after bytes that look like a frame at the border of a block', async () => {
    const [before, after] = [frames('\xff\xfb\x90\x64', 417, 10), frames('\xff\xfb\x90\x64', 417, 1000)];
    const between = Buffer.alloc(256 * 1024 - before.length);
    between.write('\xff\xfb\x90\x64', between.length - 10, 'latin1');
    expect(await measure(readMp3Frame, Buffer.concat([before, between, after]))).toBe(26_384);
  });

  it('do not include truncated frames', async () => {
    expect(await measure(readMp3Frame, frames('\xff\xfb\x90\x64', 417, 100).subarray(0, -1))).toBe(2586);
  });
});

describe('the frames of AAC', () => {
  it.each([
    ['44.1 kHz', '\xff\xf1\x50\x80\x32\x1f\xfc', 400, 100, 2322],
    ['48 kHz with a checksum', '\xff\xf0\x4c\x80\x32\x1f\xfc', 400, 100, 2133],
    ['16 kHz', '\xff\xf1\x60\x80\x32\x1f\xfc', 400, 100, 6400],
    ['four blocks each', '\xff\xf1\x50\x80\x32\x1f\xff', 400, 100, 9288],
  ])('with %s are counted', async (_, header, sizeBytes, count, durationMs) => {
    expect(await measure(readAdtsFrame, frames(header, sizeBytes, count))).toBe(durationMs);
  });

  it.each([
    ['no length', '\xff\xf1\x50\x80\0\x1f\xfc'],
    ['a sample rate that does not exist', '\xff\xf1\x7c\x80\x32\x1f\xfc'],
  ])('do not count with %s', async (_, header) => {
    await expect(measure(readAdtsFrame, frames(header, 400, 100))).rejects.toThrow(
      'has no two consecutive audio frames',
    );
  });
});
