import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exposesToken } from '../../../src/settings/exposed-token.ts';
import { tempDir } from '../../harness/temp-dir.ts';

const exposes = (path: string, values: Readonly<Record<string, unknown>> = { token: 'user:1-a' }) =>
  exposesToken({ path, values }, 'linux');

describe.runIf(process.platform !== 'win32')('a config file with a token', () => {
  test.each([
    [0o600, false],
    [0o400, false],
    [0o700, false],
    [0o640, true],
    [0o604, true],
    [0o620, true],
    [0o666, true],
  ])('of mode %o exposes it: %s', async (mode, exposed) => {
    const path = join(await tempDir(), 'config');
    await writeFile(path, '');
    await chmod(path, mode);
    expect(await exposes(path)).toBe(exposed);
  });

  test('exposes nothing if it is missing or not a regular file', async () => {
    const folder = join(await tempDir(), 'folder');
    await mkdir(folder, { mode: 0o777 });
    expect(await exposes(folder)).toBe(false);
    expect(await exposes(join(folder, 'missing'))).toBe(false);
  });

  test('is not checked on Windows or without a token', async () => {
    const path = join(await tempDir(), 'config');
    await writeFile(path, '');
    await chmod(path, 0o644);
    expect(await exposes(path)).toBe(true);
    expect(await exposes(path, {})).toBe(false);
    expect(await exposes(path, { token: 7 })).toBe(false);
    expect(await exposesToken({ path, values: { token: 'user:1-a' } }, 'win32')).toBe(false);
  });
});
