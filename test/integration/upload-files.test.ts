import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = await readFile(fixture('night.png').file);
const isRoot = process.getuid?.() === 0;

/** A folder of PNG files with these names, no two alike, so that the server can tell which of them it got. */
async function folderWith(...names: readonly string[]): Promise<string> {
  const folder = await tempDir();
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), Buffer.concat([night, Buffer.from(name)]));
  }
  return folder;
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Uploads one by one; gives the path of each record and the hash of each body that the server took. */
async function upload(args: readonly string[], world: World) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '-c', '1', '--json', ...args], { env, ...world });
  expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^\d+ uploaded \(.*\)\n$/) });
  const records = result.json<UploadRecord[]>();
  expect(records.map(({ index }) => index)).toEqual(records.map((_, i) => i));
  expect(sandbox.requests.map(({ status }) => status)).toEqual(sandbox.requests.map(() => 200));
  return { records, sent: sandbox.requests.map(({ sha256 }) => sha256) };
}

/** Expects that these paths are reported, in this order, and that the server got each file of them once. */
async function expectUploaded(
  args: readonly string[],
  world: World & { cwd: string },
  paths: readonly string[],
) {
  const { records, sent } = await upload(args, world);
  expect(records.map(({ path }) => path)).toEqual(paths);
  const files = new Set(paths.map((path) => resolve(world.cwd, path)));
  expect(sent).toEqual(await Promise.all([...files].map(async (file) => hash(await readFile(file)))));
}

/** Expects a usage error that lists exactly these problems, and that nothing was printed or sent. */
async function expectRefused(args: readonly string[], world: World, problems: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '--json', ...args], { env, ...world });
  expect(result).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: problems.map((problem) => `error: ${problem}\n`).join(''),
  });
  expect(sandbox.requests).toEqual([]);
}

