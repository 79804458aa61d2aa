import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type UploadErrorCode, type UploadRecord, uploadFiles } from '../../src/index.ts';
import type { SandboxOptions } from '../../src/sandbox/index.ts';
import { fixture } from '../fixtures.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { waitForTick } from '../harness/wait-for-tick.ts';

const limit = 10_485_760;
const accepted = 'JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';
const gif = Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'latin1');
const [png, jpeg, webp] = (await Promise.all(
  (['night.png', 'sunset.jpg', 'dunes.webp'] as const).map((name) => readFile(fixture(name).file)),
)) as [Buffer, Buffer, Buffer];
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

/** A folder with these files. */
async function folderWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await tempDir();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Runs upload against its own sandbox, with records on standard output. */
async function upload(args: readonly string[], world: World = {}, options: SandboxOptions = {}) {
  const { sandbox, env } = await sandboxWith(options);
  const result = await runCli(['upload', '--json', ...args], { env, ...world });
  return { ...result, sandbox, records: result.json<UploadRecord[]>() };
}

const summarize = (records: readonly UploadRecord[]) =>
  records.map(({ index, path, status }) => `${index} ${path} ${status}`);

/** Expects that a file is refused for this reason, in a record and in a message, and that nothing is sent. */
async function expectRefused(path: string, world: World, code: UploadErrorCode, message: string) {
  const { exitCode, records, stderr, sandbox } = await upload([path], world);
  expect(exitCode).toBe(1);
  expect(records).toEqual([
    {
      index: 0,
      path,
      status: 'failed',
      attempts: 0,
      error: { code, message, retryable: false, hint: expect.stringMatching(/\w/) },
    },
  ]);
  const error = records[0]!.status === 'failed' ? records[0]!.error : undefined;
  const name = path === '-' ? 'standard input' : path;
  expect(stderr).toBe(`error: ${name}: ${message}\n  ${error?.hint}\n1 failed\n`);
  expect(sandbox.requests).toEqual([]);
}

