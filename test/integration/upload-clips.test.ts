import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAssetRef, type UploadedRecord, type UploadRecord, uploadFiles } from '../../src/index.ts';
import { clip, clips, fixture } from '../fixtures.ts';
import { clipBytes, lasting, sized, wav } from '../harness/clip-bytes.ts';
import { answering, rawServer } from '../harness/raw-server.ts';
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
  const expectedRecords = (references: readonly string[]) =>
    clips.map((it, index) => ({
      index,
      path: it.name,
      status: 'uploaded',
      ...measuresOf(it),
      assetRef: references[index],
      account,
      size: it.size,
      contentType: it.contentType,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      attempts: 1,
      durationMs: expect.any(Number),
    }));

  it('get a reference each, in text, JSON and NDJSON', async () => {
    const { sandbox, env } = await sandboxWith();
    const upload = (format: string) =>
      runCli(['upload', '-c', '1', '--format', format, ...names], { env, cwd: folder });
    const text = await upload('text');
    const json = await upload('json');
    const ndjson = await upload('ndjson');
    const references = sandbox.assets.map(({ assetRef }) => assetRef);
    const count = clips.length;
    expect(text).toMatchObject({ exitCode: 0, lines: references.slice(0, count) });
    expect(text.stderr).toMatch(/^7 uploaded \(47\.\d kB in .*\)\n$/);
    expect(json.json()).toEqual(expectedRecords(references.slice(count, 2 * count)));
    expect(ndjson.lines.map((line) => JSON.parse(line))).toEqual(
      expectedRecords(references.slice(2 * count)),
    );
    // Each arrived whole, and under its type.
    for (const [i, { headers, bodySize, sha256, status }] of sandbox.requests.entries()) {
      const { contentType, size, file } = clips[i % count]!;
      expect({ type: headers['content-type'], bodySize, sha256, status }).toEqual({
        type: contentType,
        bodySize: size,
        sha256: createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
        status: 200,
      });
    }
  });

  it('are identified by content, whatever their names', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await tempDir();
    for (const [i, { file }] of clips.entries()) {
      await writeFile(join(cwd, `${i}.png`), await readFile(file));
    }
    const result = await runCli(['upload', '-c', '1', '-r', '.'], { env, cwd });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests.map(({ headers }) => headers['content-type'])).toEqual(
      clips.map(({ contentType }) => contentType),
    );
  });

  it('get a reference that agrees with the record', async () => {
    const { env } = await sandboxWith();
    const { json } = await runCli(['upload', '--json', ...names], { env, cwd: folder });
    for (const record of json<UploadedRecord[]>()) {
      const reference = parseAssetRef(record.assetRef)!;
      expect(reference).toMatchObject({ account, type: record.type, sizeBytes: record.size });
      expect(Math.abs(reference.durationMs! - record.mediaDurationMs!)).toBeLessThan(100);
      expect(record).not.toHaveProperty('imageRef');
    }
  });

  it('are found by -r and by globs beside images, in natural order', async () => {
    const { env } = await sandboxWith();
    const cwd = await tempDir();
    const copies = ['2.MP4', '10.mov', '1.png', '3.webm', '4.Mp3', '5.wav', '6.m4a', '7.aac', '8.m4v'];
    for (const name of [...copies, '9.mkv', 'notes.txt', 'list.m3u8']) {
      const source = name.endsWith('png') ? fixture('night.png') : clip('clip.mp4');
      await writeFile(join(cwd, name), await readFile(source.file));
    }
    const { exitCode, json } = await runCli(['upload', '-r', '.', '--json'], { env, cwd });
    expect(exitCode).toBe(0);
    expect(json<UploadRecord[]>().map(({ path }) => path)).toEqual([
      '1.png',
      '2.MP4',
      '3.webm',
      '4.Mp3',
      '5.wav',
      '6.m4a',
      '7.aac',
      '8.m4v',
      '10.mov',
    ]);
    const glob = await runCli(['upload', '*.{mov,webm}', '--exclude', '3*', '--json'], { env, cwd });
    expect(glob.json<UploadRecord[]>().map(({ path }) => path)).toEqual(['10.mov']);
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

  it.each(names)('%s may come on standard input', async (name) => {
    const { sandbox, env } = await sandboxWith();
    const { file, size, contentType } = clips.find((it) => it.name === name)!;
    const { exitCode, json } = await runCli(['upload', '-', '--json'], { env, stdin: await readFile(file) });
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject([
      {
        path: '-',
        status: 'uploaded',
        size,
        contentType,
        ...measuresOf(clips.find((it) => it.name === name)!),
      },
    ]);
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
    const records = await uploadFiles(
      clips.map(({ file }) => file),
      options,
    );
    expect(records).toMatchObject(clips.map((it) => ({ status: 'uploaded', ...measuresOf(it) })));
    const short = join(await tempDir(), 'short.wav');
    await writeFile(short, wav(1000));
    expect(await uploadFiles([short], options)).toMatchObject([{ error: { code: 'bad_duration' } }]);
    expect(await uploadFiles([short], { ...options, noLimits: true })).toMatchObject([
      { error: { code: 'rejected', httpStatus: 400 } },
    ]);
  });
});

