import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { UploadRecord, ValidRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = await readFile(fixture('night.png').file);
const isRoot = process.getuid?.() === 0;

/** A folder of PNG files with these names, each of another size, which identifies it. */
async function folderWith(...names: readonly string[]): Promise<string> {
  const folder = await tempDir();
  for (const [i, name] of names.entries()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), Buffer.concat([night, Buffer.alloc(i)]));
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

/** Expects that a dry run reports these paths, in this order, and has checked the files of these names. */
async function expectFound(
  args: readonly string[],
  world: World & { cwd: string },
  paths: readonly string[],
) {
  const result = await runCli(['upload', '--dry-run', '--json', ...args], world);
  expect(result).toMatchObject({ exitCode: 0, stderr: `${paths.length} valid\n` });
  const files = paths.map(async (path) => [path, (await stat(resolve(world.cwd, path))).size]);
  expect(result.json<ValidRecord[]>().map(({ path, size }) => [path, size])).toEqual(
    await Promise.all(files),
  );
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
  it('is taken literally if it exists', async () => {
    const names = [
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
    ];
    // Each of them would also be found if its name were taken for a pattern.
    const others = ['shot1.png', 'aXb.png', 'x.png', 'whatX.png', 'backslash.png'];
    const cwd = await folderWith(...names, ...others);
    const paths = [...names, ...names.map((name) => join(cwd, name))];
    await expectUploaded(paths, { cwd }, paths);
  });

  it('may begin with - after --', async () => {
    const cwd = await folderWith('-v.png', '--json');
    await expectUploaded(['--', '-v.png', '--json'], { cwd }, ['-v.png', '--json']);
  });

  it('that begins with - and comes before -- is an unknown flag', async () => {
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

  it('is read from the working directory, and may lead upwards', async () => {
    const folder = await folderWith('a.png', 'below/b.png');
    await expectFound(['../a.png', 'b.png'], { cwd: join(folder, 'below') }, ['../a.png', 'b.png']);
  });

  it('may lead through a symbolic link', async () => {
    const cwd = await folderWith('real.png', 'folder/b.png');
    await symlink('real.png', join(cwd, 'link.png'));
    await symlink('folder', join(cwd, 'other'));
    await expectUploaded(['link.png', 'other/b.png'], { cwd }, ['link.png', 'other/b.png']);
  });

  it('through a link and .. leads where the system says, wherever a path is read', async () => {
    const folder = await folderWith('work/a.png', 'real/a.png', 'real/sub/b.png');
    const cwd = join(folder, 'work');
    await symlink('../real/sub', join(cwd, 'link'));
    const real = hash(await readFile(join(folder, 'real/a.png')));
    await writeFile(join(folder, 'real/list'), 'link/../a.png\n');
    for (const args of [
      ['link/../a.png'],
      ['link/../[a].png'],
      ['l*/../a.png'],
      [join(cwd, 'link').concat('/../a.png')],
      ['--files-from', 'link/../list'],
      ['-r', 'link/..', '--exclude', 'sub'],
    ]) {
      const { records, sent } = await upload(args, { cwd });
      expect({ args, sent }).toEqual({ args, sent: [real] });
      expect(records[0]!.path).toMatch(/link\/\.\.\/a\.png$/);
    }
    await upload(['a.png', '--manifest', 'link/../refs'], { cwd });
    expect(await readFile(join(folder, 'real/refs'), 'utf8')).toContain('imageRef');
    const missing = await runCli(['config', '--config', 'link/../lost.json'], { cwd });
    expect(missing.stderr + missing.stdout).toContain(`${cwd}/link/../lost.json`);
  });

  it('that is named in two ways, through a link or .., is uploaded once', async () => {
    const cwd = await folderWith('real/a.png');
    await symlink('real', join(cwd, 'link'));
    const { records, sent } = await upload(
      ['real/a.png', 'link/a.png', 'link/../real/a.png', 'real//./a.png'],
      { cwd },
    );
    expect(records).toHaveLength(4);
    expect(sent).toHaveLength(1);
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
    await expectFound([pattern], { cwd }, expected);
  });

  it.each([
    ['../*.png', ['../top.png']],
    ['../*/*.png', ['../10/b.png', '../in/a.png']],
    ['../**', ['../10/b.png', '../in/a.png', '../in/deep/c.png', '../top.png']],
    ['../{in,10}/*.png', ['../10/b.png', '../in/a.png']],
    ['../in/*.png', ['../in/a.png']],
    ['deep/../*.png', ['deep/../a.png']],
  ])('%s may lead out of the working directory, and back into it', async (pattern, expected) => {
    const folder = await folderWith('top.png', '10/b.png', 'in/a.png', 'in/deep/c.png');
    await expectFound([pattern], { cwd: join(folder, 'in') }, expected);
  });

  it('gives absolute paths for an absolute pattern, also in and around the working directory', async () => {
    const folder = await folderWith('10/b.png', '2/a.png', '2/deep/c.png');
    const [a, b, c] = [join(folder, '2/a.png'), join(folder, '10/b.png'), join(folder, '2/deep/c.png')];
    for (const cwd of [await tempDir(), folder, join(folder, '2'), join(folder, '2/deep')]) {
      await expectFound([join(folder, '*/*.png')], { cwd }, [a, b]);
      await expectFound([join(folder, '**/*.png')], { cwd }, [a, c, b]);
    }
  });

  it('works from a working directory whose name looks like a pattern', async () => {
    const folder = await folderWith('[x]{y}/a.png', 'x/b.png');
    await expectFound(['*.png'], { cwd: join(folder, '[x]{y}') }, ['a.png']);
  });

  it('takes a character after a backslash literally', async () => {
    const cwd = await folderWith('[x]/a.png', 'x/b.png');
    await expectFound(['\\[x\\]/*.png'], { cwd }, ['[x]/a.png']);
  });

  it('leaves out dotfiles unless the pattern names them', async () => {
    const cwd = await folderWith('a.png', '.b.png', '.c/d.png');
    await expectFound(['**'], { cwd }, ['a.png']);
    await expectFound(['.*.png', '.c/*'], { cwd }, ['.b.png', '.c/d.png']);
  });

  it('leaves out folders without -r', async () => {
    const cwd = await folderWith('a.png', 'b/c.png');
    await expectFound(['*'], { cwd }, ['a.png']);
    await expectRefused(['b*'], { cwd }, ['b*: there is no such file, and the pattern matches no files']);
  });

  it('descends with -r into the folders that it matches, and lists no file twice', async () => {
    const cwd = await folderWith('a.png', 'b/2.png', 'b/10.png', 'b/deep/c.png', 'd.png');
    await mkdir(join(cwd, 'empty'));
    const all = ['a.png', 'b/2.png', 'b/10.png', 'b/deep/c.png', 'd.png'];
    await expectFound(['-r', '*'], { cwd }, all);
    await expectFound(['-r', '**'], { cwd }, all);
    await expectRefused(['-r', 'e*'], { cwd }, [
      'e*: there is no .jpg, .jpeg, .png, .webp, .mp4, .m4v, .mov, .webm, .mp3, .wav, .m4a or .aac file in it',
    ]);
  });

  it('takes every file that it matches, whatever its extension', async () => {
    const cwd = await folderWith('a.png', 'a.txt');
    await expectFound(['a.*'], { cwd }, ['a.png', 'a.txt']);
  });

  it('and a path to the same file upload it once and report it twice', async () => {
    const cwd = await folderWith('1.png', '2.png');
    await expectUploaded(['2.png', '*.png', './1.png'], { cwd }, ['2.png', '1.png', '2.png', './1.png']);
  });

  it('ends in spite of circular links', async () => {
    const cwd = await folderWith('in/a.png');
    await symlink('..', join(cwd, 'in/up'));
    await expectFound(['in/**/a.png'], { cwd }, ['in/a.png']);
  });

  it.each([
    ['shots (final)/*.png', ['shots (final)/a.png']],
    ['IMG (1)*.png', ['IMG (1)a.png']],
    ['*(1)a.png', ['IMG (1)a.png']],
    ['!x*.png', ['!x1.png']],
    ['{x}*.png', ['{x}1.png']],
    ['?.png', ['😀.png']],
    ['[[:upper:]]*', ['IMG (1)a.png']],
    ['IMG\\ \\(1\\)a.png', ['IMG (1)a.png']],
    ['{x,y}{1..3}.jpg', ['x1.jpg', 'x2.jpg', 'x3.jpg', 'y1.jpg', 'y2.jpg', 'y3.jpg']],
  ])('has the same meaning as in bash: %s', async (pattern, expected) => {
    const names = ['shots (final)/a.png', 'IMG (1)a.png', '!x1.png', '{x}1.png', '😀.png'];
    const cwd = await folderWith(
      ...names,
      ...['x', 'y'].flatMap((it) => [1, 2, 3].map((i) => `${it}${i}.jpg`)),
    );
    await expectFound([pattern], { cwd }, expected);
  });

  it('finds each real file once in folders that link to each other', async () => {
    const folders = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const cwd = await folderWith(...folders.map((name) => `${name}/${name}.png`));
    for (const from of folders) {
      for (const to of folders) {
        await symlink(`../${to}`, join(cwd, from, `to-${to}`));
      }
    }
    const all = folders.map((name) => `${name}/${name}.png`);
    await expectFound(['**/*.png'], { cwd }, all);
    await expectFound(
      ['./**/*.png'],
      { cwd },
      all.map((name) => `./${name}`),
    );
    await expectFound(
      ['*/*/*/*/*.png'],
      { cwd },
      folders.map((name) => `a/to-a/to-a/to-${name}/${name}.png`).sort(),
    );
    await expectFound(['-r', '*'], { cwd }, all);
    const winding = ['*/../**/[a-g]/../**/[a-g]/../*/*.png'];
    const { stderr } = await runCli(['upload', '--dry-run', ...winding], { cwd });
    expect(stderr).toBe(`${all.length} valid\n`);
  });

  it('may contain backslashes only on Windows', async () => {
    const cwd = await folderWith('shots/2.png', 'shots/10.png');
    await expectFound(['shots\\*.png'], { cwd, platform: 'win32' }, ['shots/2.png', 'shots/10.png']);
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
    await expectFound(
      ['-r', 'shots'],
      { cwd },
      names.map((name) => `shots/${name}`),
    );
    await expectFound(
      ['--recursive', 'shots/'],
      { cwd },
      names.map((name) => `shots/${name}`),
    );
    await expectFound(['-r', '.'], { cwd: join(cwd, 'shots') }, names);
    await expectFound(
      ['-r', '..'],
      { cwd: join(cwd, 'shots/a') },
      names.map((name) => `../${name}`),
    );
    await expectFound(
      ['-r', join(cwd, 'shots')],
      { cwd },
      names.map((name) => join(cwd, 'shots', name)),
    );
  });

  it('takes a folder whose name looks like a pattern, and its files with such names', async () => {
    const cwd = await folderWith('[a]*/{b}.png', 'a/c.png');
    await expectUploaded(['-r', '[a]*'], { cwd }, ['[a]*/{b}.png']);
  });

  it('takes a named file, whatever its extension', async () => {
    const cwd = await folderWith('image.bin', 'shots/a.png');
    await expectFound(['-r', 'shots', 'image.bin'], { cwd }, ['shots/a.png', 'image.bin']);
  });

  it('follows links to files, not links to folders, unless one is named', async () => {
    const cwd = await folderWith('shots/a.png', 'elsewhere/b.png');
    await symlink('../elsewhere/b.png', join(cwd, 'shots/link.png'));
    await symlink('../elsewhere', join(cwd, 'shots/folder'));
    await symlink('..', join(cwd, 'shots/up'));
    await symlink('elsewhere', join(cwd, 'other'));
    await expectFound(['-r', 'shots'], { cwd }, ['shots/a.png', 'shots/link.png']);
    await expectFound(['-r', 'other'], { cwd }, ['other/b.png']);
  });

  it('and a path inside the folder upload the file once and report it twice', async () => {
    const cwd = await folderWith('shots/a.png', 'shots/b.png');
    await expectUploaded(['-r', 'shots/b.png', 'shots'], { cwd }, [
      'shots/b.png',
      'shots/a.png',
      'shots/b.png',
    ]);
  });

  it.skipIf(isRoot)('names an unreadable folder, and uploads the rest', async () => {
    const cwd = await folderWith('shots/a.png', 'good.png');
    await chmod(join(cwd, 'shots'), 0);
    await expectFolderFailure(['-r', 'shots', 'good.png'], cwd, 'shots', 'permission denied');
    await expectFolderFailure(['-r', '.'], cwd, 'shots', 'permission denied');
    await expectFolderFailure(['*/*.png', 'good.png'], cwd, 'shots', 'permission denied');
    await expectFolderFailure(['shots/*.png', 'good.png'], cwd, 'shots', 'permission denied');
    await expectFolderFailure(['*/a.png', 'good.png'], cwd, 'shots', 'permission denied');
    await chmod(join(cwd, 'shots'), 0o700);
  });

  it('leaves out hidden files and folders below a named folder, unless --hidden includes them', async () => {
    const cwd = await folderWith(
      'a.png',
      '._a.png',
      '.git/b.png',
      'c/.d.png',
      '.cache/e.png',
      '.cache/.f/g.png',
    );
    await expectFound(['-r', '.'], { cwd }, ['a.png']);
    await expectFound(['-r', '.cache'], { cwd }, ['.cache/e.png']);
    await expectFound(['-r', '--hidden', '.cache', 'c'], { cwd }, [
      '.cache/.f/g.png',
      '.cache/e.png',
      'c/.d.png',
    ]);
    await expectRefused(['-r', 'c'], { cwd }, [
      'c: there is no .jpg, .jpeg, .png, .webp, .mp4, .m4v, .mov, .webm, .mp3, .wav, .m4a or .aac file in it that is neither hidden nor excluded',
    ]);
  });

  it('uploads a file and a link to it once', async () => {
    const cwd = await folderWith('shots/z.png');
    await symlink('z.png', join(cwd, 'shots/a.png'));
    await expectUploaded(['-r', 'shots'], { cwd }, ['shots/z.png']);
    await expectUploaded(['shots/*'], { cwd }, ['shots/z.png']);
    await expectUploaded(['shots/a*'], { cwd }, ['shots/a.png']);
  });

  it('names a link that leads nowhere, and uploads the rest', async () => {
    const { env } = await sandboxWith();
    const cwd = await folderWith('shots/a.png');
    await symlink('nowhere.png', join(cwd, 'shots/lost.png'));
    await symlink('loop.png', join(cwd, 'shots/loop.png'));
    for (const args of [['-r', 'shots'], ['shots/*']]) {
      const result = await runCli(['upload', '--json', ...args], { env, cwd });
      expect(result.exitCode).toBe(3);
      expect(result.json<UploadRecord[]>().map(({ path, status }) => [path, status])).toEqual([
        ['shots/a.png', 'uploaded'],
        ['shots/loop.png', 'failed'],
        ['shots/lost.png', 'failed'],
      ]);
    }
  });

  it('names a folder whose path is too long for the system, and uploads the rest', async () => {
    const cwd = await folderWith('shots/a.png');
    const name = 'd'.repeat(200);
    execFileSync('bash', ['-c', `cd shots; for i in {1..25}; do mkdir ${name}; cd ${name} || exit; done`], {
      cwd,
    });
    for (const args of [['-r', 'shots'], ['shots/**/*.png']]) {
      const { sandbox, env } = await sandboxWith();
      const result = await runCli(['upload', '--json', ...args], { env, cwd });
      expect(result.exitCode).toBe(3);
      const [failed, uploaded, ...more] = result
        .json<UploadRecord[]>()
        .sort((a, b) => (a.status < b.status ? -1 : 1));
      expect(failed).toMatchObject({
        path: expect.stringMatching(/^shots(?:\/d{200})+$/),
        status: 'failed',
        error: {
          code: 'unreadable',
          message: 'the folder cannot be read: its path is too long for the system',
        },
      });
      expect(uploaded).toMatchObject({ path: 'shots/a.png', status: 'uploaded' });
      expect(more).toEqual([]);
      expect(sandbox.requests).toHaveLength(1);
    }
    // Node cannot delete it.
    execFileSync('rm', ['-r', 'shots'], { cwd });
  });
});

/** Expects that this folder is one failure, and that the only other file is uploaded. */
async function expectFolderFailure(args: readonly string[], cwd: string, path: string, problem: string) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '--json', ...args], { env, cwd });
  expect(result.exitCode).toBe(3);
  const records = result.json<UploadRecord[]>();
  expect(records).toHaveLength(2);
  expect(records).toContainEqual(
    expect.objectContaining({
      path,
      error: expect.objectContaining({
        code: 'unreadable',
        message: `the folder cannot be read: ${problem}`,
      }),
    }),
  );
  expect(sandbox.requests).toHaveLength(1);
}

