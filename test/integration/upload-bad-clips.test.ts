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
  withoutVideo,
  withTwoVideoTracks,
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

const night = fixture('night.png');

// One run takes all files of a table, because each run starts a thread.

/** @param files zeros extend each to its size, if it has one */
async function folderWith(
  files: readonly (readonly [name: string, bytes: Buffer, ...others: unknown[]])[],
  sizes: readonly number[] = [],
): Promise<string> {
  const cwd = await tempDir();
  for (const [i, [name, bytes]] of files.entries()) {
    await writeFile(join(cwd, name), bytes);
    await truncate(join(cwd, name), sizes[i] ?? bytes.length);
  }
  return cwd;
}

/** Uploads files, one after the other, to a sandbox of their own. */
async function upload(cwd: string, ...args: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '-c', '1', '--json', ...args], { cwd, env });
  return { ...result, records: result.json<UploadRecord[]>(), sandbox };
}

describe('a clip outside the limits, or damaged', () => {
  const video = (seconds: string) => `it lasts ${seconds} s; a video may last 2 to 15.4 s`;
  const audio = (seconds: string) => `it lasts ${seconds} s; an audio file may last 2 to 15 s`;
  const shown = (width: number, height: number) =>
    `it is shown at ${width} x ${height} pixels; each side may have 200 to 2160`;
  const noIndex = 'it has no index (moov): its recording was probably interrupted';
  const accepted = 'JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';

  type Refused = [name: string, bytes: Buffer, code: UploadErrorCode, message: string];
  const outside: Refused[] = [
    ['0s.wav', wav(0), 'bad_duration', audio('0')],
    ['1.8s.mp4', lasting(mp4, 1800), 'bad_duration', video('1.8')],
    ['1.8s.mov', lasting(mov, 1800), 'bad_duration', video('1.8')],
    ['1.8s.m4a', lasting(m4a, 1800), 'bad_duration', audio('1.8')],
    ['1.8s.wav', wav(1800), 'bad_duration', audio('1.8')],
    ['short.webm', slower(webm, 0.8), 'bad_duration', video('1.786')],
    ['short.mp3', mp3.subarray(0, 3500), 'bad_duration', audio('1.62')],
    ['short.aac', aac.subarray(0, 3500), 'bad_duration', audio('1.536')],
    ['15.6s.mp4', lasting(mp4, 15_600), 'bad_duration', video('15.6')],
    ['15.6s.mov', lasting(mov, 15_600), 'bad_duration', video('15.6')],
    ['15.6s.m4a', lasting(m4a, 15_600), 'bad_duration', audio('15.6')],
    ['15.6s.wav', wav(15_600), 'bad_duration', audio('15.6')],
    ['long.webm', slower(webm, 7.2), 'bad_duration', video('15.847')],
    // The header of each copy but the first counts as an audio frame.
    ['long.mp3', Buffer.concat(Array(7).fill(mp3)), 'bad_duration', audio('17.604')],
    ['long.aac', Buffer.concat(Array(7).fill(aac)), 'bad_duration', audio('16.576')],
    ['1.89s.mp4', lasting(mp4, 1890), 'bad_duration', video('1.89')],
    ['15.51s.mp4', lasting(mp4, 15_510), 'bad_duration', video('15.51')],
    ['1.89s.mov', lasting(mov, 1890), 'bad_duration', video('1.89')],
    ['15.51s.mov', lasting(mov, 15_510), 'bad_duration', video('15.51')],
    ['1.89s.wav', wav(1890), 'bad_duration', audio('1.89')],
    ['15.11s.wav', wav(15_110), 'bad_duration', audio('15.11')],
    ['15.11s.m4a', lasting(m4a, 15_110), 'bad_duration', audio('15.11')],
    ['lying.wav', withDataSize(wav(3000), 16_000), 'bad_duration', audio('1')],
    ['199-wide.mp4', sized(mp4, 199, 300), 'bad_dimensions', shown(199, 300)],
    ['199-high.mov', sized(mov, 300, 199), 'bad_dimensions', shown(300, 199)],
    ['2161-wide.mov', sized(mov, 2161, 300), 'bad_dimensions', shown(2161, 300)],
    ['2161-high.mp4', sized(mp4, 300, 2161), 'bad_dimensions', shown(300, 2161)],
    // 224 x 208 pixels are within the limits; shown as 2240 x 208 and turned, they are not.
    ['turned.mp4', turnedWithWidePixels(mp4, 10), 'bad_dimensions', shown(208, 2240)],
  ];

  const unusable: Refused[] = [
    ['no-moov.mp4', withoutBox(mp4, 'moov'), 'damaged', noIndex],
    ['no-moov.mov', withoutBox(mov, 'moov'), 'damaged', noIndex],
    ['no-mdat.mp4', withoutBox(mp4, 'mdat'), 'damaged', 'it has an index, but no video or audio (mdat)'],
    ['cut.mp4', mp4.subarray(0, 8000), 'damaged', 'it is cut short: it has 8,000 bytes of 8,639'],
    ['cut.webm', webm.subarray(0, 3000), 'damaged', 'it is cut short: it has 3,000 bytes of 3,695'],
    [
      'garbage.mp3',
      Buffer.from('\xff\xfb\x90\x64garbage'.repeat(1000), 'latin1'),
      'damaged',
      'it has no two consecutive audio frames',
    ],
    [
      'longer.wav',
      withDataSize(wav(3000), 48_001),
      'damaged',
      'it is cut short: it has 48,044 bytes of 48,045',
    ],
    [
      'samples.mp4',
      withSamplesBeyondEnd(mp4),
      'damaged',
      'it is cut short: its index refers to samples beyond its end',
    ],
    ['audio.webm', withoutVideo(webm), 'unsupported_type', `it is a WebM file with audio only; ${accepted}`],
    [
      'audio.mov',
      branded(m4a, 'qt  '),
      'unsupported_type',
      `it is a QuickTime file with audio only; ${accepted}`,
    ],
  ];

  const refused = [...outside, ...unusable];
  const names = refused.map(([name]) => name);
  const refusals = refused.map(([path, _bytes, code, message], index) => ({
    index,
    path,
    status: 'failed',
    attempts: 0,
    error: { code, message, retryable: false, hint: expect.stringMatching(/^[A-Z].*\.$/) },
  }));

  it('is refused by a dry run', async () => {
    const dry = await upload(await folderWith(refused), '--dry-run', ...names);
    expect(dry.records).toEqual(refusals);
    expect(dry.exitCode).toBe(1);
  });

  it('is never sent, and does not hold up a good file', async () => {
    const { records, exitCode, stderr, sandbox } = await upload(
      await folderWith(refused),
      ...names,
      night.file,
    );
    expect(records).toEqual([...refusals, expect.objectContaining({ status: 'uploaded' })]);
    expect(exitCode).toBe(3);
    for (const [name, _bytes, _code, message] of refused) {
      expect(stderr).toContain(`error: ${name}: ${message}\n`);
    }
    expect(sandbox.requests.map(({ bodySize }) => bodySize)).toEqual([night.size]);
  });

  it('is refused by the server with --no-limits, unless it is damaged or of another type', async () => {
    const { records, exitCode, sandbox } = await upload(await folderWith(refused), ...names, '--no-limits');
    expect(records).toEqual(
      refusals.map((record, i) =>
        i < outside.length
          ? expect.objectContaining({
              path: record.path,
              attempts: 1,
              error: expect.objectContaining({ code: 'rejected', httpStatus: 400 }),
            })
          : record,
      ),
    );
    expect(exitCode).toBe(1);
    expect(sandbox.requests).toMatchObject(
      outside.map(([, { length }]) => ({ status: 400, bodySize: length })),
    );
  });
});

