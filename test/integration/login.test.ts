import { chmod, chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { fixture } from '../fixtures.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { type CliResult, runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const token = 'user:1234-s3cret';
const us = 'US:sandbox@example.com';
const ca = 'CA:sandbox@example.com';
const isRoot = process.getuid?.() === 0;
const onWindows = process.platform === 'win32';

/** A user without a config, whose service is a sandbox. */
async function newcomer(options: { readonly accounts?: Readonly<Record<string, unknown>> } = {}) {
  const home = await tempDir();
  const { accounts } = options;
  const { apiUrl, count } =
    accounts === undefined
      ? await sandboxWith().then(({ sandbox }) => ({
          apiUrl: sandbox.apiUrl,
          count: () => sandbox.requests.length,
        }))
      : await rawServer((response) => sendJson(response, 200, accounts));
  const file = join(home, 'xdg/dreamina/config.json');
  const env = { DREAMINA_API_URL: apiUrl, XDG_CONFIG_HOME: join(home, 'xdg') };
  return {
    apiUrl,
    count,
    file,
    env,
    login: (flags: readonly string[] = [], world: World = {}): Promise<CliResult> =>
      runCli(['login', '--with-token', ...flags], {
        homeDir: home,
        stdin: `${token}\n`,
        ...world,
        env: { ...env, ...world.env },
      }),
    read: async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>,
    write: async (content: unknown) => {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

describe('login --with-token', () => {
  it.each(['', '.', 'home'])('writes nothing without a home directory: %j', async (homeDir) => {
    const { login, count } = await newcomer();
    const cwd = await tempDir();
    const env = { XDG_CONFIG_HOME: 'xdg' };
    const result = await login([], { homeDir, cwd, env, platform: 'linux' });
    expect(result).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr:
        'error: there is no home directory to write a config to\n' +
        '  Set HOME to an absolute path, or give the token in DREAMINA_TOKEN.\n',
    });
    expect(await readdir(cwd)).toEqual([]);
    expect(count()).toBe(0);
  });

  it('writes token and account into the user config, readable only by the user', async () => {
    const { login, file } = await newcomer();
    const result = await login(['-a', us]);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: `Logged in as ${us}. The token is in ${file}; \`dreamina logout\` removes it.\n`,
    });
    expect(await readFile(file, 'utf8')).toBe(`{\n  "token": "${token}",\n  "account": "${us}"\n}\n`);
    if (!onWindows) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
    }
    expect(await readdir(dirname(file))).toEqual(['config.json']);
  });

  it('refuses a first line of more bytes than a token can have, whatever its characters are', async () => {
    const result = await runCli(['login', '--with-token'], {
      homeDir: await tempDir(),
      stdin: `${'é'.repeat(40_000)}\n`,
    });
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: 'error: standard input: the first line is longer than 64 KiB\n',
    });
  });

  it('gives an upload everything that it needs', async () => {
    const { login, env } = await newcomer();
    await login(['-a', ca]);
    const result = await runCli(['upload', fixture('night.png').file], { env });
    expect(result.lines).toEqual([expect.stringMatching(/^CA:sandbox@example\.com-image:/)]);
  });

  it('uses the only account', async () => {
    const { login, read } = await newcomer({ accounts: { 'US:me@example.com': {} } });
    const result = await login();
    expect(result.exitCode).toBe(0);
    expect(await read()).toEqual({ token, account: 'US:me@example.com' });
  });

  it('does not choose one of several accounts, and says how to choose', async () => {
    const { login, read, file } = await newcomer();
    const result = await login();
    expect(result).toMatchObject({
      exitCode: 0,
      stderr:
        `warning: the token has several accounts (${ca}, ${us}); choose one with -a REGION:email\n` +
        `Logged in. The token is in ${file}; \`dreamina logout\` removes it.\n`,
    });
    expect(await read()).toEqual({ token });
  });

  it('says how to add an account if there is none', async () => {
    const { login, read } = await newcomer({ accounts: {} });
    const result = await login();
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('add one at useapi.net (POST /accounts)');
    expect(await read()).toEqual({ token });
  });

  it.each([
    [`${token}`, 'without a line end'],
    [`  ${token} \r\n`, 'with spaces and a Windows line end'],
    [`\ufeff${token}\n`, 'with a byte order mark'],
    [`${token}\nuser:2-second\n`, 'before another line'],
  ])('reads one line: %j', async (stdin) => {
    const { login, read } = await newcomer();
    expect((await login(['-a', us], { stdin })).exitCode).toBe(0);
    expect(await read()).toMatchObject({ token });
  });

  it('does not wait for the end of standard input', async () => {
    const { login, read } = await newcomer();
    const stdin = new PassThrough();
    stdin.write(token.slice(0, 5));
    stdin.write(`${token.slice(5)}\n`);
    expect((await login(['-a', us], { stdin })).exitCode).toBe(0);
    expect(await read()).toMatchObject({ token });
  });

  it('ends when it is interrupted while it waits for a line', async () => {
    const { login, file } = await newcomer();
    const interruption = new AbortController();
    const stdin = new Readable({ read: () => interruption.abort(new Interruption('SIGINT')) });
    const result = await login([], { stdin, signal: interruption.signal });
    expect(result).toMatchObject({ exitCode: 130, stderr: '' });
    expect(await exists(file)).toBe(false);
  });
});