describe('--exclude', () => {
  const names = ['a.png', 'a_draft.png', 'old/b.png', 'new/old/c.png', 'new/d_draft.png', 'new/e.png'];

  it.each<[args: readonly string[], expected: readonly string[]]>([
    [
      ['--exclude', '*_draft.png'],
      ['a.png', 'new/e.png', 'new/old/c.png', 'old/b.png'],
    ],
    [
      ['--exclude', 'old'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png'],
    ],
    [
      ['--exclude', 'old/'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png'],
    ],
    [
      ['--exclude', 'a.png/'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png', 'new/old/c.png', 'old/b.png'],
    ],
    [
      ['--exclude', 'old/*'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png', 'new/old/c.png'],
    ],
    [
      ['--exclude', './old/**'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png', 'new/old/c.png'],
    ],
    [
      ['--exclude', '**/old/*'],
      ['a_draft.png', 'a.png', 'new/d_draft.png', 'new/e.png'],
    ],
    [['--exclude', 'new', '--exclude', 'a*'], ['old/b.png']],
    [
      ['--exclude', '{new,old}', '--exclude', '[!a].png'],
      ['a_draft.png', 'a.png'],
    ],
  ])('%j leaves out files that -r and globs find', async (args, expected) => {
    const cwd = await folderWith(...names);
    await expectFound(['-r', '.', ...args], { cwd }, expected);
    await expectFound(['**/*.png', ...args], { cwd }, expected);
  });

  it('compares a pattern with a slash with the path, and with the part below the named folder', async () => {
    const cwd = await folderWith(...names.map((name) => `shots/${name}`));
    for (const exclude of ['old/*', 'shots/old/*', './shots/old/*']) {
      const flags = ['--exclude', exclude, '--exclude', 'new'];
      const paths = ['shots/a_draft.png', 'shots/a.png'];
      await expectFound(['-r', 'shots', ...flags], { cwd }, paths);
      await expectFound(['shots/**/*.png', ...flags], { cwd }, paths);
      await expectFound(
        ['-r', './shots', ...flags],
        { cwd },
        paths.map((path) => `./${path}`),
      );
    }
  });

  it('takes a backslash for a separator on Windows', async () => {
    const cwd = await folderWith(...names.map((name) => `shots/${name}`));
    const world = { cwd, platform: 'win32' as const };
    await expectFound(['-r', 'shots', '--exclude', 'old\\*', '--exclude', 'new'], world, [
      'shots/a_draft.png',
      'shots/a.png',
    ]);
  });

  it('never excludes a named file, in an argument or in a list', async () => {
    const cwd = await folderWith('a.png', 'b/c.png');
    await expectUploaded(['-r', 'a.png', 'b', '--exclude', 'a.png', '--exclude', 'b'], { cwd }, [
      'a.png',
      'b/c.png',
    ]);
    await expectUploaded(['--files-from', '-', '--exclude', '*'], { cwd, stdin: 'a.png\n' }, ['a.png']);
  });

  it('matches hidden names with any wildcard', async () => {
    const cwd = await folderWith('.a.png', 'b.jpg', '.c/d.png');
    await expectFound(['-r', '--hidden', '.', '--exclude', '*.png'], { cwd }, ['b.jpg']);
  });

  it('is a usage error if it leaves nothing, or is empty', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['-r', '.', '--exclude', '*'], { cwd }, [
      '.: there is no .jpg, .jpeg, .png, .webp, .mp4, .m4v, .mov, .webm, .mp3, .wav, .m4a or .aac file in it that is neither hidden nor excluded',
    ]);
    await expectRefused(['*.png', '--exclude', 'a*'], { cwd }, [
      '*.png: there is no such file, and the pattern matches no files that are not excluded',
    ]);
    await expectRefused(['-r', '.', '--exclude', ''], { cwd }, [
      '--exclude needs a pattern, such as "*_draft.png"',
    ]);
  });
});

describe('a name that is not UTF-8', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');

  async function latinFolder(...names: readonly string[]): Promise<string> {
    const cwd = await tempDir();
    for (const name of names) {
      const file = Buffer.concat([Buffer.from(`${cwd}/`), bytes(name)]);
      await mkdir(file.subarray(0, file.lastIndexOf('/')), { recursive: true });
      await writeFile(file, Buffer.concat([night, bytes(name)]));
    }
    return cwd;
  }

  it.each<[what: string, args: readonly string[], stdin: string]>([
    ['below -r', ['-r', '.'], ''],
    ['in a pattern', ['*/*.png'], ''],
    ['in a pattern that names its folder', ['\ufffdt\ufffd/caf?.png'], ''],
    ['in a list', ['--files-from', '-'], '\xe9t\xe9/caf\xe9.png\n'],
    ['in a list of names that end in NUL', ['--files-from', '-', '-0'], '\xe9t\xe9/caf\xe9.png\0'],
    ['as an argument, in which Node has replaced the bytes', ['\ufffdt\ufffd/caf\ufffd.png'], ''],
  ])('is uploaded like any other name %s', async (_, args, stdin) => {
    const cwd = await latinFolder('\xe9t\xe9/caf\xe9.png');
    const { records, sent } = await upload(args, { cwd, stdin: bytes(stdin) });
    expect(records.map(({ path }) => path)).toEqual(['\ufffdt\ufffd/caf\ufffd.png']);
    expect(sent).toEqual([hash(Buffer.concat([night, bytes('\xe9t\xe9/caf\xe9.png')]))]);
  });

  it('may be followed by edits', async () => {
    const cwd = await latinFolder('caf\xe9.png');
    const { env } = await sandboxWith();
    const result = await runCli(['upload', 'caf\ufffd.png#aspect=1:1', '--json'], { cwd, env });
    expect(result.json()).toMatchObject([{ path: 'caf\ufffd.png', width: 90, height: 90 }]);
    await expectRefused(['th\ufffd.png#aspect=1:1'], { cwd }, [
      'th\ufffd.png#aspect=1:1: there is no such file, and the pattern matches no files',
    ]);
  });

  it('is distinguished from another name that looks the same', async () => {
    const cwd = await latinFolder('caf\xe9.png', 'caf\xe8.png');
    const { records, sent } = await upload(['-r', '.'], { cwd });
    expect(records.map(({ path }) => path)).toEqual(['caf\ufffd.png', 'caf\ufffd.png']);
    expect(new Set(sent).size).toBe(2);
    await expectRefused(['caf\ufffd.png'], { cwd }, [
      'caf\ufffd.png: several non-UTF-8 names match this; use a pattern in quotes, or --files-from with -0',
    ]);
  });

  it('may also contain U+FFFD', async () => {
    const cwd = await folderWith('caf\ufffd.png');
    await expectFound(['caf\ufffd.png'], { cwd }, ['caf\ufffd.png']);
    await expectFound(['-r', '.'], { cwd }, ['caf\ufffd.png']);
  });
});

describe('an argument that names nothing', () => {
  it('is listed with all other such arguments, and nothing is sent', async () => {
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
        '*.gif: there is no such file, and the pattern matches no files',
        'shots: it is a directory; use -r to upload the files in it',
        'dangling.png: there is no such file',
        'good.png/a.png: there is no such file',
        "'': there is no such file",
        'lost.png: there is no such file',
        '*.png: there is no such file',
        'shots: it is a directory; use -r to upload the files in it',
      ],
    );
  });

  it('may be a folder without images, or the empty path, with -r', async () => {
    const cwd = await folderWith('good.png', 'texts/a.txt');
    await expectRefused(['-r', 'texts', '', 'good.png'], { cwd }, [
      'texts: there is no .jpg, .jpeg, .png, .webp, .mp4, .m4v, .mov, .webm, .mp3, .wav, .m4a or .aac file in it',
      "'': there is no such file",
    ]);
  });

  it('may be a name that is too long for the system', async () => {
    const name = 'x'.repeat(5000);
    await expectRefused([name], { cwd: await tempDir() }, [`${'x'.repeat(399)}…: there is no such file`]);
  });

  it('is listed only if it is among the first ten', async () => {
    const cwd = await folderWith('a.png');
    const names = Array.from({ length: 1234 }, (_, i) => `lost-${i}.png`);
    await expectRefused(['a.png', '--files-from', '-'], { cwd, stdin: names.join('\n') }, [
      ...names.slice(0, 10).map((name) => `${name}: there is no such file`),
      '1,224 more arguments match no file',
    ]);
  });

  it.each<[argument: string, problem: string]>([
    ['https://example.com/a.png?x=1', 'it is a URL, and only files are uploaded; download it first'],
    ['s3://bucket/*.png', 'it is a URL, and only files are uploaded; download it first'],
    ['file:a.png', 'it is a file: URL; did you mean a.png?'],
    ['file:///nowhere/a.png', 'it is a file: URL; give the path of a file'],
    ['A.PNG', 'there is no such file; did you mean a.png?'],
    ['Shots/B.png', 'there is no such file; did you mean shots/b.png?'],
    ['./SHOTS/b.png', 'there is no such file; did you mean ./shots/b.png?'],
    ['shots\\b.png', 'there is no such file; did you mean shots/b.png?'],
    ['E\u0301.png', 'there is no such file; did you mean \u00e9.png?'],
    ['a.png ', 'there is no such file; did you mean a.png?'],
    ['"a.png"', 'there is no such file; did you mean a.png?'],
    [
      'a.png,shots/b.png',
      'there is no such file; did you mean the files a.png and shots/b.png? Pass each as a separate argument',
    ],
    [
      'a.png shots/b.png',
      'there is no such file; did you mean the files a.png and shots/b.png? Pass each as a separate argument',
    ],
    ['a.png,lost.png', 'there is no such file'],
    ['a.png#crop=1:1', 'there is no such file; only trim=, frame= and aspect= may follow a.png#'],
    ['a.png#frame', 'there is no such file; only trim=, frame= and aspect= may follow a.png#'],
    ['a.png#&frame=last', 'there is no such file; only trim=, frame= and aspect= may follow a.png#'],
    ['lost.png#crop=1:1', 'there is no such file'],
    ['#crop=1:1', 'there is no such file'],
    ['Two.png', 'there is no such file'],
    ['{a,lost}.png', 'there is no such file as lost.png'],
  ])('gets a suggestion for %j', async (argument, problem) => {
    const cwd = await folderWith('a.png', 'shots/b.png', 'é.png', 'TWO.png', 'two.png');
    await expectRefused([argument], { cwd, platform: 'linux' }, [`${argument}: ${problem}`]);
  });

  it('is told that a list takes no edits', async () => {
    const cwd = await folderWith('a.png');
    const stdin = 'a.png#aspect=1:1\nlost.png#aspect=1:1\n';
    await expectRefused(['--files-from', '-'], { cwd, stdin }, [
      'a.png#aspect=1:1: there is no such file; the paths of a list take no trim, frame or aspect',
      'lost.png#aspect=1:1: there is no such file',
    ]);
  });

  it('gets a suggestion for a ~ that the shell did not expand, and for a whole file: URL', async () => {
    const homeDir = await folderWith('a b.png');
    const file = join(homeDir, 'a b.png');
    const reason = 'there is no such file, because the shell did not expand ~';
    await expectRefused(['~/a b.png'], { homeDir }, [`~/a b.png: ${reason}; did you mean ${file}?`]);
    await expectRefused(['~/lost.png'], { homeDir }, ['~/lost.png: there is no such file']);
    await expectRefused(['~/*.png'], { homeDir }, [
      `~/*.png: there is no such file, and the pattern matches no files; did you mean ${homeDir}/*.png?`,
    ]);
    const url = pathToFileURL(file).href;
    await expectRefused([url], { homeDir }, [`${url}: it is a file: URL; did you mean ${file}?`]);
  });

  it('may be missing, which is a usage error', async () => {
    await expectRefused([], {}, [
      'there is nothing to upload: name a file, a pattern, a folder with -r, or - for standard input',
    ]);
  });

  it('is reported before a missing token', async () => {
    const result = await runCli(['upload', 'missing.png']);
    expect(result).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'error: missing.png: there is no such file\n',
    });
  });
});