describe('a path', () => {
  it.each([
    'shot[1].png',
    'a*b.png',
    '{x}.png',
    'what?.png',
    '!not.png',
    'back\\slash.png',
    'two\nlines.png',
    '\u001b[31mred.png',
    'ünï çødé 图片 🌅.png',
    'no extension',
    '.hidden.png',
  ])('that exists is meant literally: %j', async (name) => {
    // Every one of these would be found too if the name were taken for a pattern.
    const cwd = await folderWith(name, 'shot1.png', 'aXb.png', 'x.png', 'whatX.png', 'backslash.png');
    await expectUploaded([name], { cwd }, [name]);
    await expectUploaded([join(cwd, name)], { cwd }, [join(cwd, name)]);
  });

  it('may begin with - after --', async () => {
    const cwd = await folderWith('-v.png', '--json');
    await expectUploaded(['--', '-v.png', '--json'], { cwd }, ['-v.png', '--json']);
  });

  it('that begins with - and comes before -- is a flag that does not exist', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', '-x.png'], { env, cwd: await folderWith('-x.png') });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('-x.png');
    expect(sandbox.requests).toEqual([]);
  });

  it('keeps the order and the spelling in which it was given', async () => {
    const cwd = await folderWith('b/10.png', 'a.png', '2.png');
    const paths = ['b/10.png', './a.png', join(cwd, '2.png')];
    await expectUploaded(paths, { cwd }, paths);
  });

  it('is read from the working directory, upwards too', async () => {
    const folder = await folderWith('a.png', 'below/b.png');
    await expectUploaded(['../a.png', 'b.png'], { cwd: join(folder, 'below') }, ['../a.png', 'b.png']);
  });

  it('may lead through a symbolic link', async () => {
    const cwd = await folderWith('real.png', 'folder/b.png');
    await symlink('real.png', join(cwd, 'link.png'));
    await symlink('folder', join(cwd, 'other'));
    await expectUploaded(['link.png', 'other/b.png'], { cwd }, ['link.png', 'other/b.png']);
  });

  it('that is named twice is uploaded once and reported twice', async () => {
    const cwd = await folderWith('a.png', 'b.png');
    const paths = ['a.png', 'b.png', 'a.png', './a.png', join(cwd, 'b.png')];
    const { records, sent } = await upload(paths, { cwd });
    expect(records.map(({ path }) => path)).toEqual(paths);
    expect(sent).toHaveLength(2);
    const [a, b] = records.map((record) => (record.status === 'uploaded' ? record.imageRef : undefined));
    expect(a).not.toBe(b);
    expect(records.map((record) => 'imageRef' in record && record.imageRef)).toEqual([a, b, a, a, b]);
  });

  it('that is named twice and refused is reported twice', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await folderWith('good.png');
    await writeFile(join(cwd, 'bad.png'), 'text');
    const result = await runCli(['upload', '--json', 'bad.png', 'good.png', './bad.png'], { env, cwd });
    expect(result.exitCode).toBe(3);
    expect(result.json<UploadRecord[]>().map(({ index, path, status }) => [index, path, status])).toEqual([
      [0, 'bad.png', 'failed'],
      [1, 'good.png', 'uploaded'],
      [2, './bad.png', 'failed'],
    ]);
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('a glob', () => {
  it('gives its matches in natural order', async () => {
    const cwd = await folderWith('10.png', '2.png', '1.png', 'shot 9.png', 'shot 11.png', 'Shot 10.png');
    await expectUploaded(['*.png'], { cwd }, [
      '1.png',
      '2.png',
      '10.png',
      'shot 9.png',
      'Shot 10.png',
      'shot 11.png',
    ]);
  });

  it.each([
    ['**', ['1/3.png', '2/b.webp', '10/1/a.png', '10/a.png', '10.png']],
    ['**/*.png', ['1/3.png', '10/1/a.png', '10/a.png', '10.png']],
    ['./*.png', ['./10.png']],
    ['10/../2/*', ['10/../2/b.webp']],
    ['*/?.{png,webp}', ['1/3.png', '2/b.webp', '10/a.png']],
    ['{10/a,1/3}.png', ['1/3.png', '10/a.png']],
    ['[12]/*', ['1/3.png', '2/b.webp']],
    ['@(2|10)/*', ['2/b.webp', '10/a.png']],
  ])('%s', async (pattern, expected) => {
    const cwd = await folderWith('10.png', '10/a.png', '10/1/a.png', '2/b.webp', '1/3.png');
    await expectUploaded([pattern], { cwd }, expected);
  });

  it.each([
    ['../*.png', ['../top.png']],
    ['../*/*.png', ['../10/b.png', '../in/a.png']],
    ['../**', ['../10/b.png', '../in/a.png', '../in/deep/c.png', '../top.png']],
    ['../{in,10}/*.png', ['../10/b.png', '../in/a.png']],
    ['../in/*.png', ['../in/a.png']],
    ['deep/../*.png', ['deep/../a.png']],
  ])('%s leads out of the working directory and may lead back into it', async (pattern, expected) => {
    const folder = await folderWith('top.png', '10/b.png', 'in/a.png', 'in/deep/c.png');
    await expectUploaded([pattern], { cwd: join(folder, 'in') }, expected);
  });

  it('gives absolute paths for an absolute pattern, also in and around the working directory', async () => {
    const folder = await folderWith('10/b.png', '2/a.png', '2/deep/c.png');
    const [a, b, c] = [join(folder, '2/a.png'), join(folder, '10/b.png'), join(folder, '2/deep/c.png')];
    for (const cwd of [await tempDir(), folder, join(folder, '2'), join(folder, '2/deep')]) {
      await expectUploaded([join(folder, '*/*.png')], { cwd }, [a, b]);
      await expectUploaded([join(folder, '**/*.png')], { cwd }, [a, c, b]);
    }
  });

  it('works from a working directory whose name looks like a pattern', async () => {
    const folder = await folderWith('[x]{y}/a.png', 'x/b.png');
    await expectUploaded(['*.png'], { cwd: join(folder, '[x]{y}') }, ['a.png']);
  });

  it('takes a character behind a backslash as it is', async () => {
    const cwd = await folderWith('[x]/a.png', 'x/b.png');
    await expectUploaded(['\\[x\\]/*.png'], { cwd }, ['[x]/a.png']);
  });

  it('leaves out dotfiles unless they are asked for', async () => {
    const cwd = await folderWith('a.png', '.b.png', '.c/d.png');
    await expectUploaded(['**'], { cwd }, ['a.png']);
    await expectUploaded(['.*.png', '.c/*'], { cwd }, ['.b.png', '.c/d.png']);
  });

  it('leaves out directories without -r', async () => {
    const cwd = await folderWith('a.png', 'b/c.png');
    await expectUploaded(['*'], { cwd }, ['a.png']);
    await expectRefused(['b*'], { cwd }, ['b*: there is no such file, and as a pattern it matches none']);
  });

  it('descends with -r into directories it matches, with images or without, and names no file twice', async () => {
    const cwd = await folderWith('a.png', 'b/2.png', 'b/10.png', 'b/deep/c.png', 'd.png');
    await mkdir(join(cwd, 'empty'));
    const all = ['a.png', 'b/2.png', 'b/10.png', 'b/deep/c.png', 'd.png'];
    await expectUploaded(['-r', '*'], { cwd }, all);
    await expectUploaded(['-r', '**'], { cwd }, all);
    await expectRefused(['-r', 'e*'], { cwd }, ['e*: there is no .jpg, .jpeg, .png or .webp file in it']);
  });

  it('takes what it matches whatever its extension', async () => {
    const cwd = await folderWith('a.png', 'a.txt');
    await expectUploaded(['a.*'], { cwd }, ['a.png', 'a.txt']);
  });

  it('and a path that name the same file upload it once and report it twice', async () => {
    const cwd = await folderWith('1.png', '2.png');
    await expectUploaded(['2.png', '*.png', './1.png'], { cwd }, ['2.png', '1.png', '2.png', './1.png']);
  });

  it('comes to an end where links go round in a circle', async () => {
    const cwd = await folderWith('in/a.png');
    await symlink('..', join(cwd, 'in/up'));
    const { records } = await upload(['in/**/a.png'], { cwd });
    expect(records[0]!.path).toBe('in/a.png');
  });

  it('may have backslashes on Windows, and there only', async () => {
    const cwd = await folderWith('shots/2.png', 'shots/10.png');
    await expectUploaded(['shots\\*.png'], { cwd, platform: 'win32' }, ['shots/2.png', 'shots/10.png']);
    await expectRefused(['shots\\*.png'], { cwd, platform: 'linux' }, [
      'shots\\*.png: there is no such file',
    ]);
  });
});

describe('--recursive', () => {
  it('takes images by extension in any case, at any depth, in natural order', async () => {
    const cwd = await folderWith(
      ...[
        '10.png',
        '2.PNG',
        '1.jpg',
        'b.JPEG',
        'b.txt',
        'png',
        'b.png.bak',
        'a/10/x.webp',
        'a/2/x.WebP',
        'c.png/1.png',
      ].map((name) => `shots/${name}`),
    );
    const names = ['1.jpg', '2.PNG', '10.png', 'a/2/x.WebP', 'a/10/x.webp', 'b.JPEG', 'c.png/1.png'];
    await expectUploaded(
      ['-r', 'shots'],
      { cwd },
      names.map((name) => `shots/${name}`),
    );
    await expectUploaded(
      ['--recursive', 'shots/'],
      { cwd },
      names.map((name) => `shots/${name}`),
    );
    await expectUploaded(['-r', '.'], { cwd: join(cwd, 'shots') }, names);
    await expectUploaded(
      ['-r', '..'],
      { cwd: join(cwd, 'shots/a') },
      names.map((name) => `../${name}`),
    );
    await expectUploaded(
      ['-r', join(cwd, 'shots')],
      { cwd },
      names.map((name) => join(cwd, 'shots', name)),
    );
  });

  it('takes a directory whose name looks like a pattern, and files in it that do', async () => {
    const cwd = await folderWith('[a]*/{b}.png', 'a/c.png');
    await expectUploaded(['-r', '[a]*'], { cwd }, ['[a]*/{b}.png']);
  });

  it('takes a file that is named for what it is, whatever its extension', async () => {
    const cwd = await folderWith('image.bin', 'shots/a.png');
    await expectUploaded(['-r', 'shots', 'image.bin'], { cwd }, ['shots/a.png', 'image.bin']);
  });

  it('follows links to files, not links to directories, unless one is named', async () => {
    const cwd = await folderWith('shots/a.png', 'elsewhere/b.png');
    await symlink('../elsewhere/b.png', join(cwd, 'shots/link.png'));
    await symlink('../elsewhere', join(cwd, 'shots/folder'));
    await symlink('..', join(cwd, 'shots/up'));
    await symlink('elsewhere', join(cwd, 'other'));
    await expectUploaded(['-r', 'shots'], { cwd }, ['shots/a.png', 'shots/link.png']);
    await expectUploaded(['-r', 'other'], { cwd }, ['other/b.png']);
  });

  it('and a path inside the directory upload the file once and report it twice', async () => {
    const cwd = await folderWith('shots/a.png', 'shots/b.png');
    await expectUploaded(['-r', 'shots/b.png', 'shots'], { cwd }, [
      'shots/b.png',
      'shots/a.png',
      'shots/b.png',
    ]);
  });

  it.skipIf(isRoot)('names a directory that may not be read', async () => {
    const cwd = await folderWith('shots/a.png', 'good.png');
    await chmod(join(cwd, 'shots'), 0);
    await expectRefused(['-r', 'shots', 'good.png'], { cwd }, [
      'shots: the directory cannot be read (EACCES)',
    ]);
    await chmod(join(cwd, 'shots'), 0o700);
  });
});

describe('what names nothing', () => {
  it('is listed, all of it, and nothing is sent', async () => {
    const cwd = await folderWith('good.png', 'shots/a.png', 'texts/a.txt');
    await symlink('nowhere.png', join(cwd, 'dangling.png'));
    await writeFile(join(cwd, 'list'), 'good.png\nlost.png\n*.png\nshots\n');
    await expectRefused(
      [
        'missing.png',
        'good.png',
        '*.gif',
        'shots',
        'dangling.png',
        'good.png/a.png',
        '',
        '--files-from',
        'list',
      ],
      { cwd },
      [
        'missing.png: there is no such file',
        '*.gif: there is no such file, and as a pattern it matches none',
        'shots: it is a directory; use -r to upload the images in it',
        'dangling.png: there is no such file',
        'good.png/a.png: there is no such file',
        "'': there is no such file",
        'lost.png: there is no such file',
        '*.png: there is no such file',
        'shots: it is a directory; use -r to upload the images in it',
      ],
    );
  });

  it('is a directory without images, and the empty path, with -r', async () => {
    const cwd = await folderWith('good.png', 'texts/a.txt');
    await expectRefused(['-r', 'texts', '', 'good.png'], { cwd }, [
      'texts: there is no .jpg, .jpeg, .png or .webp file in it',
      "'': there is no such file",
    ]);
  });

  it('is a name that is longer than any may be', async () => {
    const name = 'x'.repeat(5000);
    await expectRefused([name], { cwd: await tempDir() }, [`${name}: there is no such file`]);
  });

  it('is nothing at all', async () => {
    await expectRefused([], {}, [
      'there is nothing to upload: name a file, a pattern, a directory with -r, or - for standard input',
    ]);
  });

  it('comes before a missing token', async () => {
    const result = await runCli(['upload', 'missing.png']);
    expect(result).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'error: missing.png: there is no such file\n',
    });
  });
});

