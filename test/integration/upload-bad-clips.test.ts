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
import { type CliResult, runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const mp4 = clipBytes('clip.mp4');
const mov = clipBytes('clip.mov');
const webm = clipBytes('clip.webm');
const mp3 = clipBytes('tone.mp3');
const aac = clipBytes('tone.aac');
const m4a = clipBytes('tone.m4a');

const night = fixture('night.png');

const accepted = 'JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';

/** The first elements of a case. */
type Case = readonly [name: string, bytes: Buffer, ...others: unknown[]];

async function folderWith(cases: readonly Case[], sizeBytes?: number): Promise<string> {
  const cwd = await tempDir();
  for (const [name, bytes] of cases) {
    await writeFile(join(cwd, name), bytes);
    await truncate(join(cwd, name), sizeBytes ?? bytes.length);
  }
  return cwd;
}

async function dryRun(cwd: string, names: readonly string[]) {
  return withRecords(await runCli(['upload', '--dry-run', '--json', ...names], { cwd }), names);
}

/** Uploads files, one after the other, to a sandbox of their own. */
async function upload(cwd: string, names: readonly string[], ...flags: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '-c', '1', '--json', ...names, ...flags], { cwd, env });
  return { ...withRecords(result, names), sandbox };
}

/** Uploads files that are all refused, and a good one beside them; prints JSON, and then text. */
async function uploadWithGood(cwd: string, names: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const json = await runCli(['upload', '--json', ...names, night.file], { cwd, env });
  const text = await runCli(['upload', ...names, night.file], { cwd, env });
  return { json: withRecords(json, [...names, night.file]), text, sandbox };
}

function withRecords({ exitCode, stderr, json }: CliResult, names: readonly string[]) {
  const records = json<UploadRecord[]>();
  expect(records.map(({ path }) => path)).toEqual(names);
  return { exitCode, stderr, records, recordOf: (name: string) => records[names.indexOf(name)]! };
}

/**
 * Runs with all files of a table, because each run starts a thread; none starts before a case asks for it.
 *
 * @param sizeBytes the size to which zeros extend each file
 */
function runsOf(cases: readonly Case[], sizeBytes?: number) {
  const names = cases.map(([name]) => name);
  const folder = () => folderWith(cases, sizeBytes);
  return {
    names,
    dryRun: once(async () => dryRun(await folder(), names)),
    upload: once(async () => upload(await folder(), names)),
    uploadUnlimited: once(async () => upload(await folder(), names, '--no-limits')),
    uploadWithGood: once(async () => uploadWithGood(await folder(), names)),
  };
}

function once<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= run();
    return result;
  };
}

/** Expects the same refusal with and without `--dry-run`, beside a good file too, and that the file is never sent. */
async function expectRefused(
  runs: ReturnType<typeof runsOf>,
  name: string,
  code: UploadErrorCode,
  message: string,
) {
  const expected = {
    index: runs.names.indexOf(name),
    path: name,
    status: 'failed',
    attempts: 0,
    error: { code, message, retryable: false, hint: expect.stringMatching(/^[A-Z].*\.$/) },
  };
  const dry = await runs.dryRun();
  expect(dry.exitCode).toBe(1);
  expect(dry.recordOf(name)).toEqual(expected);
  const { json, text, sandbox } = await runs.uploadWithGood();
  expect(json.recordOf(name)).toEqual(expected);
  expect(json.recordOf(night.file)).toMatchObject({ status: 'uploaded' });
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

  const refused: [name: string, bytes: Buffer, message: string][] = [
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
    // The header of each copy but the first counts as an audio frame.
    ['long.mp3', Buffer.concat(Array(7).fill(mp3)), audio('17.604')],
    ['long.aac', Buffer.concat(Array(7).fill(aac)), audio('16.576')],
  ];
  const refusedRuns = runsOf(refused);

  it.each(refused)(
    '%s is refused before sending, and by the server with --no-limits',
    async (name, _bytes, message) => {
      await expectRefused(refusedRuns, name, 'bad_duration', message);
      const { exitCode, recordOf, sandbox } = await refusedRuns.uploadUnlimited();
      expect(exitCode).toBe(1);
      expect(recordOf(name)).toMatchObject({ attempts: 1, error: { code: 'rejected', httpStatus: 400 } });
      expect(sandbox.requests).toMatchObject(
        refused.map(([, { length }]) => ({ status: 400, bodySize: length })),
      );
    },
  );

  const tolerated: [name: string, bytes: Buffer][] = [
    ['1.9s.mp4', lasting(mp4, 1900)],
    ['15.5s.mp4', lasting(mp4, 15_500)],
    ['1.9s.mov', lasting(mov, 1900)],
    ['15.5s.mov', lasting(mov, 15_500)],
    ['1.9s.wav', wav(1900)],
    ['15.1s.wav', wav(15_100)],
    ['15.1s.m4a', lasting(m4a, 15_100)],
  ];
  const toleratedRuns = runsOf(tolerated);

  it.each(tolerated)('%s is sent, because it is within 0.1 s of the limit', async (name) => {
    const dry = await toleratedRuns.dryRun();
    expect(dry.exitCode).toBe(0);
    expect(dry.recordOf(name)).toMatchObject({ status: 'valid' });
    const { recordOf, sandbox } = await toleratedRuns.upload();
    // The sandbox uses the exact limits of the documentation.
    expect(recordOf(name)).toMatchObject({ error: { code: 'rejected' } });
    expect(sandbox.requests).toHaveLength(tolerated.length);
  });

  const beyond: [name: string, bytes: Buffer][] = [
    ['1.89s.mp4', lasting(mp4, 1890)],
    ['15.51s.mp4', lasting(mp4, 15_510)],
    ['1.89s.mov', lasting(mov, 1890)],
    ['15.51s.mov', lasting(mov, 15_510)],
    ['1.89s.wav', wav(1890)],
    ['15.11s.wav', wav(15_110)],
    ['15.11s.m4a', lasting(m4a, 15_110)],
  ];
  const beyondRuns = runsOf(beyond);

  it.each(beyond)('%s is not sent, because it is not within 0.1 s of the limit', async (name) => {
    const dry = await beyondRuns.dryRun();
    expect(dry.exitCode).toBe(1);
    expect(dry.recordOf(name)).toMatchObject({ status: 'failed', error: { code: 'bad_duration' } });
    const { recordOf, sandbox } = await beyondRuns.upload();
    expect(recordOf(name)).toMatchObject({ error: { code: 'bad_duration' } });
    expect(sandbox.requests).toEqual([]);
  });

  const within: [name: string, bytes: Buffer, durationMs: number][] = [
    ['2s.mp4', lasting(mp4, 2000), 2000],
    ['15.4s.mov', lasting(mov, 15_400), 15_400],
    ['2s.wav', wav(2000), 2000],
    ['15s.wav', wav(15_000), 15_000],
    ['15s.m4a', lasting(m4a, 15_000), 15_000],
  ];
  const withinRuns = runsOf(within);

  it.each(within)('%s is within the limits', async (name, _bytes, mediaDurationMs) => {
    const { exitCode, recordOf } = await withinRuns.upload();
    expect(exitCode).toBe(0);
    expect(recordOf(name)).toMatchObject({ status: 'uploaded', mediaDurationMs });
    expect(recordOf(name)).not.toHaveProperty('warnings');
  });
});