describe('standard input', () => {
  it('is read for -, and reported in its place among the files', async () => {
    const cwd = await folderWith('a.png', 'b.png');
    const stdin = Buffer.concat([night, Buffer.from('from a pipe')]);
    const { records, sent } = await upload(['a.png', '-', 'b.png'], { cwd, stdin });
    expect(records.map(({ path }) => path)).toEqual(['a.png', '-', 'b.png']);
    expect(records[1]).toMatchObject({ status: 'uploaded', size: stdin.length, sha256: hash(stdin) });
    expect(sent).toHaveLength(3);
    expect(sent[1]).toBe(hash(stdin));
  });

  it('is read and uploaded once, and reported twice, if it is named twice', async () => {
    const { records, sent } = await upload(['-', '-'], { stdin: night });
    expect(records).toEqual([
      expect.objectContaining({ index: 0, path: '-', status: 'uploaded' }),
      { ...records[0], index: 1 },
    ]);
    expect(sent).toEqual([hash(night)]);
  });

  it('may come in pieces of any size', async () => {
    const image = await readFile(fixture('dunes.webp').file);
    const stdin = Readable.from(Array.from(image, (byte) => Buffer.of(byte)));
    const { sent } = await upload(['-'], { stdin });
    expect(sent).toEqual([hash(image)]);
  });

  it('is not read without -', async () => {
    const cwd = await folderWith('a.png', './-');
    const stdin = new Readable({
      read() {
        this.destroy(new Error('it was read'));
      },
    });
    await expectUploaded(['a.png', './-'], { cwd, stdin }, ['a.png', './-']);
    expect(stdin.destroyed).toBe(false);
  });

  it('is read for - even if a file is named -', async () => {
    const cwd = await folderWith('-');
    const { sent } = await upload(['--', '-'], { cwd, stdin: night });
    expect(sent).toEqual([hash(night)]);
  });

  it('cannot be both a list and a file with edits, or two lists', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['--files-from', '-', '--', '-#frame=first'], { cwd, stdin: 'a.png\n' }, [
      'standard input cannot be both the list of --files-from and a file to upload',
    ]);
    await expectRefused(['--files-from', '-', '--files-from', '-'], { cwd, stdin: 'a.png\n' }, [
      'standard input can be the list of only one --files-from',
    ]);
  });

  it('cannot be both an image and a list', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['-', '--files-from', '-'], { cwd, stdin: 'a.png\n' }, [
      'standard input cannot be both the list of --files-from and a file to upload',
    ]);
  });
});