describe('standard input', () => {
  it('is an image where - says so, in its place among the others', async () => {
    const cwd = await folderWith('a.png', 'b.png');
    const stdin = Buffer.concat([night, Buffer.from('from a pipe')]);
    const { records, sent } = await upload(['a.png', '-', 'b.png'], { cwd, stdin });
    expect(records.map(({ path }) => path)).toEqual(['a.png', '-', 'b.png']);
    expect(records[1]).toMatchObject({ status: 'uploaded', size: stdin.length, sha256: hash(stdin) });
    expect(sent).toHaveLength(3);
    expect(sent[1]).toBe(hash(stdin));
  });

  it('named twice is read and uploaded once and reported twice', async () => {
    const { records, sent } = await upload(['-', '-'], { stdin: night });
    expect(records).toEqual([
      expect.objectContaining({ index: 0, path: '-', status: 'uploaded' }),
      { ...records[0], index: 1 },
    ]);
    expect(sent).toEqual([hash(night)]);
  });

  it('comes in pieces of any size', async () => {
    const stdin = Readable.from(Array.from(night, (byte) => Buffer.of(byte)));
    const { sent } = await upload(['-'], { stdin });
    expect(sent).toEqual([hash(night)]);
  });

  it('is not touched unless - says so', async () => {
    const cwd = await folderWith('a.png', './-');
    const stdin = new Readable({
      read() {
        this.destroy(new Error('it was read'));
      },
    });
    await expectUploaded(['a.png', './-'], { cwd, stdin }, ['a.png', './-']);
    expect(stdin.destroyed).toBe(false);
  });

  it('is an image even where a file is named -', async () => {
    const cwd = await folderWith('-');
    const { sent } = await upload(['--', '-'], { cwd, stdin: night });
    expect(sent).toEqual([hash(night)]);
  });

  it('cannot be both an image and a list', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['-', '--files-from', '-'], { cwd, stdin: 'a.png\n' }, [
      'standard input cannot be both the list of --files-from and a file to upload',
    ]);
  });
});