describe('login writes nothing', () => {
  const rule =
    'standard input: the token must be text of printable ASCII characters without spaces or line breaks';
  it.each([
    ['', `${rule}; there is no token`],
    ['\n', `${rule}; there is no token`],
    [`Bearer ${token}`, `${rule}; it begins with 'Bearer'; give the token alone`],
    [`"${token}"`, `${rule}; there are quotes around it`],
    ['$DREAMINA_TOKEN', `${rule}; it is a variable or a placeholder that was not replaced by its value`],
    [`${token} and more`, `${rule}; there is a space or a tab in it`],
    [`${token}\u00e9`, `${rule}; there is a character in it that is not printable ASCII`],
    ['x'.repeat(100_000), 'standard input: the first line is longer than 64 KiB'],
  ])('if standard input has no token: %#', async (stdin, words) => {
    const { login, file, count } = await newcomer();
    const result = await login([], { stdin });
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain(token);
    expect(result.exitCode).toBe(2);
    expect(await exists(file)).toBe(false);
    expect(count()).toBe(0);
  });

  it('without a terminal for the questions', async () => {
    const { env, file, count } = await newcomer();
    const result = await runCli(['login'], { env, stdin: token });
    expect(result).toMatchObject({
      exitCode: 2,
      stderr:
        'error: login cannot ask for a token without a terminal; use --with-token to read it from standard input\n',
    });
    expect(await exists(file)).toBe(false);
    expect(count()).toBe(0);
  });

  it('if the token would be echoed on a terminal', async () => {
    const { login } = await newcomer();
    const stdin = Object.assign(Readable.from([token]), { isTTY: true });
    const result = await login([], { stdin });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(
      '--with-token reads the token from a pipe or a file, not from a terminal',
    );
  });

  it.each([
    [401, 4, 'the token was refused (HTTP 401: echo Bearer [token])\n  Copy the whole token again'],
    [402, 4, 'the subscription has expired'],
    [404, 4, 'there is no list of accounts at this address'],
    [503, 1, 'the service failed'],
    [200, 1, 'the answer contains no accounts; the server says: echo Bearer [token]'],
  ])('if the service answers %i, and exits with %i', async (status, exitCode, words) => {
    const { env } = await rawServer((response, request) =>
      sendJson(response, status, { error: `echo ${request.headers.authorization}` }),
    );
    const { login, file } = await newcomer();
    const result = await login([], { env: { DREAMINA_API_URL: env.DREAMINA_API_URL } });
    expect(result.stderr).toContain(`error: ${words}`);
    expect(result.stderr).not.toContain(token);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(await exists(file)).toBe(false);
  });

  it('if the account is not a configured one', async () => {
    const { login, file } = await newcomer();
    const result = await login(['-a', 'US:other@example.com']);
    expect(result).toMatchObject({
      exitCode: 4,
      stderr: `error: --account: US:other@example.com is not configured under this token; configured accounts: ${ca}, ${us}\n`,
    });
    expect(await exists(file)).toBe(false);
    expect((await login(['-a', token])).exitCode).toBe(2);
    expect((await login(['-a', token])).stderr).not.toContain(token);
  });

  it('if a project wants the token sent elsewhere', async () => {
    const { apiUrl, count } = await rawServer((response) => sendJson(response, 200, {}));
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), JSON.stringify({ apiUrl, token: 'user:1-theirs' }));
    const { login, file } = await newcomer();
    const world = { cwd, env: { DREAMINA_API_URL: '' } };
    const result = await login([], world);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('names another server');
    expect(result.stderr).toContain('the token from this login is not sent there');
    expect(count()).toBe(0);
    expect(await exists(file)).toBe(false);
    // If the user names the same file, it counts as the user's own setting.
    expect((await login(['--config', '.dreaminarc'], world)).exitCode).toBe(0);
    expect(count()).toBe(1);
    expect(await exists(file)).toBe(true);
  });

  it('if the address of the service is wrong', async () => {
    const { login } = await newcomer();
    const result = await login([], { env: { DREAMINA_API_URL: 'http://example.com' } });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('DREAMINA_API_URL');
  });
});

