import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAssetRef, type UploadedRecord, type UploadRecord, uploadFiles } from '../../src/index.ts';
import { clip, clips, fixture } from '../fixtures.ts';
import { clipBytes, lasting, sized, wav } from '../harness/clip-bytes.ts';
import { answering, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const folder = dirname(clips[0]!.file);
const names = clips.map(({ name }) => name);
const account = 'US:sandbox@example.com';

/** The record of a clip; durations to the rounding of its container. */
const measuresOf = ({ type, width, height, durationMs }: (typeof clips)[number]) => ({
  type,
  mediaDurationMs: expect.closeTo(durationMs, -1),
  ...(type === 'video' && { width, height }),
});

describe('videos and audio files', () => {
  it('get a reference each, which agrees with the record', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', '-c', '1', '--json', ...names], { env, cwd: folder });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/^7 uploaded \(47\.\d kB in .*\)\n$/);
    const records = result.json<UploadedRecord[]>();
    expect(records).toEqual(
      clips.map((it, index) => ({
        index,
        path: it.name,
        status: 'uploaded',
        ...measuresOf(it),
        assetRef: sandbox.assets[index]!.assetRef,
        account,
        size: it.size,
        contentType: it.contentType,
        sha256: createHash('sha256').update(readFileSync(it.file)).digest('hex'),
        attempts: 1,
        durationMs: expect.any(Number),
      })),
    );
    // Each arrived whole, and under its type.
    expect(sandbox.requests).toMatchObject(
      records.map(({ contentType, size, sha256 }) => ({
        headers: { 'content-type': contentType },
        bodySize: size,
        sha256,
        status: 200,
      })),
    );
    for (const record of records) {
      const reference = parseAssetRef(record.assetRef)!;
      expect(reference).toMatchObject({ account, type: record.type, sizeBytes: record.size });
      expect(Math.abs(reference.durationMs! - record.mediaDurationMs!)).toBeLessThan(100);
    }
  });

  it('are identified by content, whatever their names', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await tempDir();
    for (const [i, { file }] of clips.entries()) {
      await copyFile(file, join(cwd, `${i}.png`));
    }
    const result = await runCli(['upload', '-c', '1', '-r', '.'], { env, cwd });
    expect(result).toMatchObject({ exitCode: 0, lines: sandbox.assets.map(({ assetRef }) => assetRef) });
    expect(sandbox.requests.map(({ headers }) => headers['content-type'])).toEqual(
      clips.map(({ contentType }) => contentType),
    );
  });

  it('are found by -r beside images, in natural order', async () => {
    const cwd = await tempDir();
    const found = ['1.png', '2.MP4', '3.webm', '4.Mp3', '5.wav', '6.m4a', '7.aac', '8.m4v', '10.mov'];
    for (const name of [...found, '9.mkv', 'notes.txt', 'list.m3u8']) {
      await copyFile(fixture('night.png').file, join(cwd, name));
    }
    const { exitCode, json } = await runCli(['upload', '-r', '.', '--json', '--dry-run'], { cwd });
    expect(exitCode).toBe(0);
    expect(json<UploadRecord[]>().map(({ path }) => path)).toEqual(found);
  });

  it('are checked by --dry-run, which needs no token', async () => {
    const result = await runCli(['upload', '--dry-run', '--json', ...names, fixture('night.png').file], {
      cwd: folder,
    });
    expect(result.exitCode).toBe(0);
    expect(result.json()).toEqual([
      ...clips.map((it, index) => ({
        index,
        path: it.name,
        status: 'valid',
        ...measuresOf(it),
        size: it.size,
        contentType: it.contentType,
        attempts: 0,
      })),
      expect.objectContaining({ status: 'valid', type: 'image', contentType: 'image/png' }),
    ]);
    expect(result.stderr).toBe('8 valid\n');
  });

  it('may come on standard input', async () => {
    const { sandbox, env } = await sandboxWith();
    const mp4 = clip('clip.mp4');
    const { exitCode, json } = await runCli(['upload', '-', '--json'], { env, stdin: clipBytes('clip.mp4') });
    expect(exitCode).toBe(0);
    const { size, contentType } = mp4;
    expect(json()).toMatchObject([{ path: '-', status: 'uploaded', size, contentType, ...measuresOf(mp4) }]);
    expect(sandbox.requests).toMatchObject([{ bodySize: size }]);
  });

  it('are refused by the first revision of the API, which knows images only', async () => {
    const { sandbox, env } = await sandboxWith({ api: 'legacy' });
    const night = fixture('night.png').file;
    const { exitCode, json, stderr } = await runCli(['upload', 'clip.mp4', 'tone.mp3', night, '--json'], {
      env,
      cwd: folder,
    });
    expect(exitCode).toBe(3);
    const rejected = (contentType: string) => ({
      status: 'failed',
      attempts: 1,
      error: {
        code: 'rejected',
        retryable: false,
        httpStatus: 400,
        message: `the server refused it (HTTP 400: Content-Type (${contentType}) not supported. Valid values: image/jpeg, image/png, image/webp)`,
      },
    });
    expect(json()).toMatchObject([
      rejected('video/mp4'),
      rejected('audio/mpeg'),
      { status: 'uploaded', type: 'image', assetRef: sandbox.assets[0]!.assetRef },
    ]);
    expect(stderr).toContain('error: clip.mp4: the server refused it (HTTP 400: Content-Type (video/mp4)');
  });

  it('are uploaded by the library', async () => {
    const { sandbox } = await sandboxWith();
    const options = { apiUrl: sandbox.apiUrl, token: sandbox.token, account };
    const short = join(await tempDir(), 'short.wav');
    await writeFile(short, wav(1000));
    expect(await uploadFiles([...clips.map(({ file }) => file), short], options)).toMatchObject([
      ...clips.map((it) => ({ status: 'uploaded', ...measuresOf(it) })),
      { error: { code: 'bad_duration' } },
    ]);
    expect(await uploadFiles([short], { ...options, noLimits: true })).toMatchObject([
      { error: { code: 'rejected', httpStatus: 400 } },
    ]);
  });
});