describe('a video that is too small or too large', () => {
  const message = (width: number, height: number) =>
    `it is shown at ${width} x ${height} pixels; each side may have 200 to 2160`;

  const refused: [name: string, bytes: Buffer, message: string][] = [
    ['199-wide.mp4', sized(mp4, 199, 300), message(199, 300)],
    ['199-high.mov', sized(mov, 300, 199), message(300, 199)],
    ['2161-wide.mov', sized(mov, 2161, 300), message(2161, 300)],
    ['2161-high.mp4', sized(mp4, 300, 2161), message(300, 2161)],
    // 224 x 208 pixels are within the limits; shown as 2240 x 208 and turned, they are not.
    ['turned.mp4', turnedWithWidePixels(mp4, 10), message(208, 2240)],
  ];
  const refusedRuns = runsOf(refused);

  it.each(refused)(
    '%s is refused before sending, and by the server with --no-limits',
    async (name, _bytes, refusal) => {
      await expectRefused(refusedRuns, name, 'bad_dimensions', refusal);
      const { recordOf, sandbox } = await refusedRuns.uploadUnlimited();
      expect(recordOf(name)).toMatchObject({ attempts: 1, error: { code: 'rejected', httpStatus: 400 } });
      expect(sandbox.requests).toHaveLength(refused.length);
    },
  );

  const within: [name: string, bytes: Buffer, width: number, height: number][] = [
    ['200.mp4', sized(mp4, 200, 200), 200, 200],
    ['2160.mov', sized(mov, 2160, 2160), 2160, 2160],
    ['turned.mp4', turnedWithWidePixels(mp4, 2), 208, 448],
  ];
  const withinRuns = runsOf(within);

  it.each(within)('%s is within the limits at its display size', async (name, _bytes, width, height) => {
    const { exitCode, recordOf } = await withinRuns.upload();
    expect(exitCode).toBe(0);
    expect(recordOf(name)).toMatchObject({ type: 'video', width, height });
    expect(recordOf(name)).not.toHaveProperty('warnings');
  });
});