describe('the duration and size that the server measures', () => {
  const reference = 'US:name@example.com-video:w224:h208:s8639:d2500-vid:v1';
  const plain = { assetRef: reference, account: 'US:name@example.com', type: 'video', size: 8639 };

  async function uploadTo(body: object, file = clip('clip.mp4').file) {
    const { env } = await rawServer(answering(200, body));
    const result = await runCli(['upload', file, '--json'], { env });
    expect(result.exitCode).toBe(0);
    return { record: result.json<UploadedRecord[]>()[0]!, stderr: result.stderr };
  }

  it.each<[what: string, answer: object, warnings: readonly string[] | undefined]>([
    ['equal', { width: 224, height: 208, duration: 2500 }, undefined],
    ['a pixel and 0.1 s more', { width: 225, height: 209, duration: 2600 }, undefined],
    ['nothing', {}, undefined],
    ['a width without a height', { assetRef: 'US:name@example.com-video:new', width: 100 }, undefined],
    ['another length', { duration: 2601 }, ['the server reports 2.601 s; this program measured 2.5 s']],
    [
      'another size',
      { width: 208, height: 224 },
      ['the server reports 208x224 pixels; this program measured 224x208'],
    ],
    [
      'both',
      { width: 226, height: 208, duration: 5000 },
      [
        'the server reports 5 s; this program measured 2.5 s',
        'the server reports 226x208 pixels; this program measured 224x208',
      ],
    ],
  ])('are compared with those measured here: %s', async (_, answer, warnings) => {
    const { record, stderr } = await uploadTo({ ...plain, ...answer });
    expect(record).toMatchObject({ mediaDurationMs: 2500, width: 224, height: 208 });
    expect(record.warnings).toEqual(warnings);
    for (const warning of warnings ?? []) {
      expect(stderr).toContain(`warning: ${clip('clip.mp4').file}: ${warning}\n`);
    }
    expect(stderr.match(/^warning/gm)?.length).toBe(warnings?.length);
  });

  it('are ignored for the width and height of an audio file', async () => {
    const { size, file } = clip('tone.wav');
    const { record } = await uploadTo(
      {
        assetRef: `US:name@example.com-audio:w480:h360:s${size}:d2100-vid:v1`,
        size,
        width: 480,
        height: 360,
      },
      file,
    );
    expect(record).toMatchObject({ type: 'audio', mediaDurationMs: 2100 });
    expect(record).not.toHaveProperty('width');
    expect(record).not.toHaveProperty('height');
    expect(record).not.toHaveProperty('warnings');
  });

  it('are used if nothing could be measured here', async () => {
    // A codec that the WAV reader does not know.
    const adpcm = wav(3000);
    adpcm.writeUInt16LE(0x11, 20);
    const file = join(await tempDir(), 'adpcm.wav');
    await writeFile(file, adpcm);
    const dry = await runCli(['upload', '--dry-run', '--json', file]);
    expect(dry.json<object[]>()[0]).not.toHaveProperty('mediaDurationMs');
    const assetRef = `US:name@example.com-audio:w480:h360:s${adpcm.length}:d6000-vid:v1`;
    const { record } = await uploadTo({ assetRef, duration: 6000 }, file);
    expect(record).toMatchObject({ mediaDurationMs: 6000 });
    expect(record).not.toHaveProperty('warnings');
  });
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
    const args = ['upload', '--manifest', 'refs', file, clip('tone.mp3').file];
    const json = (await runCli([...args, '--json'], { env, cwd })).json<UploadRecord[]>();
    expect(json).toMatchObject([
      { status: 'reused', type: 'image', assetRef: imageRef, imageRef, width, height },
      { status: 'uploaded', type: 'audio' },
    ]);
    const omni = await runCli([...args, '--format', 'omni'], { env, cwd });
    expect(omni.json()).toEqual({
      omni_1_imageRef: imageRef,
      omni_1_audioRef: sandbox.assets[0]!.assetRef,
    });
    expect(sandbox.requests).toHaveLength(1);
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