it('the duration and size that the server measures are compared with those measured here', async () => {
  const video = { assetRef: `${account}-video:w224:h208:s8639:d2500-vid:v1`, type: 'video' };
  const audio = { assetRef: `${account}-audio:new`, type: 'audio' };
  const mp4 = clipBytes('clip.mp4');
  // A codec that the WAV reader does not know.
  const unmeasured = wav(3000);
  unmeasured.writeUInt16LE(0x11, 20);
  const length = (seconds: string) => `the server reports ${seconds} s; this program measured 2.5 s`;
  const sides = (size: string) => `the server reports ${size} pixels; this program measured 224x208`;
  const here = { mediaDurationMs: 2500, width: 224, height: 208 };
  const cases: [name: string, bytes: Buffer, answer: object, measures: object, warnings?: string[]][] = [
    ['equal.mp4', mp4, { ...video, width: 224, height: 208, duration: 2500 }, here],
    ['a pixel and 0.1 s more.mp4', mp4, { ...video, width: 225, height: 209, duration: 2600 }, here],
    ['nothing.mp4', mp4, video, here],
    ['a width without a height.mp4', mp4, { assetRef: `${account}-video:new`, width: 100 }, here],
    ['another length.mp4', mp4, { ...video, duration: 2601 }, here, [length('2.601')]],
    ['another size.mp4', mp4, { ...video, width: 208, height: 224 }, here, [sides('208x224')]],
    [
      'both.mp4',
      mp4,
      { ...video, width: 226, height: 208, duration: 5000 },
      here,
      [length('5'), sides('226x208')],
    ],
    // Audio has no sides.
    ['sides.wav', clipBytes('tone.wav'), { ...audio, width: 480, height: 360 }, { mediaDurationMs: 2100 }],
    ['measured by the server only.wav', unmeasured, { ...audio, duration: 6000 }, { mediaDurationMs: 6000 }],
  ];
  const cwd = await tempDir();
  for (const [name, bytes] of cases) {
    await writeFile(join(cwd, name), bytes);
  }
  const { env } = await rawServer((response, _request, ordinal) =>
    sendJson(response, 200, cases[ordinal]![2]),
  );
  const files = cases.map(([name]) => name);
  const result = await runCli(['upload', '-c', '1', '--json', ...files], { env, cwd });
  expect(result.exitCode).toBe(0);
  expect(
    result.json<UploadedRecord[]>().map(({ path, mediaDurationMs, width, height, warnings }) => ({
      path,
      mediaDurationMs,
      width,
      height,
      warnings,
    })),
  ).toEqual(cases.map(([path, , , measures, warnings]) => ({ path, ...measures, warnings })));
  expect(result.stderr.match(/^warning: .*/gm)).toEqual(
    cases.flatMap(([name, , , , warnings = []]) => warnings.map((text) => `warning: ${name}: ${text}`)),
  );
});

