import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { absolutePath } from '../../../../src/absolute-path.ts';
import { findAddresses, formatAddress } from '../../../../src/report/contact-sheet/file-address.ts';
import { tempDir } from '../../../harness/temp-dir.ts';

describe('formatAddress', () => {
  it.each([
    ['/a', '/a/b.png', './b.png'],
    ['/a', '/a/c/b.png', './c/b.png'],
    ['/a/d', '/a/c/b.png', './../c/b.png'],
    ['/', '/b.png', './b.png'],
    ['/a', '/a/javascript:alert(1).png', './javascript%3Aalert%281%29.png'],
    ['/a', '/a/b#c?d%20e.png', './b%23c%3Fd%2520e.png'],
    ['/a', '/a/%2e%2e/b.png', './%252e%252e/b.png'],
    ['/a', '/a/"><img src=x onerror=y>.png', './%22%3E%3Cimg%20src%3Dx%20onerror%3Dy%3E.png'],
    ['/a', '/a/b\\c.png', './b%5Cc.png'],
    ['/a', '/a/b\nc\u202ed.png', './b%0Ac%E2%80%AEd.png'],
    ['/a', '/a/é.png', './%C3%A9.png'],
    ['/a', '/a/\udce9.png', './%E9.png'],
    ['/\udce9', '/\udcea/b.png', './../%EA/b.png'],
    ['/a b', '/a b/c.png', './c.png'],
  ] as const)('%j and %j: %s', (folder, file, address) => {
    expect(formatAddress(folder, file, 'linux')).toBe(address);
  });

  it.each([
    ['C:\\a', 'C:\\a\\b c\\d.png', './b%20c/d.png'],
    ['C:\\a', 'c:\\A\\d.png', './d.png'],
    ['C:\\a\\x', 'C:\\a\\d.png', './../d.png'],
    ['C:\\a', 'D:\\b c\\d#.png', 'file:///D:/b%20c/d%23.png'],
    ['C:\\a', '\\\\server\\share\\d.png', 'file://server/share/d.png'],
  ] as const)('on Windows, %j and %j: %s', (folder, file, address) => {
    expect(formatAddress(folder, file, 'win32')).toBe(address);
  });
});

describe('findAddresses', () => {
  /** The address of a file in a sheet; their folder contains `real/deep`, and `link` to `real/deep`. */
  async function find(sheet: string, file: string): Promise<string | undefined> {
    const cwd = await tempDir();
    await mkdir(join(cwd, 'real', 'deep'), { recursive: true });
    await symlink(join('real', 'deep'), join(cwd, 'link'));
    const source = absolutePath(file, { cwd });
    const folder = dirname(absolutePath(sheet, { cwd }));
    return (await findAddresses([{ path: file, source }], folder, 'linux')).get(source);
  }

  it.each([
    ['refs.html', 'a.png', './a.png'],
    ['refs.html', 'link/a.png', './link/a.png'],
    ['refs.html', 'link/../a.png', './real/a.png'],
    ['refs.html', 'real/../a.png', './a.png'],
    ['link/../refs.html', 'real/a.png', './a.png'],
    ['real/deep/refs.html', 'link/a.png', './a.png'],
    ['link/refs.html', 'real/deep/a.png', './a.png'],
    ['real/refs.html', 'a.png', './../a.png'],
    ['refs.html', 'gone/a.png', './gone/a.png'],
  ])('gives a sheet in %s the address of %s: %s', async (sheet, file, address) => {
    expect(await find(sheet, file)).toBe(address);
  });

  it('finds no address for standard input, or in an unreadable folder', async () => {
    const found = [
      { path: '-', source: process.stdin },
      { path: 'a', source: '/a', folderError: new Error() },
    ];
    expect((await findAddresses(found, '/', 'linux')).size).toBe(0);
  });
});
