import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadErrorCode, UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import {
  box,
  clipBytes,
  codedAs,
  encrypted,
  lasting,
  ofUnknownSize,
  sized,
  slower,
  turnedWithWidePixels,
  wav,
  withoutBox,
  withoutPicture,
  withTwoPictures,
} from '../harness/clip-bytes.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const mp4 = clipBytes('clip.mp4');
const mov = clipBytes('clip.mov');
const webm = clipBytes('clip.webm');
const mp3 = clipBytes('tone.mp3');
const aac = clipBytes('tone.aac');
const m4a = clipBytes('tone.m4a');

const accepted = 'JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';

async function folderWith(name: string, bytes: Buffer, sizeBytes = bytes.length): Promise<string> {
  const cwd = await tempDir();
  await writeFile(join(cwd, name), bytes);
  await truncate(join(cwd, name), sizeBytes);
  return cwd;
}

/** Uploads one file to a sandbox of its own. */
async function upload(cwd: string, name: string, ...flags: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', name, '--json', ...flags], { cwd, env });
  return { ...result, sandbox, record: result.json<UploadRecord[]>()[0]! };
}

/** Expects that a file is refused alike with and without `--dry-run`, beside a good one too, and is never sent. */
async function expectRefused(cwd: string, name: string, code: UploadErrorCode, message: string) {
  const expected = {
    index: 0,
    path: name,
    status: 'failed',
    attempts: 0,
    error: { code, message, retryable: false, hint: expect.stringMatching(/^[A-Z].*\.$/) },
  };
  const dry = await runCli(['upload', '--dry-run', '--json', name], { cwd });
  expect(dry).toMatchObject({ exitCode: 1 });
  expect(dry.json()).toEqual([expected]);
  const { sandbox, env } = await sandboxWith();
  const night = fixture('night.png');
  const json = await runCli(['upload', '--json', name, night.file], { cwd, env });
  expect(json.json()).toEqual([expected, expect.objectContaining({ status: 'uploaded' })]);
  const text = await runCli(['upload', name, night.file], { cwd, env });
  expect(text.lines).toEqual([sandbox.assets[1]!.assetRef]);
  for (const { exitCode, stderr } of [json, text]) {
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`error: ${name}: ${message}\n`);
  }
  expect(sandbox.requests.map(({ bodySize }) => bodySize)).toEqual([night.size, night.size]);
}

describe('a clip that is too short or too long', () => {
  const video = (seconds: string) => `it lasts ${seconds} s; a video may last 2 to 15.4 s`;
  const audio = (seconds: string) => `it lasts ${seconds} s; an audio file may last 2 to 15 s`;

  it.each<[name: string, bytes: Buffer, message: string]>([
    ['0s.wav', wav(0), audio('0')],
    ['1.8s.mp4', lasting(mp4, 1800), video('1.8')],
    ['1.8s.mov', lasting(mov, 1800), video('1.8')],
    ['1.8s.m4a', lasting(m4a, 1800), audio('1.8')],
    ['1.8s.wav', wav(1800), audio('1.8')],
    ['short.webm', slower(webm, 0.8), video('1.786')],
    ['short.mp3', mp3.subarray(0, 3500), audio('1.62')],
    ['short.aac', aac.subarray(0, 3500), audio('1.536')],
    ['15.6s.mp4', lasting(mp4, 15_600), video('15.6')],
    ['15.6s.mov', lasting(mov, 15_600), video('15.6')],
    ['15.6s.m4a', lasting(m4a, 15_600), audio('15.6')],
    ['15.6s.wav', wav(15_600), audio('15.6')],
    ['long.webm', slower(webm, 7.2), video('15.847')],
    // The header of each copy but the first counts as a frame of sound.
    ['long.mp3', Buffer.concat(Array(7).fill(mp3)), audio('17.604')],
    ['long.aac', Buffer.concat(Array(7).fill(aac)), audio('16.576')],
  ])('%s is refused here, and by the server with --no-limits', async (name, bytes, message) => {
    const cwd = await folderWith(name, bytes);
    await expectRefused(cwd, name, 'bad_duration', message);
    const { exitCode, record, sandbox } = await upload(cwd, name, '--no-limits');
    expect(exitCode).toBe(1);
    expect(record).toMatchObject({ attempts: 1, error: { code: 'rejected', httpStatus: 400 } });
    expect(sandbox.requests).toMatchObject([{ status: 400, bodySize: bytes.length }]);
  });

  it.each<[name: string, bytes: Buffer, isSent: boolean]>([
    ['1.89s.mp4', lasting(mp4, 1890), false],
    ['1.9s.mp4', lasting(mp4, 1900), true],
    ['15.5s.mp4', lasting(mp4, 15_500), true],
    ['15.51s.mp4', lasting(mp4, 15_510), false],
    ['1.89s.mov', lasting(mov, 1890), false],
    ['1.9s.mov', lasting(mov, 1900), true],
    ['15.5s.mov', lasting(mov, 15_500), true],
    ['15.51s.mov', lasting(mov, 15_510), false],
    ['1.89s.wav', wav(1890), false],
    ['1.9s.wav', wav(1900), true],
    ['15.1s.wav', wav(15_100), true],
    ['15.11s.wav', wav(15_110), false],
    ['15.1s.m4a', lasting(m4a, 15_100), true],
    ['15.11s.m4a', lasting(m4a, 15_110), false],
  ])('%s is sent only within 0.1 s of the limit', async (name, bytes, isSent) => {
    const cwd = await folderWith(name, bytes);
    const dry = await runCli(['upload', '--dry-run', '--json', name], { cwd });
    expect(dry.exitCode).toBe(isSent ? 0 : 1);
    expect(dry.json()).toMatchObject([
      isSent ? { status: 'valid' } : { status: 'failed', error: { code: 'bad_duration' } },
    ]);
    const { record, sandbox } = await upload(cwd, name);
    // The sandbox keeps to the numbers of the page.
    expect(record).toMatchObject({ error: { code: isSent ? 'rejected' : 'bad_duration' } });
    expect(sandbox.requests).toHaveLength(isSent ? 1 : 0);
  });

  it.each<[name: string, bytes: Buffer, durationMs: number]>([
    ['2s.mp4', lasting(mp4, 2000), 2000],
    ['15.4s.mov', lasting(mov, 15_400), 15_400],
    ['2s.wav', wav(2000), 2000],
    ['15s.wav', wav(15_000), 15_000],
    ['15s.m4a', lasting(m4a, 15_000), 15_000],
  ])('%s is within the limits', async (name, bytes, mediaDurationMs) => {
    const { exitCode, record } = await upload(await folderWith(name, bytes), name);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ status: 'uploaded', mediaDurationMs });
    expect(record).not.toHaveProperty('warnings');
  });
});