describe('--manifest', () => {
  it('remembers videos and audio with their durations and sizes, and sends none twice', async () => {
    const { sandbox, env } = await sandboxWith();
    const manifest = join(await tempDir(), 'refs.ndjson');
    const upload = () => runCli(['upload', '--json', '--manifest', manifest, ...names], { env, cwd: folder });
    const first = (await upload()).json<UploadedRecord[]>();
    const lines = (await readFile(manifest, 'utf8')).trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { sha256, assetRef, mediaDurationMs, width, height, size, contentType } of first) {
      expect(entries).toContainEqual(
        JSON.parse(
          JSON.stringify({
            sha256,
            account,
            endpoint: sandbox.apiUrl,
            assetRef,
            mediaDurationMs,
            width,
            height,
            size,
            contentType,
            uploadedAt: entries.find((it) => it.sha256 === sha256)?.uploadedAt,
          }),
        ),
      );
    }
    const second = await upload();
    expect(second.json()).toEqual(
      first.map((record) => ({ ...record, status: 'reused', attempts: 0, durationMs: expect.any(Number) })),
    );
    expect(second.stderr).toBe('7 reused\n');
    expect(sandbox.requests).toHaveLength(clips.length);
  });

  it('reads a manifest of the first version, which has only imageRef', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await tempDir();
    const { file, width, height, size } = fixture('night.png');
    const imageRef = `${account}-image:w90:h120:s${size}-uri:tos/old`;
    const line = {
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
      account,
      endpoint: sandbox.apiUrl,
      imageRef,
      width,
      height,
      size,
      contentType: 'image/png',
      uploadedAt: '2026-11-01T00:00:00.000Z',
    };
    await writeFile(join(cwd, 'refs'), `${JSON.stringify(line)}\n`);
    const args = ['upload', '--manifest', 'refs', file];
    const json = (await runCli([...args, '--json'], { env, cwd })).json<UploadRecord[]>();
    expect(json).toMatchObject([
      { status: 'reused', type: 'image', assetRef: imageRef, imageRef, width, height },
    ]);
    const omni = await runCli([...args, '--format', 'omni'], { env, cwd });
    expect(omni.json()).toEqual({ omni_1_imageRef: imageRef });
    expect(sandbox.requests).toEqual([]);
  });
});

describe('--no-limits', () => {
  it('lifts the limits on size, length and sides, but not the checks of type and damage', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await tempDir();
    const mp4 = clipBytes('clip.mp4');
    const files = {
      'long.wav': wav(60_000),
      'long.mp4': lasting(mp4, 30_000),
      'small.mp4': sized(mp4, 64, 64),
      'cut.mp4': mp4.subarray(0, 5000),
      'text.mp4': Buffer.from('text'),
      'empty.mp4': Buffer.alloc(0),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(cwd, name), bytes);
    }
    const dry = await runCli(['upload', '--dry-run', '--json', '--no-limits', ...Object.keys(files)], {
      env,
      cwd,
    });
    expect(dry.exitCode).toBe(3);
    expect(dry.json()).toMatchObject([
      { status: 'valid', mediaDurationMs: 60_000 },
      { status: 'valid', mediaDurationMs: 30_000 },
      { status: 'valid', width: 64, height: 64 },
      { error: { code: 'damaged' } },
      { error: { code: 'unsupported_type' } },
      { error: { code: 'empty' } },
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it('applies to standard input too', async () => {
    const stdin = Buffer.concat([wav(3000), Buffer.alloc(16_000_000)]);
    const limited = await runCli(['upload', '--dry-run', '-'], { stdin });
    expect(limited.stderr).toContain(
      'standard input: it has 16,048,044 bytes; the limit for an audio file is 15,728,640\n',
    );
    const unlimited = await runCli(['upload', '--dry-run', '-', '--no-limits'], { stdin });
    expect(unlimited).toMatchObject({ exitCode: 0, stderr: '1 valid\n' });
  });

  it('leaves the decision to the server', async () => {
    const file = join(await tempDir(), 'long.wav');
    await writeFile(file, wav(30_000));
    const assetRef = 'US:name@example.com-audio:w480:h360:s480044:d30000-vid:v1';
    const { env } = await rawServer(answering(200, { assetRef, duration: 30_000 }));
    const result = await runCli(['upload', '--no-limits', file], { env });
    expect(result).toMatchObject({ exitCode: 0, lines: [assetRef] });
  });
});

it('lists each type in the summary of GitHub Actions', async () => {
  const { sandbox, env } = await sandboxWith();
  const cwd = await tempDir();
  await writeFile(join(cwd, 'short.wav'), wav(1000));
  const summary = join(cwd, 'summary.md');
  const args = ['upload', '-c', '1', clip('clip.mp4').file, 'short.wav', clip('tone.mp3').file];
  const { exitCode, stderr } = await runCli(args, {
    env: { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
    cwd,
  });
  expect(exitCode).toBe(3);
  expect(stderr).toContain(
    '::error file=short.wav,title=dreamina upload::short.wav: it lasts 1 s; an audio file may last 2 to 15 s\n',
  );
  const unescaped = (await readFile(summary, 'utf8')).replace(/&#(\d+);/g, (_, code) =>
    String.fromCodePoint(Number(code)),
  );
  for (const { assetRef } of sandbox.assets) {
    expect(unescaped).toContain(`| uploaded | ${assetRef} |\n`);
  }
  expect(unescaped).toContain('| short.wav | failed | it lasts 1 s');
});