describe('--files-from', () => {
  it.each([
    ['lines', 'b.png\na.png\n', ['b.png', 'a.png']],
    ['no newline at the end', 'b.png\na.png', ['b.png', 'a.png']],
    ['CRLF', 'b.png\r\na.png\r\n', ['b.png', 'a.png']],
    ['a byte order mark', '\ufeffb.png\na.png\n', ['b.png', 'a.png']],
    ['blank lines', '\n\nb.png\n\r\n\na.png\n\n', ['b.png', 'a.png']],
    ['the same path twice', 'b.png\na.png\n./b.png\n', ['b.png', 'a.png', './b.png']],
    ['names that look like patterns', '*.png\n[ab].png\n', ['*.png', '[ab].png']],
    ['a file named -', '-\na.png\n', ['-', 'a.png']],
    ['names that look like flags', '--json\n', ['--json']],
    ['spaces around a name, which belong to it', ' a.png \n', [' a.png ']],
    ['a # in front, which belongs to the name', '#a.png\n', ['#a.png']],
  ])('takes %s, from a file and from standard input', async (_, list, expected) => {
    const cwd = await folderWith('a.png', 'b.png', '*.png', '[ab].png', '-', '--json', ' a.png ', '#a.png');
    await writeFile(join(cwd, 'list'), list);
    await expectUploaded(['--files-from', 'list'], { cwd }, expected);
    await expectUploaded(['--files-from', '-'], { cwd, stdin: list }, expected);
  });

  it.each([
    ['names ended by NUL', 'b.png\0two\nlines.png\0', ['b.png', 'two\nlines.png']],
    ['names separated by NUL', 'b.png\0two\nlines.png', ['b.png', 'two\nlines.png']],
    ['empty names between', '\0b.png\0\0', ['b.png']],
    ['a carriage return, which belongs to the name', 'cr.png\r\0', ['cr.png\r']],
    ['a byte order mark, which belongs to the name', '\ufeffb.png\0', ['\ufeffb.png']],
  ])('-0 takes %s, from a file and from standard input', async (_, list, expected) => {
    const cwd = await folderWith('b.png', 'two\nlines.png', 'cr.png\r', '\ufeffb.png');
    await writeFile(join(cwd, 'list'), list);
    await expectUploaded(['--files-from', 'list', '-0'], { cwd }, expected);
    await expectUploaded(['--null', '--files-from', '-'], { cwd, stdin: list }, expected);
  });

  it('reads paths from the working directory, wherever the list is', async () => {
    const folder = await folderWith('a.png');
    const lists = await tempDir();
    await writeFile(join(lists, 'list'), 'a.png\n');
    await expectUploaded(['--files-from', join(lists, 'list')], { cwd: folder }, ['a.png']);
  });

  it('comes after the arguments', async () => {
    const cwd = await folderWith('a.png', 'b.png', 'c.png');
    await expectUploaded(['--files-from', '-', 'c.png', 'a*.png'], { cwd, stdin: 'b.png\na.png\n' }, [
      'c.png',
      'a.png',
      'b.png',
      'a.png',
    ]);
  });

  it('may be a named pipe, as with <(find …)', async () => {
    const cwd = await folderWith('a.png');
    execFileSync('mkfifo', [join(cwd, 'list')]);
    await Promise.all([
      expectUploaded(['--files-from', 'list'], { cwd }, ['a.png']),
      writeFile(join(cwd, 'list'), 'a.png\n'),
    ]);
  });

  it('may list directories with -r', async () => {
    const cwd = await folderWith('shots/2.png', 'shots/10.png');
    await expectUploaded(['-r', '--files-from', '-'], { cwd, stdin: 'shots\n' }, [
      'shots/2.png',
      'shots/10.png',
    ]);
  });

  it.each([
    ['', 'the list is empty'],
    ['\n\r\n\n', 'the list is empty'],
    ['\ufeff', 'the list is empty'],
  ])('refuses the list %j, even beside a file', async (list, problem) => {
    const cwd = await folderWith('a.png');
    await writeFile(join(cwd, 'list'), list);
    await expectRefused(['a.png', '--files-from', 'list'], { cwd }, [`--files-from list: ${problem}`]);
    await expectRefused(['a.png', '--files-from', '-'], { cwd, stdin: list }, [`--files-from -: ${problem}`]);
  });

  it('refuses a list that cannot be read', async () => {
    const cwd = await folderWith('shots/a.png');
    await expectRefused(['--files-from', 'lost'], { cwd }, ['--files-from lost: there is no such file']);
    await expectRefused(['--files-from', 'shots'], { cwd }, [
      '--files-from shots: it cannot be read (EISDIR)',
    ]);
  });

  it('lists entries that name nothing, escaped', async () => {
    const cwd = await folderWith('a.png');
    const stdin = 'a.png\nlost.png\n*.png\na.png\0a.png\n\u001b[2J\n';
    await expectRefused(['--files-from', '-'], { cwd, stdin }, [
      'lost.png: there is no such file',
      '*.png: there is no such file',
      'a.png\\x00a.png: there is no such file',
      '\\x1b[2J: there is no such file',
    ]);
  });

  it('-0 without it is a usage error', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['-0', 'a.png'], { cwd }, [
      '--null needs --files-from: it says how that list is written',
    ]);
  });
});
