import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import type { UploadRecord } from '../../src/index.ts';
import { clip, fixture } from '../fixtures.ts';
import { readSheet } from '../harness/read-sheet.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

async function setUp() {
  const { sandbox, env } = await sandboxWith();
  const cwd = await tempDir();
  await copyFile(fixture('night.png').file, join(cwd, 'night.png'));
  const upload = (args: readonly string[], world: World = {}) =>
    runCli(['upload', ...args], { env, cwd, ...world });
  return { sandbox, cwd, upload, sheet: join(cwd, 'refs.html') };
}

describe('--report', () => {
  it('shows each file with its reference or its failure, in input order', async () => {
    const { cwd, upload, sheet } = await setUp();
    await writeFile(join(cwd, 'page.png'), '<html>not found</html>');
    await mkdir(join(cwd, 'clips'));
    await copyFile(clip('clip.mp4').file, join(cwd, 'clips', 'a b.mp4'));
    await copyFile(clip('tone.mp3').file, join(cwd, 'clips', 'tone.mp3'));
    const files = ['page.png', 'clips/tone.mp3', 'night.png', 'clips/a b.mp4'];
    const result = await upload([...files, '--report', 'refs.html', '--json']);
    expect(result.exitCode).toBe(3);
    const [page, tone, night, video] = result.json<UploadRecord[]>() as [
      UploadRecord & { status: 'failed' },
      UploadRecord & { assetRef: string },
      UploadRecord & { assetRef: string },
      UploadRecord & { assetRef: string },
    ];
    const { summary, cards } = await readSheet(sheet);
    // References are counted first, as the command does.
    expect(result.stderr).toMatch(/^3 uploaded, 1 failed \(/m);
    expect(summary).toMatch(/^3 uploaded, 1 failed · \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    expect(cards).toMatchObject([
      { name: 'page.png', status: 'failed', error: page.error.message, hint: page.error.hint },
      { name: 'clips/tone.mp3', type: 'audio', source: './clips/tone.mp3', assetRef: tone.assetRef },
      {
        name: 'night.png',
        type: 'image',
        source: './night.png',
        link: './night.png',
        details: '90 × 120 · 3.44 kB',
        assetRef: night.assetRef,
      },
      {
        name: 'clips/a b.mp4',
        type: 'video',
        source: './clips/a%20b.mp4',
        details: '224 × 208 · 2.5 s · 8.64 kB',
        assetRef: video.assetRef,
      },
    ]);
    expect(cards[0]).not.toHaveProperty('source');
    expect(cards[2]!.preview).toMatch(/^data:image\/jpeg;base64,\/9j\//);
    expect((await readdir(cwd)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('shows hostile names as text without the token, and escapes their addresses', async () => {
    const { sandbox, cwd, upload, sheet } = await setUp();
    const names = [
      '"><img src=x onerror=alert(1)>.png',
      '#.png',
      '%2e%2e.png',
      '?.png',
      'a\nb\u202egnp.png',
      'javascript:alert(1).png',
      `${sandbox.token}.png`,
    ];
    await mkdir(join(cwd, 'in'));
    for (const name of names) {
      await copyFile(fixture('night.png').file, join(cwd, 'in', name));
    }
    const bytes = Buffer.concat([
      Buffer.from(join(cwd, 'in', 'z')),
      Buffer.from([0xe9]),
      Buffer.from('.png'),
    ]);
    await copyFile(fixture('night.png').file, bytes);
    expect((await upload(['-r', 'in', '--report', 'refs.html'])).exitCode).toBe(0);
    const { cards } = await readSheet(sheet);
    expect(cards.map(({ source }) => source).toSorted()).toEqual(
      [
        './in/%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.png',
        './in/%23.png',
        './in/%252e%252e.png',
        './in/%3F.png',
        './in/a%0Ab%E2%80%AEgnp.png',
        './in/javascript%3Aalert%281%29.png',
        './in/z%E9.png',
        './in/[token].png',
      ].toSorted(),
    );
    expect(cards.map(({ name }) => name).toSorted()).toEqual(
      [...names.with(4, 'a\\nb\\u{202e}gnp.png').with(6, '[token].png'), 'z\ufffd.png']
        .map((name) => `in/${name}`)
        .toSorted(),
    );
    const html = await readFile(sheet, 'utf8');
    expect(html).not.toContain(sandbox.token);
    expect(html).not.toContain(encodeURIComponent(sandbox.token));
    expect(html.match(/<(?:img|script)\b/g)).toEqual(['<script', '<script']);
  });

  it('contains a preview of standard input, and the whole of a small clip', async () => {
    const { upload, sheet } = await setUp();
    const image = await readFile(fixture('night.png').file);
    expect((await upload(['-', '--report', 'refs.html'], { stdin: image })).exitCode).toBe(0);
    const [card] = (await readSheet(sheet)).cards;
    expect(card).toMatchObject({
      name: 'standard input',
      preview: expect.stringMatching(/^data:image\/jpeg;base64,/),
    });
    expect(card).not.toHaveProperty('source');
    const video = await readFile(clip('clip.mp4').file);
    expect((await upload(['-', '--report', 'refs.html'], { stdin: video })).exitCode).toBe(0);
    const [player] = (await readSheet(sheet)).cards;
    expect(player).toMatchObject({ source: `data:video/mp4;base64,${video.toString('base64')}` });
    const free = Buffer.alloc(600_000);
    free.writeUInt32BE(free.length);
    free.write('free', 4);
    const large = Buffer.concat([video, free]);
    expect((await upload(['-', '--report', 'refs.html'], { stdin: large })).exitCode).toBe(0);
    expect((await readSheet(sheet)).cards[0]).not.toHaveProperty('source');
  });

  it('contains a preview of standard input that --fit leaves as it is', async () => {
    const { upload, sheet } = await setUp();
    const stdin = await readFile(fixture('night.png').file);
    expect((await upload(['-', '--fit', '--report', 'refs.html'], { stdin })).exitCode).toBe(0);
    expect((await readSheet(sheet)).cards).toMatchObject([
      { name: 'standard input', preview: expect.stringMatching(/^data:image\/jpeg;base64,/) },
    ]);
  });

  it('contains a preview of each image that was converted, for each place that names it', async () => {
    const { cwd, upload, sheet } = await setUp();
    await copyFile('test/fixtures/display-p3.heic', join(cwd, 'a.heic'));
    const stdin = await readFile(fixture('night.png').file);
    const args = ['a.heic', 'a.heic', '-', '--aspect', '1:1', '--report', 'refs.html'];
    expect((await upload(args, { stdin })).exitCode).toBe(0);
    const { cards } = await readSheet(sheet);
    const widths = cards.map(async ({ preview }) => {
      const jpeg = Buffer.from(preview!.replace('data:image/jpeg;base64,', ''), 'base64');
      return (await sharp(jpeg).metadata()).width;
    });
    expect(await Promise.all(widths)).toEqual([64, 64, 90]);
  });

  it('shows what a dry run would send', async () => {
    const { sandbox, upload, sheet } = await setUp();
    const result = await upload(['night.png', '--dry-run', '--report', 'refs.html']);
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(0);
    const { summary, cards } = await readSheet(sheet);
    expect(summary).toMatch(/^1 valid · /);
    expect(cards).toMatchObject([{ name: 'night.png', status: 'valid', source: './night.png' }]);
    expect(cards[0]).not.toHaveProperty('assetRef');
  });

  it('is written by an interrupted run, too, even if nothing reads standard output', async () => {
    const { upload, sheet, cwd } = await setUp();
    await copyFile(fixture('sunset.jpg').file, join(cwd, 'sunset.jpg'));
    await copyFile(fixture('dunes.webp').file, join(cwd, 'dunes.webp'));
    const interruption = new AbortController();
    let read = () => {};
    const run = upload(['night.png', 'sunset.jpg', 'dunes.webp', '-c', '1', '--report', 'refs.html'], {
      signal: interruption.signal,
      onStdout: () => {
        interruption.abort(new Interruption('SIGINT'));
        return new Promise((resolve) => {
          read = resolve;
        });
      },
    });
    await expect.poll(() => readSheet(sheet).catch(() => undefined)).toBeDefined();
    read();
    expect((await run).exitCode).toBe(130);
    const { summary, cards } = await readSheet(sheet);
    expect(summary).toContain(' · the run was interrupted');
    expect(cards[0]).toMatchObject({ name: 'night.png', assetRef: expect.any(String) });
    expect(cards).toHaveLength(3);
    expect(cards.at(-1)).toMatchObject({ name: 'dunes.webp', status: 'cancelled' });
  });
});

it('an interrupted run waits only once for a reader that does not read, however many records are left', async () => {
  const { upload, sheet } = await setUp();
  const interruption = new AbortController();
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  onTestFinished(() => {
    process.off('warning', onWarning);
  });
  let read = () => {};
  const names = Array.from({ length: 3000 }, () => 'night.png');
  const run = upload([...names, '--dry-run', '--format', 'ndjson', '--report', 'refs.html'], {
    signal: interruption.signal,
    onStdout: () => {
      interruption.abort(new Interruption('SIGINT'));
      return new Promise((resolve) => {
        read = resolve;
      });
    },
  });
  await expect.poll(() => readSheet(sheet).catch(() => undefined)).toBeDefined();
  // The printer may wait for the reader again, for the records that were not late.
  const reading = setInterval(() => read(), 1);
  expect((await run).exitCode).toBe(130);
  clearInterval(reading);
  expect((await readSheet(sheet)).cards).toHaveLength(names.length);
  expect(warnings).toEqual([]);
});

describe('writing a sheet', () => {
  it('replaces an older sheet or an empty file, and keeps the permissions', async () => {
    const { cwd, upload, sheet } = await setUp();
    await writeFile(join(cwd, 'page.png'), '<html>not found</html>');
    await writeFile(sheet, '');
    await chmod(sheet, 0o600);
    for (let i = 0; i < 2; i += 1) {
      expect((await upload(['page.png', '--report', 'refs.html'])).exitCode).toBe(1);
      expect((await readSheet(sheet)).cards).toHaveLength(1);
      expect((await stat(sheet)).mode & 0o777).toBe(0o600);
    }
  });

  it.each<[string, string, (cwd: string) => Promise<unknown>]>([
    ['other.html', 'is not a contact sheet', (cwd) => writeFile(join(cwd, 'other.html'), '<!doctype html>')],
    ['link.html', 'it is a symbolic link', (cwd) => symlink('refs.html', join(cwd, 'link.html'))],
    ['folder.html', 'it is a directory', (cwd) => mkdir(join(cwd, 'folder.html'))],
    ['gone/refs.html', 'no such file or directory', async () => {}],
    ['night.png/refs.html', 'a part of the path is not a directory', async () => {}],
    ['/proc/refs.html', 'no file can be created in its folder', async () => {}],
    ['night.png', '--report needs the name of an HTML file', async () => {}],
    ['.html', '--report needs the name of an HTML file', async () => {}],
    ['-', '--report needs the name of an HTML file', async () => {}],
    ['', '--report needs the name of an HTML file', async () => {}],
  ])('to %j is a usage error before anything is sent: %s', async (report, message, prepare) => {
    const { sandbox, cwd, upload } = await setUp();
    await prepare(cwd);
    const result = await upload(['night.png', '--report', report]);
    expect(result.stderr).toContain(message);
    expect([result.exitCode, result.stdout]).toEqual([2, '']);
    expect(sandbox.requests).toHaveLength(0);
    expect((await readdir(cwd)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('does not overwrite the manifest', async () => {
    const { cwd, upload } = await setUp();
    await symlink(cwd, join(cwd, 'link'));
    for (const manifest of ['./refs.html', 'link/refs.html']) {
      const result = await upload(['night.png', '--report', 'refs.html', '--manifest', manifest]);
      expect(result.stderr).toContain('--report and --manifest cannot name the same file');
      expect(result.exitCode).toBe(2);
    }
  });

  it('does not overwrite a file that appeared during the run, which prints all references and fails', async () => {
    const { upload, sheet } = await setUp();
    const result = await upload(['night.png', '--report', 'refs.html'], {
      onStdout: () => appendFile(sheet, 'mine'),
    });
    expect(result.lines).toHaveLength(1);
    expect(result.stderr).toContain(`the contact sheet ${sheet} was not written: it exists`);
    expect(result.exitCode).toBe(1);
    expect(await readFile(sheet, 'utf8')).toBe('mine');
  });
});