describe('a clip within the limits', () => {
  const sent: [name: string, bytes: Buffer, record: object][] = [
    ['2s.mp4', lasting(mp4, 2000), { mediaDurationMs: 2000 }],
    ['15.4s.mov', lasting(mov, 15_400), { mediaDurationMs: 15_400 }],
    ['2s.wav', wav(2000), { mediaDurationMs: 2000 }],
    ['15s.wav', wav(15_000), { mediaDurationMs: 15_000 }],
    ['15s.m4a', lasting(m4a, 15_000), { mediaDurationMs: 15_000 }],
    // The header gives its length.
    ['more.wav', withDataSize(wav(3000), 40_000), { mediaDurationMs: 2500 }],
    ['200.mp4', sized(mp4, 200, 200), { type: 'video', width: 200, height: 200 }],
    ['2160.mov', sized(mov, 2160, 2160), { type: 'video', width: 2160, height: 2160 }],
    ['turned.mp4', turnedWithWidePixels(mp4, 2), { type: 'video', width: 208, height: 448 }],
    ['audio.mp4', branded(m4a, 'isom'), { type: 'audio', contentType: 'audio/mp4', mediaDurationMs: 2600 }],
    ['two.mp4', withTwoVideoTracks(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['encrypted.mp4', encrypted(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['prores.mov', codedAs(mov, 'apcn'), { type: 'video', contentType: 'video/quicktime', width: 208 }],
    ['unknown.mp4', codedAs(mp4, 'zzzz'), { type: 'video', contentType: 'video/mp4', width: 224 }],
    ['live.webm', ofUnknownSize(webm), { type: 'video', contentType: 'video/webm', width: 240 }],
  ];

  it('is sent as what it is and as long and large as it is shown', async () => {
    const { records, exitCode, sandbox } = await upload(
      await folderWith(sent),
      ...sent.map(([name]) => name),
    );
    expect(records).toMatchObject(sent.map(([path, _, record]) => ({ path, status: 'uploaded', ...record })));
    expect(exitCode).toBe(0);
    expect(records.filter((record) => 'warnings' in record)).toEqual([]);
    expect(sandbox.requests).toMatchObject(sent.map(([, { length }]) => ({ status: 200, bodySize: length })));
  });

  it('within 0.1 s of them is sent too: the server decides', async () => {
    const tolerated: [name: string, bytes: Buffer][] = [
      ['1.9s.mp4', lasting(mp4, 1900)],
      ['15.5s.mp4', lasting(mp4, 15_500)],
      ['1.9s.mov', lasting(mov, 1900)],
      ['15.5s.mov', lasting(mov, 15_500)],
      ['1.9s.wav', wav(1900)],
      ['15.1s.wav', wav(15_100)],
      ['15.1s.m4a', lasting(m4a, 15_100)],
    ];
    const names = tolerated.map(([name]) => name);
    const cwd = await folderWith(tolerated);
    const dry = await upload(cwd, '--dry-run', ...names);
    expect(dry.records).toMatchObject(names.map((path) => ({ path, status: 'valid' })));
    expect(dry.exitCode).toBe(0);
    const { records } = await upload(cwd, ...names);
    // The sandbox uses the exact limits of the documentation.
    expect(records).toMatchObject(names.map((path) => ({ path, attempts: 1, error: { code: 'rejected' } })));
  });
});

describe('a file that is too large', () => {
  const padding = box('free');
  const files: [name: string, bytes: Buffer, limit: number, message: string][] = [
    [
      'a.mp4',
      Buffer.concat([mp4, padding]),
      52_428_800,
      'it has 52,428,801 bytes; the limit for a video is 52,428,800',
    ],
    ['a.wav', wav(3000), 15_728_640, 'it has 15,728,641 bytes; the limit for an audio file is 15,728,640'],
    // Only its tracks distinguish an M4A from an MP4.
    [
      'a.m4a',
      Buffer.concat([m4a, padding]),
      15_728_640,
      'it has 15,728,641 bytes; the limit for an audio file is 15,728,640',
    ],
  ];
  const names = files.map(([name]) => name);
  const limits = files.map(([, , limit]) => limit);

  it('has one byte more than the limit', async () => {
    const cwd = await folderWith(files, limits);
    const dry = await upload(cwd, '--dry-run', ...names);
    expect(dry.records).toMatchObject(limits.map((size) => ({ status: 'valid', size })));
    const larger = await folderWith(
      files,
      limits.map((limit) => limit + 1),
    );
    const { records, sandbox } = await upload(larger, ...names);
    expect(records).toMatchObject(
      files.map(([, , , message]) => ({ error: { code: 'too_large', message } })),
    );
    expect(sandbox.requests).toEqual([]);
  });

  it('is not one at the limit, for the server too', async () => {
    const { records, sandbox } = await upload(await folderWith(files, limits), 'a.mp4');
    expect(records).toMatchObject([{ status: 'uploaded', size: 52_428_800 }]);
    expect(sandbox.requests).toMatchObject([{ bodySize: 52_428_800 }]);
  });

  it('is sent with --no-limits, unless it has more than 2 GiB', async () => {
    const cwd = await folderWith(files, [2 ** 31, 15_728_641]);
    const { records, sandbox } = await upload(cwd, 'a.mp4', 'a.wav', '--no-limits');
    expect(records).toMatchObject([
      { error: { code: 'too_large', message: 'it has 2,147,483,648 bytes; the limit is 2,147,483,647' } },
      { error: { code: 'rejected', httpStatus: 400 } },
    ]);
    expect(sandbox.requests).toMatchObject([{ bodySize: 15_728_641 }]);
  });
});

/** A copy of a WAV file whose header says that it has so many bytes of audio. */
function withDataSize(bytes: Buffer, dataBytes: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(dataBytes, 40);
  return copy;
}

/** A copy whose index places its samples far beyond its end. */
function withSamplesBeyondEnd(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0x0fffffff, copy.indexOf('stco') + 12);
  return copy;
}

/** A copy of an ISO base media file with that major brand. */
function branded(bytes: Buffer, brand: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(brand, 8, 'latin1');
  return copy;
}
