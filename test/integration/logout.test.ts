import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, type World } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const token = 'user:1234-s3cret';
const account = 'US:name@example.com';
const onWindows = process.platform === 'win32';

async function userWith(config: unknown) {
  const home = await tempDir();
  const file = join(home, 'dreamina/config.json');
  if (config !== undefined) {
    await mkdir(dirname(file));
    await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config), { mode: 0o600 });
  }
  return {
    file,
    read: async () => JSON.parse(await readFile(file, 'utf8')) as unknown,
    logout: (world: World = {}) =>
      runCli(['logout'], { ...world, env: { XDG_CONFIG_HOME: home, ...world.env } }),
  };
}

describe('logout', () => {
  it.each([
    [{ token, account, retries: 2, note: 'x' }, { retries: 2, note: 'x' }, 'token and account are no longer'],
    [{ token }, {}, 'the token is no longer'],
    [{ account, timeout: 5 }, { timeout: 5 }, 'the account is no longer'],
    // Also an unusable token and account.
    [{ token: 7, account: null }, {}, 'token and account are no longer'],
  ])('takes token and account out of %j', async (before, after, words) => {
    const { file, read, logout } = await userWith(before);
    expect(await logout()).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: `Logged out: ${words} in ${file}.\n`,
    });
    expect(await read()).toEqual(after);
    if (!onWindows) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    expect((await logout()).stderr).toBe(`Nothing to do: there is neither token nor account in ${file}.\n`);
    expect(await read()).toEqual(after);
  });

  it.each<[what: string, config?: string | object]>([
    ['no config'],
    ['a config of other settings', { retries: 2 }],
    ['an empty file', ''],
    ['an empty mapping', '{}'],
  ])('has nothing to remove from %s', async (_, config) => {
    const { file, logout } = await userWith(config);
    const before = await readFile(file, 'utf8').catch(() => undefined);
    expect(await logout()).toMatchObject({
      exitCode: 0,
      stderr: `Nothing to do: there is neither token nor account in ${file}.\n`,
    });
    expect(await readFile(file, 'utf8').catch(() => undefined)).toBe(before);
  });

  it('says where a token is still set, without the token', async () => {
    const { file, logout } = await userWith({ token });
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), `token: ${token}`);
    const env = { DREAMINA_TOKEN: token, USEAPI_TOKEN: 'op4que', DREAMINA_ACCOUNT: account };
    const { stderr, exitCode } = await logout({ cwd, env });
    expect(exitCode).toBe(0);
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      `Logged out: the token is no longer in ${file}.`,
      'warning: a token is still set, by environment variable DREAMINA_TOKEN',
      'warning: a token is still set, by environment variable USEAPI_TOKEN',
      `warning: a token is still set, by project config ${join(cwd, '.dreaminarc')}`,
    ]);
  });

  it('undoes login', async () => {
    const { file, read, logout } = await userWith({ retries: 2 });
    const written = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...written, token, account }));
    await logout();
    expect(await read()).toEqual(written);
  });

  it('changes no file that is not JSON', async () => {
    const { file, logout } = await userWith(`{"token": "${token}",}`);
    const { stderr, exitCode } = await logout();
    expect(exitCode).toBe(4);
    expect(stderr).toBe(`error: ${file}:1:29: not valid JSON (there is a comma after the last entry)\n`);
    expect(await readFile(file, 'utf8')).toContain(token);
  });

  it.skipIf(onWindows)('changes no file to which a link leads', async () => {
    const { file, logout } = await userWith(undefined);
    const target = join(await tempDir(), 'target.json');
    await writeFile(target, JSON.stringify({ token }));
    await mkdir(dirname(file));
    await symlink(target, file);
    const { stderr, exitCode } = await logout();
    expect(exitCode).toBe(4);
    expect(stderr).toContain(
      'it is a symbolic link and is not written to\n  Put a regular file in its place',
    );
    expect(await readFile(target, 'utf8')).toContain(token);
  });

  it('has nothing to remove without a home directory', async () => {
    expect(await runCli(['logout'], { homeDir: '', cwd: await tempDir() })).toMatchObject({
      exitCode: 0,
      stderr: 'Nothing to do: without a home directory there is no user config.\n',
    });
  });

  it.skipIf(onWindows || process.getuid?.() === 0)('reports that it cannot write', async () => {
    const { file, logout } = await userWith({ token });
    await chmod(dirname(file), 0o500);
    const { stderr, exitCode } = await logout();
    await chmod(dirname(file), 0o700);
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`${file}: it cannot be written: permission denied`);
  });
});