/** A PNG chunk of any type, with its length and checksum. */
function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** A PNG with chunks right after its header, the place of colour profiles and texts. */
function pngWith(...chunks: readonly Buffer[]): Buffer {
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

describe('the type', () => {
  it('depends on the bytes, not on the name', async () => {
    const files: [name: string, bytes: Buffer, contentType: string][] = [
      ['photo.png', jpeg, 'image/jpeg'],
      ['image.jpg', png, 'image/png'],
      ['drawing.jpeg', webp, 'image/webp'],
      ['notes.txt', png, 'image/png'],
      ['movie.GIF', webp, 'image/webp'],
      ['no extension', jpeg, 'image/jpeg'],
      ['a colour profile of 20 kB', pngWith(pngChunk('iCCP', Buffer.alloc(20_000, 1))), 'image/png'],
      ['a text of 9 MB', pngWith(pngChunk('tEXt', Buffer.alloc(9_000_000, 65))), 'image/png'],
      [
        'many small texts',
        pngWith(...Array<Buffer>(500).fill(pngChunk('tEXt', Buffer.alloc(40, 65)))),
        'image/png',
      ],
      ['bytes after the end', Buffer.concat([png, Buffer.alloc(5000)]), 'image/png'],
    ];
    const cwd = await folderWith(Object.fromEntries(files));
    const { exitCode, records, sandbox } = await upload(['-c', '1', ...files.map(([name]) => name)], { cwd });
    expect(exitCode).toBe(0);
    expect(records).toMatchObject(
      files.map(([path, { length }, contentType]) => ({
        path,
        status: 'uploaded',
        contentType,
        size: length,
      })),
    );
    expect(sandbox.requests.map(({ headers, bodySize }) => [headers['content-type'], bodySize])).toEqual(
      files.map(([, { length }, contentType]) => [contentType, length]),
    );
  });

  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const isUnknown = 'it is not an image, video or audio file that can be recognised';
  const hasMore = (type: string) => `it has extra bytes before the image (${type})`;
  const unsupported: [name: string, bytes: Buffer, what: string][] = [
    ['bmp.png', latin1('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'), 'it is a BMP image'],
    ['gif.png', gif, 'it is a GIF image'],
    ['pdf.jpg', latin1('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'), 'it is a PDF document'],
    ['heic.jpg', latin1('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), 'it is a HEIC photo'],
    ['avif.webp', latin1('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf'), 'it is an AVIF image'],
    ['avi.webp', latin1('RIFF\x24\0\0\0AVI LIST\0\0\0\0'), 'it is an AVI video'],
    ['cut.webp', latin1('RIFF\x24\0\0\0WE'), isUnknown],
    ['cut.png', png.subarray(0, 7), isUnknown],
    ['cut.jpg', jpeg.subarray(0, 2), isUnknown],
    [
      'page.png',
      latin1('<!doctype html>\n<html><title>404 Not Found</title></html>\n'),
      'it is an HTML page',
    ],
    [
      'drawing.png',
      latin1('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
      'it is an SVG drawing',
    ],
    ['text.png', latin1('an image\n'), 'it is a text file'],
    ['zeros.png', Buffer.alloc(5000), 'it is a file that begins with zeros only'],
    ['newline.png', Buffer.concat([latin1('\n'), png]), hasMore('image/png')],
    ['bom.jpg', Buffer.concat([latin1('\xef\xbb\xbf'), jpeg]), hasMore('image/jpeg')],
    ['bom.png', Buffer.concat([latin1('\xef\xbb\xbf'), png]), hasMore('image/png')],
    [
      'id3.jpg',
      Buffer.concat([latin1('ID3\x03\0\0\0\0\0\x14'), Buffer.alloc(20), jpeg]),
      hasMore('image/jpeg'),
    ],
    [
      'long-id3.jpg',
      Buffer.concat([latin1('ID3\x03\0\0\0\0\x3e\x40'), Buffer.alloc(8000), jpeg]),
      hasMore('image/jpeg'),
    ],
  ];

  it('is unsupported if it is another one, or none', async () => {
    const cwd = await folderWith(Object.fromEntries(unsupported));
    const names = unsupported.map(([name]) => name);
    const { exitCode, records, sandbox } = await upload(names, { cwd });
    expect(exitCode).toBe(1);
    expect(records).toEqual(
      unsupported.map(([path, _bytes, what], index) => ({
        index,
        path,
        status: 'failed',
        attempts: 0,
        error: {
          code: 'unsupported_type',
          message: `${what}; ${accepted}`,
          retryable: false,
          hint: expect.stringMatching(/\w/),
        },
      })),
    );
    const { env } = await sandboxWith();
    const text = await runCli(['upload', ...names], { cwd, env });
    expect(text).toMatchObject({ exitCode: 1, stdout: '' });
    for (const [name, _bytes, what] of unsupported) {
      expect(text.stderr).toContain(`error: ${name}: ${what}; ${accepted}\n`);
    }
    expect(sandbox.requests).toEqual([]);
  });

  it('is unsupported in standard input too', async () => {
    await expectRefused('-', { stdin: gif }, 'unsupported_type', `it is a GIF image; ${accepted}`);
  });
});

describe('the size', () => {
  it('of an image may be 10,485,760 bytes and no more', async () => {
    const names = ['a.png', 'a.jpg', 'a.webp'];
    const cwd = await folderWith({ 'a.png': png, 'a.jpg': jpeg, 'a.webp': webp });
    const extend = (size: number) => Promise.all(names.map((name) => truncate(join(cwd, name), size)));
    await extend(limit);
    const dry = await upload(['--dry-run', ...names], { cwd });
    expect(dry.records).toMatchObject(names.map((path) => ({ path, status: 'valid', size: limit })));
    const { records, sandbox } = await upload(['a.png'], { cwd });
    expect(records).toMatchObject([{ status: 'uploaded', size: limit, sha256: sandbox.requests[0]?.sha256 }]);
    expect(sandbox.requests.map(({ bodySize }) => bodySize)).toEqual([limit]);

    await extend(limit + 1);
    for (const name of names) {
      const message = 'it has 10,485,761 bytes; the limit for an image is 10,485,760';
      await expectRefused(name, { cwd }, 'too_large', message);
    }
  });

  it('of 5 GB is refused without being read', async () => {
    const cwd = await folderWith({ 'a.png': png });
    await truncate(join(cwd, 'a.png'), 5 * 2 ** 30);
    const message = 'it has 5,368,709,120 bytes; the limit for an image is 10,485,760';
    await expectRefused('a.png', { cwd }, 'too_large', message);
  });

  it('matters only to a type that is accepted', async () => {
    const cwd = await folderWith({ 'a.png': gif });
    await truncate(join(cwd, 'a.png'), limit + 1);
    await expectRefused('a.png', { cwd }, 'unsupported_type', `it is a GIF image; ${accepted}`);
  });

  it('of zero is refused', async () => {
    const cwd = await folderWith({ 'a.png': '' });
    await expectRefused('a.png', { cwd }, 'empty', 'it is empty');
  });
});

describe('standard input', () => {
  it('may have as many bytes as a file', async () => {
    const stdin = Buffer.alloc(limit);
    png.copy(stdin);
    const { exitCode, records, sandbox } = await upload(['-'], { stdin });
    expect(exitCode).toBe(0);
    expect(records).toMatchObject([{ path: '-', status: 'uploaded', size: limit }]);
    expect(sandbox.requests.map(({ bodySize }) => bodySize)).toEqual([limit]);
  });

  it('may not have one more', async () => {
    const stdin = Buffer.alloc(limit + 1);
    png.copy(stdin);
    const message = 'it has 10,485,761 bytes; the limit for an image is 10,485,760';
    await expectRefused('-', { stdin }, 'too_large', message);
  });

  it('is not read beyond the limit if it is endless', async () => {
    let pieces = 0;
    let stopped = false;
    function* endless() {
      try {
        while (true) {
          pieces += 1;
          yield Buffer.alloc(2 ** 20, 1);
        }
      } finally {
        stopped = true;
      }
    }
    const message = 'it has more than 52,428,800 bytes, the limit for any file';
    await expectRefused('-', { stdin: Readable.from(endless()) }, 'too_large', message);
    expect(stopped).toBe(true);
    // Fifty-one blocks are more than the limit; a stream reads a little ahead.
    expect(pieces).toBeLessThan(60);
  });

  it('may not be empty', async () => {
    await expectRefused('-', { stdin: '' }, 'empty', 'it is empty');
  });

  it('that fails is unreadable', async () => {
    const stdin = new Readable({
      read() {
        this.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }));
      },
    });
    await expectRefused('-', { stdin }, 'unreadable', 'it cannot be read: the disk reports an error');
  });

  it('that is refused does not stop the other files', async () => {
    const cwd = await folderWith({ 'a.png': png });
    const { exitCode, records, sandbox } = await upload(['-', 'a.png'], { cwd, stdin: 'text' });
    expect(exitCode).toBe(3);
    expect(summarize(records)).toEqual(['0 - failed', '1 a.png uploaded']);
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('a path that is not a regular file', () => {
  it('is refused at once if it is a named pipe without a writer', async () => {
    const cwd = await tempDir();
    execFileSync('mkfifo', [join(cwd, 'pipe.png')]);
    await expectRefused('pipe.png', { cwd }, 'not_a_file', 'it is a named pipe, not a regular file');
  });

  it('is refused if it is a device', async () => {
    await expectRefused('/dev/null', {}, 'not_a_file', 'it is a device, not a regular file');
    await expectRefused('/dev/zero', {}, 'not_a_file', 'it is a device, not a regular file');
  });

  it('is refused if it is a socket', async () => {
    const cwd = await tempDir();
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(cwd, 'socket.png'), done));
    onTestFinished(() => new Promise<void>((done) => server.close(() => done())));
    await expectRefused('socket.png', { cwd }, 'not_a_file', 'it is a socket, not a regular file');
  });

  it('is refused by the library, which has no -r, if it is a directory', async () => {
    const { sandbox } = await sandboxWith();
    const folder = await tempDir();
    const records = await uploadFiles([folder], {
      apiUrl: sandbox.apiUrl,
      token: sandbox.token,
      account: sandbox.accounts[0]!,
    });
    expect(records).toMatchObject([
      { status: 'failed', error: { code: 'not_a_file', message: 'it is a directory, not a regular file' } },
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it.each([[['*.png']], [['-r', '.']]])(
    'is reported as a failure beside the images that %j finds',
    async (args) => {
      const cwd = await folderWith({ 'a.png': png });
      execFileSync('mkfifo', [join(cwd, 'pipe.png')]);
      await symlink('nowhere', join(cwd, 'dangling.png'));
      const { exitCode, records, sandbox } = await upload(args, { cwd });
      expect(exitCode).toBe(3);
      expect(records).toMatchObject([
        { path: 'a.png', status: 'uploaded' },
        {
          path: 'dangling.png',
          error: { code: 'unreadable', message: 'it cannot be read: no such file or directory' },
        },
        { path: 'pipe.png', error: { code: 'not_a_file' } },
      ]);
      expect(sandbox.requests).toHaveLength(1);
    },
  );
});

describe('an unreadable file', () => {
  it('may have circular links', async () => {
    const cwd = await tempDir();
    await symlink('b.png', join(cwd, 'a.png'));
    await symlink('a.png', join(cwd, 'b.png'));
    const message = 'it cannot be read: too many symbolic links';
    await expectRefused('a.png', { cwd }, 'unreadable', message);
  });

  it.skipIf(isRoot)('may lack permission', async () => {
    const cwd = await folderWith({ 'a.png': png });
    await mkdir(join(cwd, 'shut'));
    await writeFile(join(cwd, 'shut/b.png'), png);
    await chmod(join(cwd, 'a.png'), 0);
    await chmod(join(cwd, 'shut'), 0);
    await expectRefused('a.png', { cwd }, 'unreadable', 'it cannot be read: permission denied');
    await expectRefused('shut/b.png', { cwd }, 'unreadable', 'it cannot be read: permission denied');
    await chmod(join(cwd, 'shut'), 0o700);
  });

  it.runIf(isLinux)('may be one that the kernel does not open', async () => {
    await expectRefused('/proc/self/mem', {}, 'unreadable', 'it cannot be read: the disk reports an error');
  });

  it.runIf(isLinux)('is not a file of /proc, which has content although its size is 0', async () => {
    const message = 'its size is 0 but it has content, like a file in /proc';
    await expectRefused('/proc/version', {}, 'not_a_file', message);
  });
});

describe('a file that changed after the check', () => {
  const changed = ['changed', 'it changed after it was checked'] as const;
  it.each<[how: string, tamper: (file: string) => void, code: UploadErrorCode, message: string]>([
    ['deleted', (file) => rmSync(file), 'unreadable', 'it cannot be read: no such file or directory'],
    ['grown', (file) => writeFileSync(file, 'x', { flag: 'a' }), ...changed],
    ['emptied', (file) => writeFileSync(file, ''), ...changed],
    [
      'rewritten without a change of size',
      (file) => {
        const { mtimeMs } = statSync(file);
        writeFileSync(file, readFileSync(file).fill(0, 1000));
        utimesSync(file, mtimeMs / 1000 + 1, mtimeMs / 1000 + 1);
      },
      ...changed,
    ],
    [
      'replaced by a file of the same size and time',
      (file) => {
        const { mtime } = statSync(file);
        waitForTick(file);
        writeFileSync(`${file}.new`, readFileSync(file).fill(0, 1000));
        utimesSync(`${file}.new`, mtime, mtime);
        renameSync(`${file}.new`, file);
      },
      ...changed,
    ],
    [
      'replaced by a named pipe',
      (file) => {
        rmSync(file);
        execFileSync('mkfifo', [file]);
      },
      'not_a_file',
      'it is a named pipe, not a regular file',
    ],
    [
      'replaced by a folder',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      'not_a_file',
      'it is a directory, not a regular file',
    ],
  ])('because it was %s is not sent', async (_, tamper, code, message) => {
    const cwd = await folderWith({ 'a.png': png, 'b.jpg': jpeg, 'c.webp': webp });
    utimesSync(join(cwd, 'b.jpg'), 1_700_000_000, 1_700_000_000);
    let seen = 0;
    const { exitCode, records, stderr, sandbox } = await upload(
      ['-c', '1', 'a.png', 'b.jpg', 'c.webp', 'b.jpg'],
      { cwd },
      {
        onRequest: () => {
          seen += 1;
          // The first file is being sent, and the second has not been read.
          if (seen === 1) {
            tamper(join(cwd, 'b.jpg'));
          }
        },
      },
    );
    expect(exitCode).toBe(3);
    const failure = { status: 'failed', attempts: 0, error: { code, message, retryable: false } };
    expect(records).toMatchObject([
      { index: 0, status: 'uploaded', contentType: 'image/png' },
      { index: 1, path: 'b.jpg', ...failure },
      { index: 2, status: 'uploaded', contentType: 'image/webp' },
      { index: 3, path: 'b.jpg', ...failure },
    ]);
    expect(stderr).toContain(`error: b.jpg: ${message}\n`);
    expect(sandbox.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'image/png',
      'image/webp',
    ]);
  });

  it('stops the batch with --fail-fast', async () => {
    const cwd = await folderWith({ 'a.png': png, 'b.jpg': jpeg, 'c.webp': webp });
    const { exitCode, records, sandbox } = await upload(
      ['-c', '1', '--fail-fast', 'a.png', 'b.jpg', 'c.webp'],
      { cwd },
      { onRequest: () => rmSync(join(cwd, 'b.jpg'), { force: true }) },
    );
    expect(exitCode).toBe(3);
    expect(summarize(records)).toEqual(['0 a.png uploaded', '1 b.jpg failed', '2 c.webp cancelled']);
    expect(sandbox.requests).toHaveLength(1);
  });

  it('does not matter once its bytes are being sent, not even for a retry', async () => {
    const cwd = await folderWith({ 'a.png': png });
    const { exitCode, records, sandbox } = await upload(
      ['a.png'],
      { cwd },
      { faults: [{ kind: '500', count: 1 }], onRequest: () => rmSync(join(cwd, 'a.png'), { force: true }) },
    );
    expect(exitCode).toBe(0);
    expect(records).toMatchObject([{ status: 'uploaded', attempts: 2 }]);
    expect(sandbox.requests.map(({ status, sha256 }) => [status, sha256])).toEqual([
      [500, sandbox.requests[0]!.sha256],
      [200, sandbox.requests[0]!.sha256],
    ]);
  });
});

describe('every file is checked before the first byte is sent', () => {
  const files = { 'a.png': png, 'b.jpg': jpeg, 'bad.gif': gif, 'text.png': 'text' };

  it('and the good ones are uploaded', async () => {
    const cwd = await folderWith(files);
    const { exitCode, records, stderr, sandbox } = await upload(
      ['-c', '1', 'bad.gif', 'a.png', 'text.png', 'b.jpg'],
      { cwd },
      // If it were checked only now, it would be accepted.
      { onRequest: () => writeFileSync(join(cwd, 'text.png'), webp) },
    );
    expect(exitCode).toBe(3);
    expect(summarize(records)).toEqual([
      '0 bad.gif failed',
      '1 a.png uploaded',
      '2 text.png failed',
      '3 b.jpg uploaded',
    ]);
    expect(stderr).toMatch(/\n2 uploaded, 2 failed \(5\.84 kB in .*\)\n$/);
    expect(sandbox.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'image/png',
      'image/jpeg',
    ]);
  });

  it('and text has one line for each of the good ones', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await folderWith(files);
    const result = await runCli(['upload', '-c', '1', 'bad.gif', 'a.png', 'text.png', 'b.jpg'], { env, cwd });
    expect(result.exitCode).toBe(3);
    expect(result.lines).toEqual(sandbox.assets.map(({ imageRef }) => imageRef));
    expect(result.lines).toHaveLength(2);
  });

  it('and nothing is sent with --fail-fast when the last one is bad', async () => {
    const cwd = await folderWith(files);
    const args = ['--fail-fast', '-c', '1', 'a.png', 'b.jpg', 'bad.gif'];
    const { exitCode, records, stderr, sandbox } = await upload(args, { cwd });
    expect(exitCode).toBe(1);
    expect(summarize(records)).toEqual(['0 a.png cancelled', '1 b.jpg cancelled', '2 bad.gif failed']);
    expect(records[0]).toEqual({ index: 0, path: 'a.png', status: 'cancelled', attempts: 0 });
    expect(stderr).toContain('error: bad.gif: it is a GIF image');
    expect(stderr).toMatch(/\n1 failed, 2 cancelled\n$/);
    expect(sandbox.requests).toEqual([]);

    const text = await runCli(['upload', ...args], { env: (await sandboxWith()).env, cwd });
    expect(text).toMatchObject({ exitCode: 1, stdout: '', stderr });
  });

  it('and with --fail-fast the first failure in input order is reported', async () => {
    const cwd = await folderWith(files);
    const args = ['--fail-fast', 'a.png', 'text.png', 'bad.gif', 'text.png', 'b.jpg', 'a.png'];
    const { exitCode, records, sandbox } = await upload(args, { cwd });
    expect(exitCode).toBe(1);
    expect(summarize(records)).toEqual([
      '0 a.png cancelled',
      '1 text.png failed',
      '2 bad.gif cancelled',
      '3 text.png failed',
      '4 b.jpg cancelled',
      '5 a.png cancelled',
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it('and no file gets a reference if all are bad', async () => {
    const cwd = await folderWith(files);
    const { exitCode, records, stderr, sandbox } = await upload(['text.png', 'bad.gif'], { cwd });
    expect(exitCode).toBe(1);
    expect(summarize(records)).toEqual(['0 text.png failed', '1 bad.gif failed']);
    expect(stderr).toMatch(/\n2 failed\n$/);
    expect(sandbox.requests).toEqual([]);
  });

  it('and each kind of advice is given once', async () => {
    const cwd = await folderWith(files);
    const { stderr } = await upload(['text.png', 'bad.gif'], { cwd });
    expect(stderr.match(/Convert it/g)).toHaveLength(1);
  });
});

describe('--dry-run', () => {
  it.each([
    ['DREAMINA_TOKEN', '"x'],
    ['DREAMINA_ACCOUNT', 'foo'],
    ['DREAMINA_API_URL', 'http://example.com'],
  ])('does not need %s, and warns if it is wrong', async (name, value) => {
    const { exitCode, stderr } = await runCli(['upload', '--dry-run', fixture('night.png').file], {
      env: { [name]: value },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(new RegExp(`^warning: environment variable ${name}: .* must be .*\\n1 valid\\n$`));
  });

  it('stops if another setting is wrong', async () => {
    const env = { DREAMINA_TOKEN: '"x', DREAMINA_RETRIES: 'many' };
    const { exitCode, stderr } = await runCli(['upload', '--dry-run', fixture('night.png').file], { env });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('DREAMINA_RETRIES');
    expect((await runCli(['upload', '--dry-run', '-a', 'foo', fixture('night.png').file])).exitCode).toBe(2);
  });

  const files = { 'a.png': jpeg, 'b.png': png, 'c.webp': webp, 'bad.gif': gif, 'none.png': '' };
  const all = ['a.png', 'bad.gif', 'b.png', 'none.png', 'c.webp'];

  it('reports whether each file would be sent, and sends nothing', async () => {
    const cwd = await folderWith(files);
    const { exitCode, records, stderr, sandbox } = await upload(['--dry-run', ...all, '-'], {
      cwd,
      stdin: png,
    });
    expect(exitCode).toBe(3);
    const failed = (index: number, path: string, code: UploadErrorCode, message: string) => ({
      index,
      path,
      status: 'failed',
      attempts: 0,
      error: { code, message, retryable: false, hint: expect.any(String) },
    });
    const valid = (index: number, path: string, contentType: string, { length }: Buffer) => ({
      index,
      path,
      status: 'valid',
      type: 'image',
      size: length,
      contentType,
      attempts: 0,
    });
    expect(records).toEqual([
      valid(0, 'a.png', 'image/jpeg', jpeg),
      failed(1, 'bad.gif', 'unsupported_type', `it is a GIF image; ${accepted}`),
      valid(2, 'b.png', 'image/png', png),
      failed(3, 'none.png', 'empty', 'it is empty'),
      valid(4, 'c.webp', 'image/webp', webp),
      valid(5, '-', 'image/png', png),
    ]);
    expect(stderr).toMatch(/\n4 valid, 2 failed\n$/);
    expect(sandbox.requests).toEqual([]);
  });

  it.each([
    [['a.png', 'b.png'], 0, '2 valid\n'],
    [['a.png', 'bad.gif'], 3, '1 valid, 1 failed\n'],
    [['bad.gif', 'none.png'], 1, '2 failed\n'],
    [['--fail-fast', ...all], 3, '1 valid, 1 failed, 3 cancelled\n'],
    [['--fail-fast', 'bad.gif', 'a.png'], 1, '1 failed, 1 cancelled\n'],
  ])('with %j exits with %i and needs no token', async (args, exitCode, summary) => {
    const cwd = await folderWith(files);
    for (const format of ['text', 'frames']) {
      const result = await runCli(['upload', '--dry-run', '--format', format, ...args], { cwd });
      expect(result).toMatchObject({ exitCode, stdout: '' });
      expect(result.stderr.endsWith(summary)).toBe(true);
    }
    const {
      exitCode: jsonExitCode,
      stderr,
      json,
    } = await runCli(['upload', '--dry-run', '--json', ...args], { cwd });
    expect(jsonExitCode).toBe(exitCode);
    expect(stderr.endsWith(summary)).toBe(true);
    expect(json<UploadRecord[]>()).toHaveLength(args.filter((arg) => arg in files).length);
    const ndjson = await runCli(['upload', '--dry-run', '--format', 'ndjson', ...args], { cwd });
    expect(ndjson.lines.map((line) => JSON.parse(line))).toEqual(json());
  });

  it('with --fail-fast stops at the first failure', async () => {
    const cwd = await folderWith(files);
    const { records, sandbox } = await upload(['--dry-run', '--fail-fast', ...all], { cwd });
    expect(summarize(records)).toEqual([
      '0 a.png valid',
      '1 bad.gif failed',
      '2 b.png cancelled',
      '3 none.png cancelled',
      '4 c.webp cancelled',
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it('without files is a usage error', async () => {
    const result = await runCli(['upload', '--dry-run', '--json', 'lost.png']);
    expect(result).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'error: lost.png: there is no such file\n',
    });
  });

  it('gives the same result as an upload', async () => {
    const cwd = await folderWith(files);
    const dry = await upload(['--dry-run', ...all], { cwd });
    const real = await upload(all, { cwd });
    expect(real.exitCode).toBe(dry.exitCode);
    expect(real.records.filter(({ status }) => status === 'failed')).toEqual(
      dry.records.filter(({ status }) => status === 'failed'),
    );
    expect(real.sandbox.requests).toHaveLength(3);
  });
});

describe('a name with control characters', () => {
  const name = 'a\r\n\t\u001b[31m\u009b2J\u202egnp.\u2066x\u200b\ufeff.png';
  const escaped = 'a\\r\\n\\t\\x1b[31m\\x9b2J\\u{202e}gnp.\\u{2066}x\\u{200b}\\u{feff}.png';

  it('is escaped on standard error and unchanged in JSON', async () => {
    const cwd = await folderWith({ [name]: gif });
    const { exitCode, records, stdout, stderr } = await upload([name], { cwd });
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `error: ${escaped}: it is a GIF image; ${accepted}`,
      expect.stringMatching(/^ {2}Convert it/),
      '1 failed',
      '',
    ]);
    expect(records[0]!.path).toBe(name);
    expect(stdout).toContain('"path":"a\\r\\n\\t\\u001b[31m');
  });

  it('is one line of NDJSON', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await folderWith({ [name]: png });
    const { exitCode, lines } = await runCli(['upload', '--format', 'ndjson', name], { env, cwd });
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ path: name, status: 'uploaded' });
    expect(sandbox.requests).toHaveLength(1);
  });

  it('is escaped in the output of --verbose', async () => {
    const { env } = await sandboxWith();
    const cwd = await folderWith({ [name]: png });
    const { exitCode, stderr } = await runCli(['upload', '-v', name], { env, cwd });
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`${escaped}: sending`);
    expect(stderr).not.toMatch(/[\r\t\u001b\u009b\u202e\u2066\u200b\ufeff]/);
  });

  it.each([
    [[name], `error: ${escaped}: there is no such file\n`],
    [['-r', `*${name}`], `error: *${escaped}: there is no such file, and the pattern matches no files\n`],
    [['--files-from', name], `error: --files-from ${escaped}: there is no such file\n`],
  ])('is escaped in a usage error', async (args, stderr) => {
    const result = await runCli(['upload', ...args], { cwd: await tempDir() });
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr });
  });
});
