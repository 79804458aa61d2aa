import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/upload/record.ts';
import { clip, fixture } from '../fixtures.ts';
import { type CliResult, runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const orange = { r: 240, g: 120, b: 30 };
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: orange } });

/** Its decoder starts in half the time of that of HEIC. */
const gif = await flat(96, 64).gif().toBuffer();
const turned = await flat(60, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();

/** A folder with a GIF, a JPEG that is fine as it is, and a JPEG that needs a turn. */
async function photoFolder(): Promise<string> {
  const cwd = await tempDir();
  await writeFile(join(cwd, 'photo.gif'), gif);
  await copyFile(fixture('sunset.jpg').file, join(cwd, 'sunset.jpg'));
  await writeFile(join(cwd, 'turned.jpg'), turned);
  return cwd;
}

/** Runs without a program on PATH, and with temporary files in its own folder. */
async function upload(
  args: readonly string[],
  world: World,
): Promise<CliResult & { records(): readonly UploadRecord[]; leftBehind(): Promise<readonly string[]> }> {
  const temporary = await tempDir();
  const result = await runCli(['upload', '--format', 'ndjson', ...args], { tempDir: temporary, ...world });
  return {
    ...result,
    records: () => result.lines.map((line) => JSON.parse(line)),
    leftBehind: () => readdir(temporary),
  };
}

describe('a refusal', () => {
  it('leads to --fit where that may help, and nobody who has asked for it already', async () => {
    const cwd = await photoFolder();
    // A TIFF whose tags are missing: not even its type is certain.
    await writeFile(join(cwd, 'cut.tif'), 'II*\0\xff\xff\xff\0'.padEnd(60), 'latin1');
    await writeFile(join(cwd, 'drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const hintsOf = async (...args: string[]) => {
      const { records } = await upload(['--dry-run', ...args], { cwd });
      return records().map((record) => record.status === 'failed' && record.error.hint);
    };
    const convert = 'Convert it to JPEG, PNG or WebP; renaming it does not help.';
    expect(await hintsOf('photo.gif', 'cut.tif', 'drawing.svg')).toEqual([
      `${convert} Or let --fit do it.`,
      `${convert} Or let --fit do it.`,
      convert,
    ]);
    expect(await hintsOf('--fit', 'photo.gif', 'cut.tif', 'drawing.svg')).toEqual([false, convert, convert]);
  });
});

describe('--fit', () => {
  it('converts files only if necessary, and reports what it did', async () => {
    const cwd = await photoFolder();
    await copyFile('test/fixtures/display-p3.heic', join(cwd, 'photo.heic'));
    const { sandbox, env } = await sandboxWith();
    const result = await upload(['--fit', 'photo.heic', 'sunset.jpg', 'turned.jpg'], { cwd, env });
    expect(result.exitCode, result.stderr).toBe(0);
    const [photo, sunset, turned] = result.records();
    expect(photo).toMatchObject({
      status: 'uploaded',
      path: 'photo.heic',
      contentType: 'image/jpeg',
      width: 96,
      height: 64,
      source: { contentType: 'image/heic', size: 946, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(photo).toHaveProperty('fitted.0', 'converted from HEIC');
    expect(sunset).not.toHaveProperty('fitted');
    expect(sunset).not.toHaveProperty('source');
    expect(turned).toMatchObject({ width: 40, height: 60, source: { contentType: 'image/jpeg' } });
    expect(sandbox.requests.map(({ sha256 }) => sha256).toSorted()).toEqual(
      result
        .records()
        .map((record) => 'sha256' in record && record.sha256)
        .toSorted(),
    );
    expect(result.stderr).toContain('photo.heic: converted from HEIC, ');
    expect(result.stderr).toContain('turned.jpg: turned upright, ');
    expect(result.stderr).not.toContain('sunset.jpg');
    expect(await result.leftBehind()).toEqual([]);
    expect((await readdir(cwd)).toSorted()).toEqual(['photo.gif', 'photo.heic', 'sunset.jpg', 'turned.jpg']);
  });

  it('neither converts nor sends a file in the manifest, not even with -r and under another name', async () => {
    const cwd = await photoFolder();
    const { sandbox, env } = await sandboxWith();
    const first = await upload(['--fit', '-r', '.', '--manifest', 'm.ndjson'], { cwd, env });
    expect(first.records().map(({ path, status }) => [path, status])).toEqual([
      ['photo.gif', 'uploaded'],
      ['sunset.jpg', 'uploaded'],
      ['turned.jpg', 'uploaded'],
    ]);
    await copyFile(join(cwd, 'photo.gif'), join(cwd, 'again.gif'));
    const second = await upload(['--fit', '-r', '.', '--manifest', 'm.ndjson'], { cwd, env });
    expect(second.records().map(({ path, status }) => [path, status])).toEqual([
      ['again.gif', 'reused'],
      ['photo.gif', 'reused'],
      ['sunset.jpg', 'reused'],
      ['turned.jpg', 'reused'],
    ]);
    expect(second.stderr).not.toContain('converted');
    const [photo] = first.records();
    expect(second.records()[1]).toMatchObject({
      assetRef: photo && 'assetRef' in photo && photo.assetRef,
      fitted: photo && 'fitted' in photo && photo.fitted,
      source: photo && 'source' in photo && photo.source,
    });
    expect(sandbox.requests).toHaveLength(3);

    const cropped = await upload(['--aspect', '1:1', 'photo.gif', '--manifest', 'm.ndjson'], { cwd, env });
    expect(cropped.records()).toMatchObject([{ status: 'uploaded', width: 64, height: 64 }]);
  });

  it('does not use the reference of the original file for the turned one', async () => {
    const cwd = await photoFolder();
    const { env } = await sandboxWith();
    const args = ['turned.jpg', '--manifest', 'm.ndjson'];
    expect((await upload(args, { cwd, env })).records()).toMatchObject([{ status: 'uploaded', width: 60 }]);
    const fitted = await upload(['--fit', ...args], { cwd, env });
    expect(fitted.records()).toMatchObject([{ status: 'uploaded', width: 40 }]);
    const plain = await upload(args, { cwd, env });
    expect(plain.records()).toMatchObject([{ status: 'reused', width: 60 }]);
    expect(plain.records()[0]).not.toHaveProperty('fitted');
  });

  it('reports with --dry-run what it would do, and does nothing', async () => {
    const cwd = await photoFolder();
    const result = await upload(['--fit', '--dry-run', '--fit-dir', 'kept', 'photo.gif', 'sunset.jpg'], {
      cwd,
    });
    expect(result.exitCode).toBe(0);
    expect(result.records()).toMatchObject([
      {
        status: 'valid',
        type: 'image',
        fitted: ['converted from GIF', 'first frame taken'],
        source: { contentType: 'image/gif' },
      },
      { status: 'valid', contentType: 'image/jpeg' },
    ]);
    expect(result.records()[0]).not.toHaveProperty('size');
    expect(result.stderr).toContain('photo.gif: planned: converted from GIF');
    expect(await readdir(cwd)).not.toContain('kept');
    expect(await result.leftBehind()).toEqual([]);
  });

  it('accepts standard input', async () => {
    const { exitCode, records, leftBehind } = await upload(['--fit', '--sandbox', '-', '-'], {
      stdin: gif,
    });
    expect(exitCode).toBe(0);
    expect(records()).toMatchObject([
      { path: '-', status: 'uploaded', source: { contentType: 'image/gif' } },
      { path: '-', status: 'uploaded' },
    ]);
    expect(await leftBehind()).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('accepts a name that is not UTF-8', async () => {
    const cwd = await tempDir();
    await writeFile(Buffer.concat([Buffer.from(`${cwd}/`), Buffer.of(0xff), Buffer.from('.gif')]), gif);
    const { records, stderr } = await upload(['--fit', '--sandbox', '-r', '.'], { cwd });
    expect(records(), stderr).toMatchObject([{ path: '\ufffd.gif', status: 'uploaded', width: 96 }]);
  });

  it('converts only types with --no-limits', async () => {
    const cwd = await photoFolder();
    const { records } = await upload(['--fit', '--no-limits', '--sandbox', 'turned.jpg', 'photo.gif'], {
      cwd,
    });
    expect(records()[0]).not.toHaveProperty('fitted');
    expect(records()[1]).toHaveProperty('fitted.0', 'converted from GIF');
  });

  it('stops with --fail-fast at the first file that cannot be converted', async () => {
    const cwd = await photoFolder();
    await writeFile(join(cwd, 'page.html'), '<html></html>');
    const { exitCode, records } = await upload(
      ['--fit', '--fail-fast', '--sandbox', 'photo.gif', 'page.html', 'sunset.jpg'],
      { cwd },
    );
    expect(exitCode).toBe(1);
    expect(records().map(({ status }) => status)).toEqual(['cancelled', 'failed', 'cancelled']);
  });

  it.each<[string, (cwd: string) => Promise<void>, string, RegExp]>([
    ['page.gif', (cwd) => writeFile(join(cwd, 'page.gif'), '<html></html>'), 'unsupported_type', /HTML/],
    ['empty.gif', (cwd) => writeFile(join(cwd, 'empty.gif'), ''), 'empty', /empty/],
    ['folder.gif/a', async () => {}, '', /no such file/],
    [
      'half.gif',
      (cwd) => writeFile(join(cwd, 'half.gif'), gif.subarray(0, gif.length / 2)),
      'cannot_fit',
      /cannot be decoded/,
    ],
    [
      'cut.jpg',
      async (cwd) =>
        writeFile(join(cwd, 'cut.jpg'), (await readFile(fixture('sunset.jpg').file)).subarray(0, 1000)),
      'damaged',
      /cut short/,
    ],
    ['film.mp4', (cwd) => copyFile(clip('clip.mp4').file, join(cwd, 'film.mp4')), 'uploaded', /ffprobe/],
    [
      'film.mp4#frame=last',
      (cwd) => copyFile(clip('clip.mp4').file, join(cwd, 'film.mp4')),
      'cannot_fit',
      /needs ffprobe, which is not on PATH/,
    ],
  ])('gives the right result for %s without ffmpeg', async (name, make, code, words) => {
    const cwd = await tempDir();
    await make(cwd);
    const { records, stderr, leftBehind } = await upload(['--fit', '--sandbox', name], { cwd });
    const [record] = records();
    expect(record?.status === 'failed' ? record.error.code : (record?.status ?? '')).toBe(code);
    expect(stderr).toMatch(words);
    expect(await leftBehind()).toEqual([]);
  });
});

it.skipIf(process.platform === 'win32')(
  'a program on PATH that is not ffprobe is the failure of the clips alone, whatever it prints',
  async () => {
    const cwd = await tempDir();
    const outputs = [
      '',
      'null',
      '{"streams":[null]}',
      '{"streams":5}',
      '{"format":{"duration":1}}',
      'Loading\n{}',
      '\x1b[2J',
    ];
    const names = outputs.map((_, i) => `${i}.mp4`);
    for (const [i, name] of names.entries()) {
      await copyFile(clip('clip.mp4').file, join(cwd, name));
      await writeFile(join(cwd, `${name}.output`), outputs[i]!);
    }
    for (const name of ['ffmpeg', 'ffprobe']) {
      const script = `#!/bin/sh\nfor last; do :; done\nexec /bin/cat "\${last#file:}.output"\n`;
      await writeFile(join(cwd, name), script, { mode: 0o755 });
    }
    const night = fixture('night.png').file;
    const { records, stderr, leftBehind } = await upload(['--fit', '--sandbox', ...names, night], {
      cwd,
      env: { PATH: cwd },
    });
    const errors = records().map((record) => record.status === 'failed' && record.error.message);
    expect(outputs.map((output, i) => [output, errors[i]])).toEqual(
      outputs.map((output) => [output, 'the output of ffprobe cannot be parsed']),
    );
    expect(records().at(-1)).toMatchObject({ status: 'uploaded' });
    expect(stderr).not.toMatch(/\x1b|\n {4}at /);
    expect(await leftBehind()).toEqual([]);
  },
);

describe.skipIf(process.platform === 'win32')('a codec that ffprobe does not read', () => {
  // As ffprobe 5 does for xHE-AAC.
  const silentFailure = '#!/bin/sh\ncase $1 in -version) exit 0; esac\nexit 1\n';

  it.each<[name: string, record: object, words: RegExp]>([
    ['film.mp4', { status: 'uploaded' }, /ffprobe cannot read it, so HDR and non-square pixels cannot be/],
    [
      'film.mp4#trim=0-2.2',
      { error: { code: 'cannot_fit', message: 'ffprobe failed without saying why' } },
      /Convert it with another program/,
    ],
  ])('stops only what needs it: %s', async (name, record, words) => {
    const cwd = await tempDir();
    await copyFile(clip('clip.mp4').file, join(cwd, 'film.mp4'));
    await writeFile(join(cwd, 'ffprobe'), silentFailure, { mode: 0o755 });
    const { records, stderr } = await upload(['--fit', '--sandbox', name], { cwd, env: { PATH: cwd } });
    expect(records()).toMatchObject([record]);
    expect(stderr).toMatch(words);
  });
});

describe('--fit-dir', () => {
  it('keeps each converted file with the usual permissions, and overwrites nothing', async () => {
    const cwd = await photoFolder();
    const kept = (name = '') => join(cwd, 'kept', name);
    await mkdir(kept());
    await writeFile(kept('photo.png'), 'mine');
    const files = ['photo.gif', 'photo.gif#aspect=1:1'];
    const { exitCode, stderr } = await upload(['--sandbox', '--fit-dir', 'kept', ...files], { cwd });
    expect(exitCode).toBe(0);
    expect((await readdir(kept())).toSorted()).toEqual(['photo-2.png', 'photo-3.png', 'photo.png']);
    const { mode } = await stat(kept('photo.png'));
    const widths = [];
    for (const name of ['photo-2.png', 'photo-3.png']) {
      expect(stderr).toContain(`kept as ${kept(name)}`);
      expect((await stat(kept(name))).mode).toBe(mode);
      widths.push((await sharp(kept(name)).metadata()).width);
    }
    expect(widths.toSorted()).toEqual([64, 96]);
    expect(await readFile(kept('photo.png'), 'utf8')).toBe('mine');
  });

  it('is a usage error if it is a file', async () => {
    const cwd = await photoFolder();
    const { exitCode, stderr } = await upload(['--sandbox', '--fit-dir', 'sunset.jpg', 'photo.gif'], {
      cwd,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`--fit-dir ${join(cwd, 'sunset.jpg')}: it is not a folder`);
  });

  it.runIf(process.platform === 'linux')(
    'is reported as the failure of the file if it cannot be created',
    async () => {
      const { records } = await upload(['--sandbox', '--fit-dir', '/proc/none', 'photo.gif'], {
        cwd: await photoFolder(),
      });
      expect(records()).toMatchObject([
        {
          status: 'failed',
          error: { message: 'it cannot be saved in /proc/none: no such file or directory' },
        },
      ]);
    },
  );
});

describe('an edit after a name', () => {
  it('applies to that file only, and may be given several times', async () => {
    const cwd = await photoFolder();
    const { exitCode, records } = await upload(
      ['--sandbox', 'photo.gif#aspect=1:1', 'photo.gif#aspect=2:1', 'turned.jpg', 'photo.gif#aspect=1:1'],
      { cwd },
    );
    expect(exitCode).toBe(0);
    expect(records()).toMatchObject([
      { path: 'photo.gif', width: 64, height: 64 },
      { path: 'photo.gif', width: 96, height: 48 },
      // This file has no edit.
      { path: 'turned.jpg', width: 60, height: 40 },
      { path: 'photo.gif', width: 64, height: 64 },
    ]);
  });

  it('takes precedence over an edit for all files', async () => {
    const cwd = await photoFolder();
    const args = ['--sandbox', '--aspect', '1:1', 'photo.gif#aspect=2:1', 'sunset.jpg'];
    const { records } = await upload(args, { cwd });
    expect(records()).toMatchObject([
      { width: 96, height: 48 },
      { width: 90, height: 90 },
    ]);
  });

  it('treats #frame=last as part of the name if such a file exists', async () => {
    const cwd = await tempDir();
    await copyFile(fixture('sunset.jpg').file, join(cwd, 'a.jpg#aspect=1:1'));
    const { records } = await upload(['--sandbox', 'a.jpg#aspect=1:1'], { cwd });
    expect(records()).toMatchObject([{ path: 'a.jpg#aspect=1:1', status: 'uploaded', width: 160 }]);
  });

  it('crops frames of different shapes, as the warning suggests', async () => {
    const files = [fixture('night.png').file, fixture('sunset.jpg').file];
    const args = ['upload', '--sandbox', '--format', 'frames', ...files];
    const before = await runCli(args);
    expect(before.stderr).toContain('crop them to one with --aspect 3:4');
    const after = await runCli([...args, '--aspect', '3:4']);
    expect(after.stderr).not.toContain('differ');
    expect(Object.keys(after.json<object>())).toEqual(['firstFrameRef', 'endFrameRef']);
  });
});

it('warns of edits that do not apply to the one file that they are asked of', async () => {
  const cwd = await photoFolder();
  const files = ['sunset.jpg#trim=1-3', 'photo.gif#frame=last&aspect=1:1'];
  const { stderr, exitCode } = await upload(['--sandbox', ...files, '--trim', '1-2'], { cwd });
  expect(exitCode).toBe(0);
  expect(stderr.split('\n').filter((line) => line.startsWith('warning'))).toEqual([
    'warning: sunset.jpg: #trim= has no effect on an image',
    'warning: photo.gif: #frame= has no effect on an image',
  ]);
});

it.each([
  [['--trim', '5-2', 'photo.gif'], /--trim "5-2"/],
  [['--trim', 'x', 'photo.gif'], /--trim "x"/],
  [['--frame', 'middle', 'photo.gif'], /--frame "middle"/],
  [['--aspect', '0:1', 'photo.gif'], /--aspect "0:1"/],
  [['--aspect', '16/9', 'photo.gif'], /--aspect "16\/9"/],
  [['--fit-dir', '', 'photo.gif'], /--fit-dir needs/],
  [['photo.gif#frame=middle'], /photo\.gif#frame=middle: frame "middle"/],
  [['photo.gif#frame=last&speed=2'], /"speed"/],
  [['absent.mp4#frame=last'], /absent\.mp4#frame=last: /],
  [['*.gif#aspect=1:1'], /the name of one file only/],
  [['.#aspect=1:1', '-r'], /the name of one file only/],
])('%j is a usage error', async (args, words) => {
  const { exitCode, stderr, stdout } = await runCli(['upload', '--sandbox', ...args], {
    cwd: await photoFolder(),
  });
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(words);
});

it('fits all files before it sends one for a request object, and sends nothing if they break its rules', async () => {
  const cwd = await photoFolder();
  const { sandbox, env } = await sandboxWith();
  const many = Array.from({ length: 7 }, (_, i) => `photo.gif#aspect=${i + 1}:1`);
  const { exitCode } = await runCli(['upload', '--format', 'images', ...many], { cwd, env });
  expect([exitCode, sandbox.requests.length]).toEqual([2, 0]);
});
