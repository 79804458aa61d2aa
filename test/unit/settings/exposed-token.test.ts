import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeExposure, findExposedTokens, isExposed } from '../../../src/settings/exposed-token.ts';
import type { Layer } from '../../../src/settings/source.ts';
import { tempDir } from '../../harness/temp-dir.ts';

describe.runIf(process.platform !== 'win32')('a file', () => {
  test.each([
    [0o600, false],
    [0o400, false],
    [0o700, false],
    [0o640, true],
    [0o604, true],
    [0o620, true],
    [0o666, true],
  ])('of mode %o: %s', async (mode, exposed) => {
    const path = join(await tempDir(), 'config');
    await writeFile(path, '');
    await chmod(path, mode);
    expect(await isExposed(path)).toBe(exposed);
  });

  test('that is none or not there is not exposed', async () => {
    const folder = join(await tempDir(), 'folder');
    await mkdir(folder, { mode: 0o777 });
    expect(await isExposed(folder)).toBe(false);
    expect(await isExposed(join(folder, 'missing'))).toBe(false);
  });

  test('is told of where it has a token, and not on Windows', async () => {
    const path = join(await tempDir(), 'config');
    await writeFile(path, '');
    await chmod(path, 0o644);
    const layer = (values: Layer['values']): Layer => ({ source: { kind: 'user', path }, values });
    const environment: Layer = {
      source: { kind: 'environment', name: 'DREAMINA_TOKEN' },
      values: { token: 'user:1-a' },
    };
    const layers = [environment, layer({ token: 'user:1-a' })];
    expect(await findExposedTokens(layers, 'linux')).toEqual([`${describeExposure(path)}; chmod 600 it`]);
    expect(await findExposedTokens(layers, 'win32')).toEqual([]);
    expect(await findExposedTokens([layer({ token: 7 }), layer({})], 'linux')).toEqual([]);
  });
});