describe('a video that is too small or too large', () => {
  const message = (width: number, height: number) =>
    `it is shown at ${width} x ${height} pixels; each side may have 200 to 2160`;

  it.each<[name: string, bytes: Buffer, message: string]>([
    ['199-wide.mp4', sized(mp4, 199, 300), message(199, 300)],
    ['199-high.mov', sized(mov, 300, 199), message(300, 199)],
    ['2161-wide.mov', sized(mov, 2161, 300), message(2161, 300)],
    ['2161-high.mp4', sized(mp4, 300, 2161), message(300, 2161)],
    // 224 x 208 pixels are within the limits; as they are shown, 2240 x 208 and turned, they are not.
    ['turned.mp4', turnedWithWidePixels(mp4, 10), message(208, 2240)],
  ])('%s is refused here, and by the server with --no-limits', async (name, bytes, refusal) => {
    const cwd = await folderWith(name, bytes);
    await expectRefused(cwd, name, 'bad_dimensions', refusal);
    const { record, sandbox } = await upload(cwd, name, '--no-limits');
    expect(record).toMatchObject({ attempts: 1, error: { code: 'rejected', httpStatus: 400 } });
    expect(sandbox.requests).toHaveLength(1);
  });

  it.each<[name: string, bytes: Buffer, width: number, height: number]>([
    ['200.mp4', sized(mp4, 200, 200), 200, 200],
    ['2160.mov', sized(mov, 2160, 2160), 2160, 2160],
    ['turned.mp4', turnedWithWidePixels(mp4, 2), 208, 448],
  ])('%s is within the limits, as it is shown', async (name, bytes, width, height) => {
    const { exitCode, record } = await upload(await folderWith(name, bytes), name);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ type: 'video', width, height });
    expect(record).not.toHaveProperty('warnings');
  });
});

describe('a file that is too large', () => {
  const behind = box('free');
  it.each<[name: string, bytes: Buffer, limit: number, message: string]>([
    [
      'a.mp4',
      Buffer.concat([mp4, behind]),
      52_428_800,
      'it has 52,428,801 bytes; the limit for a video is 52,428,800',
    ],
    ['a.wav', wav(3000), 15_728_640, 'it has 15,728,641 bytes; the limit for an audio file is 15,728,640'],
    // An M4A is told from an MP4 by its tracks alone.
    [
      'a.m4a',
      Buffer.concat([m4a, behind]),
      15_728_640,
      'it has 15,728,641 bytes; the limit for an audio file is 15,728,640',
    ],
  ])('%s of one byte more than the limit', async (name, bytes, limit, message) => {
    const cwd = await folderWith(name, bytes, limit);
    const { exitCode, record, sandbox } = await upload(cwd, name);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ status: 'uploaded', size: limit });
    expect(sandbox.requests).toMatchObject([{ bodySize: limit }]);
    await truncate(join(cwd, name), limit + 1);
    await expectRefused(cwd, name, 'too_large', message);
    const unlimited = await upload(cwd, name, '--no-limits');
    expect(unlimited.record).toMatchObject({ error: { code: 'rejected', httpStatus: 400 } });
    expect(unlimited.sandbox.requests).toMatchObject([{ bodySize: limit + 1 }]);
  });

  it('of more than 2 GiB is refused even with --no-limits', async () => {
    const cwd = await folderWith('a.mp4', Buffer.concat([mp4, behind]), 2 ** 31);
    const { record, sandbox } = await upload(cwd, 'a.mp4', '--no-limits');
    expect(record).toMatchObject({
      error: { code: 'too_large', message: 'it has 2,147,483,648 bytes; the limit is 2,147,483,647' },
    });
    expect(sandbox.requests).toEqual([]);
  });
});

