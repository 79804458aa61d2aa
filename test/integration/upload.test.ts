import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture, fixtures } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

describe('upload', () => {
  it('prints one reference per file, in input order, with the true sizes', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', ...fixtures.map(({ file }) => file)], { env });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toHaveLength(fixtures.length);
    for (const [i, { width, height, size }] of fixtures.entries()) {
      expect(result.lines[i]).toMatch(
        new RegExp(`^US:sandbox@example\\.com-image:w${width}:h${height}:s${size}-uri:`),
      );
    }
    expect(sandbox.requests.map(({ status }) => status)).toEqual(fixtures.map(() => 200));
    expect(result.stderr).toMatch(/^7 uploaded \(21\.7 kB in \d+m?s\)\n$/);
  });

  it('gives a record with every promised field', async () => {
    const { sandbox, env } = await sandboxWith();
    const night = fixture('night.png');
    const result = await runCli(['upload', night.file, '--json'], { env });
    expect(result.json()).toEqual([
      {
        index: 0,
        path: night.file,
        status: 'uploaded',
        type: 'image',
        assetRef: sandbox.assets[0]!.imageRef,
        imageRef: sandbox.assets[0]!.imageRef,
        account: 'US:sandbox@example.com',
        width: night.width,
        height: night.height,
        size: night.size,
        contentType: 'image/png',
        sha256: sandbox.requests[0]!.sha256,
        attempts: 1,
        durationMs: expect.any(Number),
      },
    ]);
  });

  it.each(['legacy', 'current', 'both'] as const)('understands answers of the %s revision', async (api) => {
    const { sandbox, env } = await sandboxWith({ api });
    const result = await runCli(['upload', fixture('night.png').file], { env });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual([sandbox.assets[0]!.imageRef]);
  });

  it('sends each type under its own name, an animated PNG as a PNG', async () => {
    const { sandbox, env } = await sandboxWith();
    await runCli(['upload', '-c', '1', ...fixtures.map(({ file }) => file)], { env });
    expect(sandbox.requests.map(({ headers }) => headers['content-type'])).toEqual(
      fixtures.map(({ contentType }) => contentType),
    );
  });

  it('keeps the order of the input when a later file is settled first', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: '500', count: 1 }] });
    const files = [fixture('night.png').file, fixture('sunset.jpg').file, fixture('logo.webp').file];
    const result = await runCli(['upload', ...files, '--format', 'ndjson'], { env });
    const records = result.lines.map((line) => JSON.parse(line) as UploadRecord);
    expect(records.map(({ path, index }) => [index, path])).toEqual(files.map((file, i) => [i, file]));
    expect(records.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 2]);
  });

  it('never exceeds the allowed number of uploads in flight', async () => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 5 });
    const dir = await tempDir();
    for (let i = 0; i < 20; i += 1) {
      await copyFile(fixture('night.png').file, join(dir, `${i}.png`));
    }
    const result = await runCli(['upload', '-r', dir, '-c', '3'], { env });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(20);
    expect(sandbox.maxInFlight).toBe(3);
  });

  it('uses the account of -a, percent-encoded as one segment', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', fixture('night.png').file, '-a', 'CA:sandbox@example.com'], {
      env,
    });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests[0]!.path).toBe('/v1/dreamina/assets/CA%3Asandbox%40example.com');
  });

  it('--sandbox needs no settings and ignores configured ones', async () => {
    const env = {
      DREAMINA_TOKEN: 'not a token\n',
      DREAMINA_ACCOUNT: 'nonsense',
      DREAMINA_API_URL: 'http://192.0.2.1/',
    };
    const result = await runCli(['upload', '--sandbox', fixture('night.png').file], { env });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual([
      expect.stringMatching(/^US:sandbox@example\.com-image:w90:h120:s3443-uri:/),
    ]);
  });
});

describe('--format', () => {
  const [night, sunset, waves] = [
    fixture('night.png').file,
    fixture('sunset.jpg').file,
    fixture('waves-progressive.jpg').file,
  ];

  it('json is one array, which contains the failures', async () => {
    const { env } = await sandboxWith();
    const dir = await tempDir();
    await copyFile(night, join(dir, 'a.png'));
    const bad = join(import.meta.dirname, 'upload.test.ts');
    const result = await runCli(['upload', 'a.png', bad, '--format', 'json'], { env, cwd: dir });
    expect(result.exitCode).toBe(3);
    expect(result.json()).toEqual([
      expect.objectContaining({ index: 0, path: 'a.png', status: 'uploaded' }),
      {
        index: 1,
        path: bad,
        status: 'failed',
        attempts: 0,
        error: {
          code: 'unsupported_type',
          message:
            'it is a text file; JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted',
          retryable: false,
          hint: expect.any(String),
        },
      },
    ]);
  });

  it('frames with one image has a first frame', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', night, '--format', 'frames'], { env });
    expect(result.json()).toEqual({ firstFrameRef: sandbox.assets[0]!.imageRef });
  });

  it('frames with two images has a first and an end frame, in that order', async () => {
    const { env } = await sandboxWith();
    const result = await runCli(['upload', sunset, waves, '--format', 'frames'], { env });
    expect(result.json()).toEqual({
      firstFrameRef: expect.stringContaining(':w160:h90:'),
      endFrameRef: expect.stringContaining(':w128:h72:'),
    });
    expect(result.stderr).not.toContain('warning');
  });

  it('frames with three to ten images has key frames', async () => {
    const { env } = await sandboxWith();
    const result = await runCli(['upload', ...Array(10).fill(night), '--format', 'frames'], { env });
    expect(Object.keys(result.json<object>())).toEqual(
      Array.from({ length: 10 }, (_, i) => `frame_${i + 1}_imageRef`),
    );
  });

  it('frames with eleven images is a usage error, and nothing is sent', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', ...Array(11).fill(night), '--format', 'frames'], { env });
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain('at most 10 images');
    expect(sandbox.requests).toEqual([]);
  });

  it('frames warns if the aspect ratios differ', async () => {
    const { env } = await sandboxWith();
    const result = await runCli(['upload', sunset, night, '--format', 'frames'], { env });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain(
      `warning: the frames differ in aspect ratio: ${sunset} is 160x90, ${night} is 90x120`,
    );
  });

  it('frames prints nothing unless every file has a reference', async () => {
    const { env } = await sandboxWith();
    const result = await runCli(['upload', night, import.meta.filename, '--format', 'frames'], { env });
    expect(result.exitCode).toBe(3);
    expect(result.stdout).toBe('');
  });

  it('--json conflicts with other formats', async () => {
    const result = await runCli(['upload', '--sandbox', night, '--json', '--format', 'text']);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('--json');
  });
});

describe('without an account', () => {
  const { file } = fixture('night.png');

  it('lists the accounts of the token, and sends nothing', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', file], { env: { ...env, DREAMINA_ACCOUNT: '' } });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe(
      'error: there is no account (the token is from environment variable DREAMINA_TOKEN)\n' +
        '  Give it with -a REGION:email, in DREAMINA_ACCOUNT, or as `account` in a config file: ' +
        'this token has CA:sandbox@example.com, US:sandbox@example.com.\n',
    );
    expect(sandbox.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('shows the form of an account if the service does not list any', async () => {
    const { sandbox, env } = await sandboxWith();
    await sandbox.close();
    const result = await runCli(['upload', file], { env: { ...env, DREAMINA_ACCOUNT: '' } });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(
      '-a REGION:email, in DREAMINA_ACCOUNT, or as `account` in a config file.\n',
    );
  });
});
