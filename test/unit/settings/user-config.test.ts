import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { requireUserConfigPath, userConfigPath, writeUserConfig } from '../../../src/settings/user-config.ts';
import { tempDir } from '../../harness/temp-dir.ts';

test.each([
  ['linux', {}, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['freebsd', {}, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, '/home/ann', '/xdg/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: '' }, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['darwin', {}, '/Users/ann', '/Users/ann/Library/Application Support/dreamina/config.json'],
  ['darwin', { XDG_CONFIG_HOME: '/xdg' }, '/Users/ann', '/xdg/dreamina/config.json'],
  ['win32', { APPDATA: 'D:\\Roaming' }, 'C:\\Users\\ann', 'D:\\Roaming\\dreamina\\config.json'],
  ['win32', { APPDATA: '' }, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json'],
  ['win32', {}, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json'],
  [
    'win32',
    { XDG_CONFIG_HOME: 'C:\\xdg', APPDATA: 'D:\\Roaming' },
    'C:\\Users\\ann',
    'C:\\xdg\\dreamina\\config.json',
  ],
  [
    'win32',
    { APPDATA: 'relative' },
    'C:\\Users\\ann',
    'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json',
  ],
  ['win32', { APPDATA: 'D:relative' }, '', undefined],
  ['win32', { XDG_CONFIG_HOME: 'xdg', APPDATA: '' }, 'home', undefined],
  ['win32', { APPDATA: 'D:\\Roaming' }, '', 'D:\\Roaming\\dreamina\\config.json'],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, '', '/xdg/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: 'xdg' }, '', undefined],
  ['linux', { APPDATA: '/appdata' }, '', undefined],
  ['linux', {}, '', undefined],
  ['linux', {}, '.', undefined],
  ['linux', {}, 'home/ann', undefined],
  ['linux', {}, '~', undefined],
  ['darwin', {}, '', undefined],
  ['darwin', {}, './Users/ann', undefined],
] as const)('%s with %j and the home %j', (platform, env, homeDir, expected) => {
  expect(userConfigPath({ platform, env, homeDir })).toBe(expected);
});

test.each([
  ['linux', 'HOME'],
  ['darwin', 'HOME'],
  ['win32', 'APPDATA'],
] as const)('on %s, the error without a home names %s', (platform, variable) => {
  const host = { platform, env: {}, homeDir: '' };
  const error = new ConfigError('there is no home directory to write a config to', {
    hint: `Set ${variable} to an absolute path, or give the token in DREAMINA_TOKEN.`,
  });
  expect(() => requireUserConfigPath(host)).toThrow(error);
  expect(() => requireUserConfigPath(host)).toThrow(expect.objectContaining({ hint: error.hint }));
});

test('a new config creates its folders, and leaves nothing else', async () => {
  const path = join(await tempDir(), 'a/b/dreamina/config.json');
  await writeUserConfig(path, { account: 'US:name@example.com' });
  await writeUserConfig(path, { token: 'user:1-a' });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    account: 'US:name@example.com',
    token: 'user:1-a',
  });
  expect(await readdir(dirname(path))).toEqual(['config.json']);
});

test.runIf(process.platform !== 'win32')('only the user can access the config and its folders', async () => {
  const root = await tempDir();
  const path = join(root, 'a/dreamina/config.json');
  await writeUserConfig(path, {});
  const modes = [dirname(dirname(path)), dirname(path), path].map(
    async (it) => (await stat(it)).mode & 0o777,
  );
  expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o600]);
});

test('a config below a file cannot be written, and the error keeps its cause', async () => {
  const folder = await tempDir();
  await writeFile(join(folder, 'file'), '');
  const error = await writeUserConfig(join(folder, 'file/config.json'), {}).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ cause: { code: 'ENOTDIR' } });
});

test('a config that cannot be written leaves nothing else', async () => {
  const folder = await tempDir();
  const path = join(folder, 'config.json');
  await mkdir(path);
  await expect(writeUserConfig(path, {})).rejects.toThrow('it is not a regular file');
  expect(await readdir(folder)).toEqual(['config.json']);
});