describe('a clip that is damaged', () => {
  const wavOf = (dataBytes: number) => {
    const lying = wav(3000);
    lying.writeUInt32LE(dataBytes, 40);
    return lying;
  };
  it.each<[name: string, bytes: Buffer, message: string]>([
    [
      'no-moov.mp4',
      withoutBox(mp4, 'moov'),
      'it has no index (moov): its recording was probably interrupted',
    ],
    [
      'no-moov.mov',
      withoutBox(mov, 'moov'),
      'it has no index (moov): its recording was probably interrupted',
    ],
    ['no-mdat.mp4', withoutBox(mp4, 'mdat'), 'it has an index, but no picture or sound (mdat)'],
    ['cut.mp4', mp4.subarray(0, 8000), 'it is cut short: it has 8,000 bytes of 8,639'],
    ['cut.webm', webm.subarray(0, 3000), 'it is cut short: it has 3,000 bytes of 3,695'],
    [
      'garbage.mp3',
      Buffer.from('\xff\xfb\x90\x64garbage'.repeat(1000), 'latin1'),
      'it holds no frames of sound that follow each other',
    ],
    ['longer.wav', wavOf(48_001), 'it is cut short: it has 48,044 bytes of 48,045'],
    [
      'samples.mp4',
      editSampleOffset(mp4),
      'it is cut short: its index names samples that lie behind its end',
    ],
  ])('%s is refused, with --no-limits too', async (name, bytes, message) => {
    const cwd = await folderWith(name, bytes);
    await expectRefused(cwd, name, 'damaged', message);
    const { record, sandbox } = await upload(cwd, name, '--no-limits');
    expect(record).toMatchObject({ attempts: 0, error: { code: 'damaged', message } });
    expect(sandbox.requests).toEqual([]);
  });

  it('does not include a WAV with data beyond its header: its length is what the header says', async () => {
    const cwd = await folderWith('less.wav', wavOf(40_000));
    expect((await upload(cwd, 'less.wav')).record).toMatchObject({ mediaDurationMs: 2500 });
    await writeFile(join(cwd, 'less.wav'), wavOf(16_000));
    await expectRefused(cwd, 'less.wav', 'bad_duration', 'it lasts 1 s; an audio file may last 2 to 15 s');
  });

  it('does not prevent the measuring of other clips', async () => {
    const hostile = Buffer.from(mp4);
    // A table of four thousand million entries.
    hostile.writeUInt32BE(0xffffffff, hostile.indexOf('ctts') + 12);
    const cwd = await folderWith('endless.mp4', hostile);
    await writeFile(join(cwd, 'good.mp4'), mp4);
    const result = await runCli(['upload', '--dry-run', '--json', 'endless.mp4', 'good.mp4'], { cwd });
    expect(result.exitCode).toBe(3);
    expect(result.json()).toMatchObject([
      {
        error: {
          code: 'damaged',
          message: 'it has a structure that cannot be read in reasonable time or memory',
        },
      },
      { status: 'valid', mediaDurationMs: 2500 },
    ]);
  });
});

/** A copy whose index says that its samples lie far behind its end. */
function editSampleOffset(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0x0fffffff, copy.indexOf('stco') + 12);
  return copy;
}

describe('the tracks', () => {
  it.each<[name: string, bytes: Buffer, what: string]>([
    ['sound.webm', withoutPicture(webm), 'it is a WebM file with sound only'],
    ['sound.mov', branded(m4a, 'qt  '), 'it is a QuickTime file with sound only'],
  ])('of %s have no picture, and its format is none of sound', async (name, bytes, what) => {
    const cwd = await folderWith(name, bytes);
    await expectRefused(cwd, name, 'unsupported_type', `${what}; ${accepted}`);
  });

  it.each<[name: string, bytes: Buffer, record: object]>([
    ['sound.mp4', branded(m4a, 'isom'), { type: 'audio', contentType: 'audio/mp4', mediaDurationMs: 2600 }],
    ['two.mp4', withTwoPictures(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['encrypted.mp4', encrypted(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['prores.mov', codedAs(mov, 'apcn'), { type: 'video', contentType: 'video/quicktime', width: 208 }],
    ['unknown.mp4', codedAs(mp4, 'zzzz'), { type: 'video', contentType: 'video/mp4', width: 224 }],
    ['live.webm', ofUnknownSize(webm), { type: 'video', contentType: 'video/webm', width: 240 }],
  ])('of %s make it what is sent', async (name, bytes, expected) => {
    const { exitCode, record, sandbox } = await upload(await folderWith(name, bytes), name);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ status: 'uploaded', ...expected });
    expect(record).not.toHaveProperty('warnings');
    expect(sandbox.requests).toMatchObject([{ status: 200, bodySize: bytes.length }]);
  });
});

/** A copy of an ISO base media file with that major brand. */
function branded(bytes: Buffer, brand: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(brand, 8, 'latin1');
  return copy;
}