describe('the file that login writes', () => {
  it('keeps its other settings, in their order', async () => {
    const { login, write, file } = await newcomer();
    await write({ concurrency: 2, token: 'user:1-old', theirs: { a: [1] }, account: us });
    expect((await login(['-a', ca])).exitCode).toBe(0);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      concurrency: 2,
      token,
      theirs: { a: [1] },
      account: ca,
    });
    expect(Object.keys(JSON.parse(await readFile(file, 'utf8')) as object)).toEqual([
      'concurrency',
      'token',
      'theirs',
      'account',
    ]);
    if (!onWindows) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps an account of this token, and drops an account of another token', async () => {
    const { login, write, read } = await newcomer();
    await write({ account: ca });
    const kept = await login();
    expect(kept.stderr).toContain(`Logged in as ${ca}.`);
    expect(await read()).toEqual({ token, account: ca });
    await write({ account: 'US:former@example.com', retries: 1 });
    const dropped = await login();
    expect(dropped.stderr).toContain('the token has several accounts');
    expect(await read()).toEqual({ token, retries: 1 });
  });

  it('decides the service: its apiUrl is trusted like a flag', async () => {
    const { login, write, read, apiUrl } = await newcomer();
    await write({ apiUrl });
    expect((await login(['-a', us], { env: { DREAMINA_API_URL: '' } })).exitCode).toBe(0);
    expect(await read()).toEqual({ apiUrl, token, account: us });
  });

  it.each([
    ['not JSON', '{"token": "user:1-old",', 'not valid JSON'],
    ['a list', ['user:1-old'], 'a config must be a mapping'],
    ['an import', { $import: './x.json' }, '$import is not supported'],
  ])('is left alone if it is %s', async (_name, content, words) => {
    const { login, write, file, count } = await newcomer();
    await write(content);
    const before = await readFile(file, 'utf8');
    const result = await login(['-a', us]);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain('user:1-old');
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(count()).toBe(0);
  });

  it.skipIf(onWindows)('is never a symbolic link, dangling or not', async () => {
    const { login, file } = await newcomer();
    const target = join(await tempDir(), 'target.json');
    await mkdir(dirname(file), { recursive: true });
    await symlink(target, file);
    const dangling = await login(['-a', us]);
    expect(dangling.exitCode).toBe(4);
    expect(dangling.stderr).toContain('it is a symbolic link and is not written to\n  Put a regular file');
    await writeFile(target, '{}');
    expect((await login(['-a', us])).exitCode).toBe(4);
    expect(await readFile(target, 'utf8')).toBe('{}');
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
  });

  it('is never a folder', async () => {
    const { login, file } = await newcomer();
    await mkdir(file, { recursive: true });
    const result = await login(['-a', us]);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('it is not a regular file');
  });

  it.skipIf(onWindows || isRoot)(
    'is left alone if it cannot be read, or its folder cannot be written',
    async () => {
      const { login, write, file } = await newcomer();
      await write({ retries: 1 });
      await chmod(file, 0o000);
      expect((await login(['-a', us])).stderr).toContain('cannot be read: permission denied');
      await chmod(file, 0o600);
      await chmod(dirname(file), 0o500);
      const result = await login(['-a', us]);
      expect(result.exitCode).toBe(4);
      expect(result.stderr).toContain('it cannot be written: permission denied');
      await chmod(dirname(file), 0o700);
      expect(await readFile(file, 'utf8')).toBe('{"retries":1}');
    },
  );

  it.runIf(isRoot)('is left alone if it belongs to another user, as under sudo', async () => {
    const { login, write, read, file } = await newcomer();
    await write({ retries: 1 });
    await chown(file, 12345, 12345);
    const result = await login(['-a', us]);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(
      'it belongs to another user and is not replaced\n  Run the command as the owner',
    );
    expect(await read()).toEqual({ retries: 1 });
    expect(await readdir(dirname(file))).toEqual(['config.json']);
  });

  it('cannot be created if a file is in place of its folder', async () => {
    const { login, file, count } = await newcomer();
    await mkdir(dirname(dirname(file)), { recursive: true });
    await writeFile(dirname(file), '');
    const result = await login(['-a', us]);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(
      `error: ${file}: it cannot be accessed: a part of the path is not a directory\n`,
    );
    expect(count()).toBe(0);
  });

  // Nobody can create a folder there, not even root.
  it.runIf(process.platform === 'linux').each(['/sys/none', '/proc/none', 'dangling'])(
    'cannot be created if its folder cannot be created: %s',
    async (folder) => {
      const { login } = await newcomer();
      const cwd = await tempDir();
      await symlink(join(cwd, 'nowhere'), join(cwd, 'dangling'));
      const home = resolve(cwd, folder);
      const result = await login(['-a', us], { env: { XDG_CONFIG_HOME: home } });
      expect(result.exitCode).toBe(4);
      expect(result.stderr).toMatch(/^error: .*\/dreamina\/config\.json: it cannot be written: [a-z ]+\n$/);
      expect(result.stderr).toContain(`error: ${home}/`);
    },
  );
});

describe('login warns that the written config is overridden', () => {
  it('by the environment', async () => {
    const { login } = await newcomer();
    const env = { DREAMINA_TOKEN: 'user:1-old', DREAMINA_ACCOUNT: 'US:old@example.com' };
    const result = await login(['-a', us], { env });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain(
      'warning: the token from environment variable DREAMINA_TOKEN takes precedence\n' +
        'warning: the account from environment variable DREAMINA_ACCOUNT takes precedence\n',
    );
    expect(result.stderr).not.toContain('user:1-old');
  });

  it('by the project', async () => {
    const { login } = await newcomer();
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), 'account: US:film@example.com');
    const result = await login(['-a', us], { cwd });
    expect(result.stderr.split('\n').toSpliced(1, 1)).toEqual([
      `warning: in this folder, the account from project config ${join(cwd, '.dreaminarc')} takes precedence`,
      '',
    ]);
  });

  it('by another config file', async () => {
    const { login } = await newcomer();
    const cwd = await tempDir();
    await writeFile(join(cwd, 'other.json'), '{}');
    const result = await login(['-a', us], { cwd, env: { DREAMINA_CONFIG: 'other.json' } });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('warning: DREAMINA_CONFIG is set, so ');
  });
});