describe('--files-from', () => {
  it('may be repeated', async () => {
    const cwd = await folderWith('a.png', 'b.png', 'c.png');
    await writeFile(join(cwd, 'first'), 'b.png\n');
    await writeFile(join(cwd, 'second'), 'a.png\nc.png\n');
    await expectFound(['--files-from', 'first', '--files-from', 'second'], { cwd }, [
      'b.png',
      'a.png',
      'c.png',
    ]);
    await expectRefused(['--files-from', 'none', '--files-from', 'second'], { cwd }, [
      '--files-from none: there is no such file',
    ]);
  });

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
    await expectFound(['--files-from', 'list'], { cwd }, expected);
    await expectFound(['--files-from', '-'], { cwd, stdin: list }, expected);
  });

  it.each([
    ['names that end in NUL', 'b.png\0two\nlines.png\0', ['b.png', 'two\nlines.png']],
    ['names with NUL between them', 'b.png\0two\nlines.png', ['b.png', 'two\nlines.png']],
    ['empty names between names', '\0b.png\0\0', ['b.png']],
    ['a carriage return, which belongs to the name', 'cr.png\r\0', ['cr.png\r']],
    ['a byte order mark, which belongs to the name', '\ufeffb.png\0', ['\ufeffb.png']],
  ])('-0 takes %s, from a file and from standard input', async (_, list, expected) => {
    const cwd = await folderWith('b.png', 'two\nlines.png', 'cr.png\r', '\ufeffb.png');
    await writeFile(join(cwd, 'list'), list);
    await expectFound(['--files-from', 'list', '-0'], { cwd }, expected);
    await expectFound(['--null', '--files-from', '-'], { cwd, stdin: list }, expected);
  });

  it('reads paths from the working directory, wherever the list is', async () => {
    const folder = await folderWith('a.png');
    const lists = await tempDir();
    await writeFile(join(lists, 'list'), 'a.png\n');
    await expectFound(['--files-from', join(lists, 'list')], { cwd: folder }, ['a.png']);
  });

  it('adds its files after the arguments', async () => {
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

  it('may list folders with -r', async () => {
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
      '--files-from shots: it cannot be read: it is a directory',
    ]);
  });

  it('lists entries that name nothing, escaped', async () => {
    const cwd = await folderWith('a.png');
    const stdin = 'a.png\nlost.png\n*.png\n\u001b[2J\n';
    await expectRefused(['--files-from', '-'], { cwd, stdin }, [
      'lost.png: there is no such file',
      '*.png: there is no such file',
      '\\x1b[2J: there is no such file',
    ]);
  });

  it.each<[what: string, list: Uint8Array]>([
    ['an image', night],
    ['names that end in NUL', Buffer.from('a.png\0b.png\0')],
  ])('refuses %s for a list, in one line', async (_, list) => {
    const cwd = await folderWith('a.png');
    await writeFile(join(cwd, 'list'), list);
    const problem = 'it is not text; a list has one path a line, or with -0 ends each in a NUL byte';
    await expectRefused(['a.png', '--files-from', 'list'], { cwd }, [`--files-from list: ${problem}`]);
    await expectRefused(['--files-from', '-'], { cwd, stdin: list }, [`--files-from -: ${problem}`]);
  });

  it('refuses a list that is too large, or an entry that is too long', async () => {
    const cwd = await tempDir();
    await writeFile(join(cwd, 'line'), 'x'.repeat(200_000));
    await expectRefused(['--files-from', 'line'], { cwd }, [
      '--files-from line: it has an entry that is too long for a path',
    ]);
    const endless = Readable.from(repeat(Buffer.alloc(1_000_000)));
    await expectRefused(['--files-from', '-', '-0'], { cwd, stdin: endless }, [
      '--files-from -: it is larger than 64 MiB, too large for a list of paths',
    ]);
  });

  it('is required by -0', async () => {
    const cwd = await folderWith('a.png');
    await expectRefused(['-0', 'a.png'], { cwd }, ['--null applies only to the list of --files-from']);
  });
});

function* repeat<Value>(value: Value): Generator<Value> {
  for (;;) {
    yield value;
  }
}