describe('a file that is too large', () => {
  const padding = box('free');
  it.each<[name: string, bytes: Buffer, limit: number, message: string]>([
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
  ])('%s is refused with one byte more than the limit', async (name, bytes, limit, message) => {
    const { exitCode, records, sandbox } = await runsOf([[name, bytes]], limit).upload();
    expect(exitCode).toBe(0);
    expect(records).toMatchObject([{ status: 'uploaded', size: limit }]);
    expect(sandbox.requests).toMatchObject([{ bodySize: limit }]);
    const runs = runsOf([[name, bytes]], limit + 1);
    await expectRefused(runs, name, 'too_large', message);
    const unlimited = await runs.uploadUnlimited();
    expect(unlimited.records).toMatchObject([{ error: { code: 'rejected', httpStatus: 400 } }]);
    expect(unlimited.sandbox.requests).toMatchObject([{ bodySize: limit + 1 }]);
  });

  it('is refused even with --no-limits if it has more than 2 GiB', async () => {
    const runs = runsOf([['a.mp4', Buffer.concat([mp4, padding])]], 2 ** 31);
    const { records, sandbox } = await runs.uploadUnlimited();
    expect(records).toMatchObject([
      { error: { code: 'too_large', message: 'it has 2,147,483,648 bytes; the limit is 2,147,483,647' } },
    ]);
    expect(sandbox.requests).toEqual([]);
  });
});

describe('a clip that is damaged', () => {
  const wavOf = (dataBytes: number) => {
    const lying = wav(3000);
    lying.writeUInt32LE(dataBytes, 40);
    return lying;
  };
  const refused: [name: string, bytes: Buffer, message: string][] = [
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
    ['no-mdat.mp4', withoutBox(mp4, 'mdat'), 'it has an index, but no video or audio (mdat)'],
    ['cut.mp4', mp4.subarray(0, 8000), 'it is cut short: it has 8,000 bytes of 8,639'],
    ['cut.webm', webm.subarray(0, 3000), 'it is cut short: it has 3,000 bytes of 3,695'],
    [
      'garbage.mp3',
      Buffer.from('\xff\xfb\x90\x64garbage'.repeat(1000), 'latin1'),
      'it has no two consecutive audio frames',
    ],
    ['longer.wav', wavOf(48_001), 'it is cut short: it has 48,044 bytes of 48,045'],
    ['samples.mp4', editSampleOffset(mp4), 'it is cut short: its index refers to samples beyond its end'],
  ];
  const refusedRuns = runsOf(refused);

  it.each(refused)('%s is refused, with --no-limits too', async (name, _bytes, message) => {
    await expectRefused(refusedRuns, name, 'damaged', message);
    const { recordOf, sandbox } = await refusedRuns.uploadUnlimited();
    expect(recordOf(name)).toMatchObject({ attempts: 0, error: { code: 'damaged', message } });
    expect(sandbox.requests).toEqual([]);
  });

  it('does not include a WAV with more data than its header says: the header gives its length', async () => {
    const { records } = await runsOf([['less.wav', wavOf(40_000)]]).upload();
    expect(records).toMatchObject([{ mediaDurationMs: 2500 }]);
    const message = 'it lasts 1 s; an audio file may last 2 to 15 s';
    await expectRefused(runsOf([['less.wav', wavOf(16_000)]]), 'less.wav', 'bad_duration', message);
  });
});

/** A copy whose index places its samples far beyond its end. */
function editSampleOffset(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0x0fffffff, copy.indexOf('stco') + 12);
  return copy;
}

describe('the check of the tracks', () => {
  const audioOnly: [name: string, bytes: Buffer, what: string][] = [
    ['audio.webm', withoutVideo(webm), 'it is a WebM file with audio only'],
    ['audio.mov', branded(m4a, 'qt  '), 'it is a QuickTime file with audio only'],
  ];
  const audioOnlyRuns = runsOf(audioOnly);

  it.each(audioOnly)('refuses %s, which has no video track', async (name, _bytes, what) => {
    await expectRefused(audioOnlyRuns, name, 'unsupported_type', `${what}; ${accepted}`);
  });

  const sent: [name: string, bytes: Buffer, record: object][] = [
    ['audio.mp4', branded(m4a, 'isom'), { type: 'audio', contentType: 'audio/mp4', mediaDurationMs: 2600 }],
    ['two.mp4', withTwoVideoTracks(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['encrypted.mp4', encrypted(mp4), { type: 'video', mediaDurationMs: 2500, width: 224, height: 208 }],
    ['prores.mov', codedAs(mov, 'apcn'), { type: 'video', contentType: 'video/quicktime', width: 208 }],
    ['unknown.mp4', codedAs(mp4, 'zzzz'), { type: 'video', contentType: 'video/mp4', width: 224 }],
    ['live.webm', ofUnknownSize(webm), { type: 'video', contentType: 'video/webm', width: 240 }],
  ];
  const sentRuns = runsOf(sent);

  it.each(sent)('sends %s as the type of its tracks', async (name, _bytes, expected) => {
    const { exitCode, recordOf, sandbox } = await sentRuns.upload();
    expect(exitCode).toBe(0);
    expect(recordOf(name)).toMatchObject({ status: 'uploaded', ...expected });
    expect(recordOf(name)).not.toHaveProperty('warnings');
    expect(sandbox.requests).toMatchObject(sent.map(([, { length }]) => ({ status: 200, bodySize: length })));
  });
});

/** A copy of an ISO base media file with that major brand. */
function branded(bytes: Buffer, brand: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(brand, 8, 'latin1');
  return copy;
}
