import { spawnSync } from 'node:child_process';
import { chmod, chown, copyFile, lchown, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture, fixtures } from '../fixtures.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { freePort } from '../harness/free-port.ts';
import { listen } from '../harness/listen.ts';
import { type RawServer, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tcpServer } from '../harness/tcp-server.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

type Values = Readonly<Record<string, unknown>>;

/** A project's folder and a user's home, each with a config file if there are values for it. */
async function worldWith({ project, user }: { readonly project?: Values; readonly user?: Values } = {}) {
  const cwd = await tempDir();
  const homeDir = await tempDir();
  const projectFile = join(cwd, '.dreaminarc');
  const userFile = join(homeDir, '.config', 'dreamina', 'config.json');
  await mkdir(dirname(userFile), { recursive: true });
  if (project !== undefined) {
    await writeFile(projectFile, JSON.stringify(project));
  }
  if (user !== undefined) {
    await writeFile(userFile, JSON.stringify(user));
  }
  return { cwd, homeDir, platform: 'linux' as const, projectFile, userFile };
}

/** A server that accepts everything, and the requests that it saw. */
async function openServer() {
  const seen: { readonly account: string; readonly token: string }[] = [];
  const server = await rawServer((response, request) => {
    const [, account = ''] = /\/assets\/(.*)$/.exec(request.url ?? '') ?? [];
    seen.push({ account: decodeURIComponent(account), token: request.headers.authorization ?? '' });
    sendJson(response, 200, { imageRef: 'ref' });
  });
  return { ...server, seen };
}

/** The other variables that each key needs. */
function without(server: Pick<RawServer, 'env'>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(server.env).filter(([name]) => !names.includes(name)));
}

describe('precedence: flag, environment, project, user, default', () => {
  it.each([
    ['US:flag@example.com', 0],
    ['US:environment@example.com', 1],
    ['US:project@example.com', 2],
    ['US:user@example.com', 3],
  ])('account: %s', async (expected, skipped) => {
    const server = await openServer();
    const world = await worldWith({
      ...(skipped < 3 && { project: { account: 'US:project@example.com' } }),
      user: { account: 'US:user@example.com' },
    });
    const env = {
      ...without(server, 'DREAMINA_ACCOUNT'),
      ...(skipped < 2 && { DREAMINA_ACCOUNT: 'US:environment@example.com' }),
    };
    const flags = skipped < 1 ? ['-a', 'US:flag@example.com'] : [];
    const result = await runCli(['upload', night, '--json', ...flags], { ...world, env });
    expect(result.exitCode).toBe(0);
    expect(result.json()).toMatchObject([{ account: expected }]);
    expect(server.seen).toEqual([{ account: expected, token: 'Bearer user:1234-abcdef' }]);
  });

  // That each source precedes each later one, for any key, is in the table of resolveSettings.
  it.each([
    [1, ['-c', '1']],
    [4, []],
  ])('concurrency: %d with the flags %j', async (expected, flags) => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 100 });
    const result = await runCli(['upload', ...fixtures.map(({ file }) => file), ...flags], { env });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(fixtures.length);
    expect(sandbox.maxInFlight).toBe(expected);
  });

  it.each([
    [0, ['--retries', '0']],
    [5, []],
  ])('retries: %d with the flags %j', async (expected, flags) => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', rate: 1 }] });
    const result = await runCli(['upload', night, '--json', ...flags], { env });
    expect(result.json()).toMatchObject([{ attempts: expected + 1 }]);
    expect(sandbox.requests).toHaveLength(expected + 1);
  });

  it.each([
    ['0.5', ['--timeout', '0.5']],
    ['0.6', []],
  ])('timeout: %s s with the flags %j', async (expected, flags) => {
    const server = await rawServer(() => {});
    const world = await worldWith({ user: { timeout: 0.6 } });
    const result = await runCli(['upload', night, '--retries', '0', ...flags], { ...world, env: server.env });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(`no complete answer within ${expected} s\n`);
  });

  it.each([
    ['user:1-dreamina', 0],
    ['user:1-useapi', 1],
    ['user:1-project', 2],
    ['user:1-user', 3],
  ])('token: %s', async (expected, skipped) => {
    const server = await openServer();
    const world = await worldWith({
      ...(skipped < 3 && { project: { token: 'user:1-project' } }),
      user: { token: 'user:1-user' },
    });
    const env = {
      ...without(server, 'DREAMINA_TOKEN'),
      ...(skipped < 1 && { DREAMINA_TOKEN: 'user:1-dreamina' }),
      ...(skipped < 2 && { USEAPI_TOKEN: 'user:1-useapi' }),
    };
    const result = await runCli(['upload', night], { ...world, env });
    expect(result.exitCode).toBe(0);
    expect(server.seen.map(({ token }) => token)).toEqual([`Bearer ${expected}`]);
  });

  it.each([
    ['the environment', 0],
    ['project', 1],
    ['user', 2],
  ])('apiUrl: %s', async (_source, expected) => {
    const servers = [await openServer(), await openServer(), await openServer()];
    const token = 'user:1-a';
    const world = await worldWith({
      ...(expected < 2 && { project: { apiUrl: servers[1]!.apiUrl, token } }),
      user: { apiUrl: servers[2]!.apiUrl, token },
    });
    const result = await runCli(['upload', night], {
      ...world,
      env: {
        DREAMINA_ACCOUNT: 'US:a@example.com',
        ...(expected < 1 && { DREAMINA_API_URL: servers[0]!.apiUrl }),
      },
    });
    expect(result.exitCode).toBe(0);
    expect(servers.map(({ seen }) => seen.length)).toEqual([0, 1, 2].map((i) => (i === expected ? 1 : 0)));
  });

  it('applies to each key separately', async () => {
    const server = await openServer();
    const world = await worldWith({
      project: { account: 'US:project@example.com' },
      user: { account: 'US:user@example.com', token: 'user:1-user' },
    });
    const result = await runCli(['upload', night], {
      ...world,
      env: without(server, 'DREAMINA_TOKEN', 'DREAMINA_ACCOUNT'),
    });
    expect(result.exitCode).toBe(0);
    expect(server.seen).toEqual([{ account: 'US:project@example.com', token: 'Bearer user:1-user' }]);
  });

  it('ignores an empty variable', async () => {
    const server = await openServer();
    const world = await worldWith({ user: { account: 'US:user@example.com', retries: 0 } });
    const result = await runCli(['upload', night], {
      ...world,
      env: { ...server.env, DREAMINA_ACCOUNT: '', DREAMINA_RETRIES: '', DREAMINA_CONFIG: '' },
    });
    expect(result.exitCode).toBe(0);
    expect(server.seen.map(({ account }) => account)).toEqual(['US:user@example.com']);
  });
});

describe('a wrong value', () => {
  const rules = {
    account: 'REGION:email, such as US:name@example.com',
    concurrency: 'a whole number from 1 to 64',
    retries: 'a whole number from 0 to 20',
    timeout: 'a duration such as 90 (seconds), 90s or 2m, more than 0 and at most 24h',
    apiUrl:
      'an absolute https URL without user name, password, query or fragment (http only for this machine itself)',
    token: 'text of printable ASCII characters without spaces or line breaks',
  } as const;

  it.each([
    ['account', 'name@example.com'],
    ['account', 'US:../../accounts'],
    ['account', ''],
    ['concurrency', '0'],
    ['concurrency', '65'],
    ['concurrency', 'abc'],
    ['concurrency', '4.5'],
    ['concurrency', ''],
    ['retries', '-1'],
    ['retries', '21'],
    ['retries', '1e1'],
    ['timeout', '0'],
    ['timeout', '-1'],
    ['timeout', '86401'],
    ['timeout', '10 s'],
    ['timeout', '25h'],
    ['timeout', 'Infinity'],
  ] as const)('of the flag --%s, %j, is a usage error', async (key, value) => {
    const server = await openServer();
    const world = await worldWith();
    const result = await runCli(['upload', night, `--${key}=${value}`], { ...world, env: server.env });
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe('');
    const fault =
      key === 'account'
        ? /^: (?:there is no|the region before the) email address.*\n$/
        : value.includes(' ')
          ? /^: there is a space or a tab in it\n$/
          : /^\n$/;
    const told = `error: --${key} must be ${rules[key]}; it is ${JSON.stringify(value)}`;
    expect(result.stderr.slice(0, told.length)).toBe(told);
    expect(result.stderr.slice(told.length)).toMatch(fault);
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['account', 'DREAMINA_ACCOUNT', 'nobody', '"nobody": there is no email address in it'],
    ['concurrency', 'DREAMINA_CONCURRENCY', '0', '"0"'],
    ['retries', 'DREAMINA_RETRIES', 'many', '"many"'],
    ['timeout', 'DREAMINA_TIMEOUT', '2x', '"2x"'],
    ['apiUrl', 'DREAMINA_API_URL', 'api.useapi.net', '"api.useapi.net": it does not begin with https://'],
  ] as const)('of %s in %s is a config error', async (key, name, value, shown) => {
    const server = await openServer();
    const world = await worldWith();
    const result = await runCli(['upload', night], { ...world, env: { ...server.env, [name]: value } });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe(
      `error: environment variable ${name}: ${key} must be ${rules[key]}; it is ${shown}\n`,
    );
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['account', 7, '7'],
    ['account', { region: 'US' }, 'a mapping'],
    ['concurrency', '4', '"4": there are quotes around it'],
    ['concurrency', 0, '0'],
    ['retries', true, 'true'],
    ['retries', 2.5, '2.5'],
    ['timeout', [120], 'a list'],
    ['timeout', 0, '0'],
    [
      'apiUrl',
      'http://api.example.com',
      '"http://api.example.com": http:// would send the token unencrypted',
    ],
  ] as const)('of %s in a file, %j, is a config error that names the file', async (key, value, shown) => {
    const server = await openServer();
    const env = without(server, 'DREAMINA_ACCOUNT', 'DREAMINA_API_URL');
    const message = `${key} must be ${rules[key]}; it is ${shown}\n`;

    const project = await worldWith({ project: { [key]: value } });
    const ofProject = await runCli(['upload', night], { ...project, env });
    expect(ofProject.exitCode).toBe(4);
    expect(ofProject.stderr).toBe(`error: project config ${project.projectFile}: ${message}`);

    const user = await worldWith({ user: { [key]: value } });
    const ofUser = await runCli(['upload', night], { ...user, env });
    expect(ofUser.exitCode).toBe(4);
    expect(ofUser.stderr).toBe(`error: user config ${user.userFile}: ${message}`);

    const named = await runCli(['upload', night, '--config', user.userFile], { ...project, env });
    expect(named.exitCode).toBe(4);
    expect(named.stderr).toBe(`error: config file ${user.userFile}: ${message}`);
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['\r\n', '\r'],
    ['\ufeff', ' \n'],
  ])('is not reported if %j precedes and %j follows the token and the account', async (before, after) => {
    const world = await worldWith();
    const { env, seen } = await openServer();
    const result = await runCli(['upload', night, '-v'], {
      ...world,
      env: {
        ...env,
        DREAMINA_TOKEN: `${before}${env.DREAMINA_TOKEN}${after}`,
        DREAMINA_ACCOUNT: `${before}${env.DREAMINA_ACCOUNT}${after}`,
      },
    });
    expect(result.exitCode).toBe(0);
    expect(seen).toEqual([{ account: env.DREAMINA_ACCOUNT, token: `Bearer ${env.DREAMINA_TOKEN}` }]);
    expect(result.stderr).not.toContain('warning');
  });

  it('is not reported for a blank variable, which counts as unset', async () => {
    const server = await openServer();
    const world = await worldWith();
    const { DREAMINA_TOKEN: token, ...rest } = server.env as Record<string, string>;
    const env = { ...rest, DREAMINA_TOKEN: ' \n', USEAPI_TOKEN: token };
    expect((await runCli(['upload', night], { ...world, env })).exitCode).toBe(0);
  });

  it('that another source hides is not an error', async () => {
    const server = await openServer();
    const world = await worldWith({ project: { retries: -1 }, user: { timeout: 'x' } });
    const result = await runCli(['upload', night, '--retries', '1', '--timeout', '9'], {
      ...world,
      env: server.env,
    });
    expect(result.exitCode).toBe(0);
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ['user:1-secret99\nx: y', 'there is a line break in it'],
    ['user:1-secret99 x', 'there is a space or a tab in it'],
    ['Bearer user:1-secret99', "it begins with 'Bearer'; give the token alone"],
    ['"user:1-secret99"', 'there are quotes around it'],
    ['$(cat secret99)', 'it is a variable or a placeholder that was not replaced by its value'],
    ['user:1-sécret99', 'there is a character in it that is not printable ASCII'],
    ['\u0000', 'there is a character in it that is not printable ASCII'],
  ])('of the token, %j, is not shown', async (token, fault) => {
    const server = await openServer();
    const world = await worldWith();
    const result = await runCli(['upload', night, '-v'], {
      ...world,
      env: { ...server.env, DREAMINA_TOKEN: token },
    });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(
      `error: environment variable DREAMINA_TOKEN: token must be ${rules.token}; ${fault}\n`,
    );
    expect(result.stderr).not.toMatch(/cret99/);
    expect(server.seen).toEqual([]);
  });

  it('is a token of an unusual form only in a warning', async () => {
    const server = await openServer();
    const result = await runCli(['upload', night], {
      ...(await worldWith()),
      env: { ...server.env, DREAMINA_TOKEN: 'tok_0123456789' },
    });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/^warning: the token does not look like a useapi\.net token/);
    expect(result.stderr).not.toContain('tok_0123456789');
    expect(server.seen.map(({ token }) => token)).toEqual(['Bearer tok_0123456789']);
  });
});

describe('an unknown key', () => {
  it.each([
    ['acount', 'did you mean account?'],
    ['api_url', 'did you mean apiUrl?'],
    ['CONCURRENCY', 'did you mean concurrency?'],
    ['proxy', 'the keys are token, account, apiUrl, concurrency, retries, timeout'],
  ])('%s is a warning that suggests the nearest key', async (key, advice) => {
    const server = await openServer();
    const world = await worldWith({ project: { [key]: 'x' }, user: { [key]: 'x' } });
    const result = await runCli(['upload', night], { ...world, env: server.env });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual(['ref']);
    expect(result.stderr).toContain(
      `warning: project config ${world.projectFile}: unknown key "${key}"; ${advice}\n` +
        `warning: user config ${world.userFile}: unknown key "${key}"; ${advice}\n`,
    );
  });
});

describe('a missing setting', () => {
  it('may be the token', async () => {
    const server = await openServer();
    const result = await runCli(['upload', night], {
      ...(await worldWith()),
      env: without(server, 'DREAMINA_TOKEN'),
    });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^error: there is no token\n {2}.*DREAMINA_TOKEN.*\n$/);
    expect(server.seen).toEqual([]);
  });

  it('may be the account', async () => {
    const server = await openServer();
    const result = await runCli(['upload', night, '--json'], {
      ...(await worldWith()),
      env: without(server, 'DREAMINA_ACCOUNT'),
    });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^error: there is no account .*\n {2}.*-a REGION:email.*\n$/);
    expect(result.stderr).not.toContain('abcdef');
    expect(server.seen.filter(({ account }) => account !== '')).toEqual([]);
  });
});

describe('--config, --no-config and DREAMINA_CONFIG', () => {
  async function setUp() {
    const server = await openServer();
    const world = await worldWith({
      project: { account: 'US:project@example.com' },
      user: { account: 'US:user@example.com' },
    });
    const one = join(world.cwd, 'one.json');
    const two = join(world.cwd, 'two.yaml');
    await writeFile(one, '{"account":"US:one@example.com"}');
    await writeFile(two, '# two\naccount: US:two@example.com\n');
    const env = without(server, 'DREAMINA_ACCOUNT');
    const accounts = () => server.seen.map(({ account }) => account);
    return { server, world, one, two, env, accounts };
  }

  it('make the named file the only one that is read', async () => {
    const { world, env, accounts } = await setUp();
    await writeFile(world.projectFile, 'not: [valid');
    await writeFile(world.userFile, 'not valid');
    const result = await runCli(['upload', night, '--config', 'one.json'], { ...world, env });
    expect(result.exitCode).toBe(0);
    expect(accounts()).toEqual(['US:one@example.com']);
  });

  it('give the flag precedence over the variable', async () => {
    const { world, env, one, two, accounts } = await setUp();
    const inVariable = { ...env, DREAMINA_CONFIG: one };
    expect((await runCli(['upload', night], { ...world, env: inVariable })).exitCode).toBe(0);
    expect((await runCli(['upload', night, '--config', two], { ...world, env: inVariable })).exitCode).toBe(
      0,
    );
    expect(accounts()).toEqual(['US:one@example.com', 'US:two@example.com']);
  });

  it('allow no file at all with --no-config', async () => {
    const { server, world, env, one } = await setUp();
    const result = await runCli(['upload', night, '--no-config'], {
      ...world,
      env: { ...env, DREAMINA_CONFIG: one },
    });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('there is no account');
    // The server was asked for the accounts, and nothing was uploaded.
    expect(server.seen.filter(({ account }) => account !== '')).toEqual([]);
  });

  it.each([
    ['missing.json', undefined, 'there is no such config file'],
    ['broken.json', '{"token": "user:1-secret99",,}', 'not valid JSON'],
    ['broken.yaml', 'token: "user:1-secret99\n  account: [', 'not valid YAML'],
    ['list.json', '["user:1-secret99"]', 'a config must be a mapping from keys to values'],
    ['script.js', 'throw new Error("secret99")', 'a config file is JSON or YAML only'],
    ['script.mjs', 'throw new Error("secret99")', 'a config file is JSON or YAML only'],
    ['import.json', '{"$import": "./script.mjs", "token": "user:1-secret99"}', '$import is not supported'],
  ])('%s is a config error', async (name, content, problem) => {
    const { server, world, env } = await setUp();
    const path = join(world.cwd, name);
    if (content !== undefined) {
      await writeFile(path, content);
    }
    for (const [flags, more] of [
      [['--config', name], {}],
      [[], { DREAMINA_CONFIG: path }],
    ] as const) {
      const result = await runCli(['upload', night, ...flags], { ...world, env: { ...env, ...more } });
      expect(result.exitCode).toBe(4);
      expect(result.stdout).toBe('');
      expect(result.stderr).toContain(`error: ${path}`);
      expect(result.stderr).toContain(problem);
      expect(result.stderr).not.toContain('secret99');
    }
    expect(server.seen).toEqual([]);
  });
});

describe.runIf(process.platform !== 'win32')('a config file with a token that others may read', () => {
  const values = { token: 'user:1-own', account: 'US:a@example.com' };
  const words = 'contains a token, and other users can read it';

  it.each(['project', 'user'] as const)('is reported as a warning if it is the %s’s', async (kind) => {
    const server = await openServer();
    const world = await worldWith({ [kind]: values });
    const file = kind === 'project' ? world.projectFile : world.userFile;
    await chmod(file, 0o640);
    const env = { DREAMINA_API_URL: server.apiUrl };
    const warning = `warning: ${file} ${words}; chmod 600 ${file}\n`;
    expect((await runCli(['upload', night], { ...world, env })).stderr).toContain(warning);
    expect((await runCli(['config', '--json'], { ...world, env })).stderr).toContain(warning);
    for (const quiet of [['-q'], ['--sandbox'], ['--no-config', '--dry-run']]) {
      expect((await runCli(['upload', night, ...quiet], { ...world, env })).stderr).not.toContain(words);
    }
    await chmod(file, 0o600);
    expect((await runCli(['upload', night], { ...world, env })).stderr).not.toContain(words);
    expect((await runCli(['upload', night], { ...world, env, platform: 'win32' })).stderr).not.toContain(
      words,
    );
  });

  it('is not reported without its token', async () => {
    const server = await openServer();
    const world = await worldWith({ project: { account: 'US:a@example.com' } });
    await chmod(world.projectFile, 0o666);
    const env = { DREAMINA_API_URL: server.apiUrl, DREAMINA_TOKEN: 'user:1-a' };
    expect((await runCli(['upload', night], { ...world, env })).stderr).not.toContain(words);
  });
});

describe('the token is sent only with the consent of its owner', () => {
  const account = 'US:a@example.com';
  const environment = { DREAMINA_TOKEN: 'user:1-environment', DREAMINA_ACCOUNT: account };

  it('not from the environment to the server of a project', async () => {
    const server = await openServer();
    const world = await worldWith({ project: { apiUrl: server.apiUrl, account } });
    const result = await runCli(['upload', night, '--json'], { ...world, env: environment });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    const { origin } = new URL(server.apiUrl);
    expect(result.stderr).toContain(
      `project config ${world.projectFile} names another server, ${origin}, ` +
        'and the token from environment variable DREAMINA_TOKEN is not sent there',
    );
    expect(result.stderr).not.toContain('user:1-environment');
    expect(server.count()).toBe(0);
  });

  it('not from the user config to the server of a project', async () => {
    const server = await openServer();
    const world = await worldWith({
      project: { apiUrl: server.apiUrl, account },
      user: { token: 'user:1-user' },
    });
    const result = await runCli(['upload', night], { ...world, env: {} });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(world.userFile);
    expect(server.count()).toBe(0);
  });

  it('not from the environment to the server of a project, even if its file has a token', async () => {
    const server = await openServer();
    const world = await worldWith({ project: { apiUrl: server.apiUrl, account, token: 'user:1-project' } });
    const result = await runCli(['upload', night], { ...world, env: environment });
    expect(result.exitCode).toBe(4);
    expect(server.count()).toBe(0);
  });

  it('from the file of a project to its server', async () => {
    const server = await openServer();
    const world = await worldWith({ project: { apiUrl: server.apiUrl, account, token: 'user:1-project' } });
    const result = await runCli(['upload', night], { ...world, env: {} });
    expect(result.exitCode).toBe(0);
    expect(server.seen).toEqual([{ account, token: 'Bearer user:1-project' }]);
  });

  it('with a warning that the images are sent to a server that the project names', async () => {
    const world = await worldWith({
      project: { apiUrl: 'https://images.example/v1', account, token: 'user:1-project' },
    });
    const proxy = await rawServer((response) => sendJson(response, 403, {}));
    const env = { HTTPS_PROXY: new URL(proxy.apiUrl).origin };
    const args = ['upload', night, '--retries', '0'];
    const warning = `warning: project config ${world.projectFile} sends your files to https://images.example\n`;
    expect((await runCli(args, { ...world, env })).stderr).toContain(warning);
    expect((await runCli([...args, '--dry-run'], { ...world, env })).stderr).not.toContain('images.example');
    expect((await runCli([...args, '-q'], { ...world, env })).stderr).toContain(warning);
    const named = await runCli([...args, '--config', world.projectFile], { ...world, env });
    expect(named.stderr).not.toContain('has the images sent');
  });

  it('from any source to the server of the user, of --config or of the environment', async () => {
    const server = await openServer();
    const user = await worldWith({ user: { apiUrl: server.apiUrl } });
    expect((await runCli(['upload', night], { ...user, env: environment })).exitCode).toBe(0);

    const project = await worldWith({ project: { apiUrl: server.apiUrl } });
    const named = ['--config', project.projectFile];
    expect((await runCli(['upload', night, ...named], { ...project, env: environment })).exitCode).toBe(0);

    const own = await worldWith({ project: { token: 'user:1-project' } });
    const env = { DREAMINA_API_URL: server.apiUrl, DREAMINA_ACCOUNT: account };
    expect((await runCli(['upload', night], { ...own, env })).exitCode).toBe(0);
    expect(server.seen.map(({ token }) => token)).toEqual([
      'Bearer user:1-environment',
      'Bearer user:1-environment',
      'Bearer user:1-project',
    ]);
  });

  it.each(['http://api.useapi.net/v1/dreamina', 'http://192.0.2.1', 'http://localhost.example.com'])(
    'not over plain http: %s',
    async (apiUrl) => {
      const result = await runCli(['upload', night], {
        ...(await worldWith()),
        env: { ...environment, DREAMINA_API_URL: apiUrl },
      });
      expect(result.exitCode).toBe(4);
      expect(result.stdout).toBe('');
      expect(result.stderr).toContain(
        'environment variable DREAMINA_API_URL: apiUrl must be an absolute https URL',
      );
    },
  );

  it('over plain http to this machine, also under the name localhost', async () => {
    const server = await openServer();
    const result = await runCli(['upload', night], {
      ...(await worldWith()),
      env: { ...server.env, DREAMINA_API_URL: server.apiUrl.replace('127.0.0.1', 'localhost') },
    });
    expect(result.exitCode).toBe(0);
    expect(server.count()).toBe(1);
  });
});

describe.skipIf(process.getuid?.() !== 0)("a project's config of another user", () => {
  const other = 61_234;
  const warningOf = (path: string) =>
    `warning: project config ${path} belongs to another user and is not read; if you trust it, name it with --config\n`;

  /** A working directory in a folder with a config of that user. */
  async function sharedFolder(
    name = '.dreaminarc',
    values: Values = { apiUrl: 'https://evil.example', retries: 1 },
  ) {
    const folder = await tempDir();
    const cwd = join(folder, 'film', 'shots');
    const file = join(folder, name);
    await mkdir(cwd, { recursive: true });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(name === 'package.json' ? { dreamina: values } : values));
    await chown(file, other, other);
    return { cwd, file };
  }

  const settingsOf = async (world: Parameters<typeof runCli>[1]) => {
    const { settings } = (await runCli(['config', '--json'], world)).json<{
      settings: Record<string, { value: unknown }>;
    }>();
    return [settings.apiUrl!.value, settings.retries!.value];
  };
  const untouched = ['https://api.useapi.net/v1/dreamina', 5];
  const taken = ['https://evil.example', 1];

  it.each(['.dreaminarc', '.dreaminarc.json', '.config/dreaminarc.yaml', 'package.json'])(
    'is not read from a parent folder, which causes a warning, even with -q: %s',
    async (name) => {
      const { cwd, file } = await sharedFolder(name);
      expect(await settingsOf({ cwd })).toEqual(untouched);
      for (const flags of [[], ['-q']]) {
        const result = await runCli(['upload', '--sandbox', night, ...flags], { cwd });
        expect(result.exitCode).toBe(0);
        expect(result.stderr).toContain(warningOf(file));
      }
      const config = await runCli(['config'], { cwd });
      expect(config.stdout).toContain(`project config  ${file} (belongs to another user, not read)\n`);
      expect(config.stderr).toBe(warningOf(file));
      const doctor = await runCli(['doctor'], { cwd, env: { DREAMINA_API_URL: 'http://127.0.0.1:1' } });
      expect(doctor.stdout).toContain(
        `warning  config        project config ${file} belongs to another user`,
      );
    },
  );

  it('is read when --config names it', async () => {
    const { cwd, file } = await sharedFolder();
    const { stdout, stderr } = await runCli(['config', '--json', '--config', file], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ settings: { retries: { value: 1 } } });
    expect(stderr).toBe('');
  });

  it('is read by that user, and by root under the sudo of that user', async () => {
    const { cwd, file } = await sharedFolder();
    expect(await settingsOf({ cwd, userId: other })).toEqual(taken);
    expect(await settingsOf({ cwd, userId: 0, env: { SUDO_UID: String(other) } })).toEqual(taken);
    // Only root can have been called by sudo.
    expect(await settingsOf({ cwd, userId: 4321, env: { SUDO_UID: String(other) } })).toEqual(untouched);
    for (const sudoUid of ['', `x${other}`, `${other}x`, ` ${other}`]) {
      expect(await settingsOf({ cwd, userId: 0, env: { SUDO_UID: sudoUid } })).toEqual(untouched);
    }
    await chown(file, 0, 0);
    expect(await settingsOf({ cwd, userId: other })).toEqual(untouched);
    expect(await settingsOf({ cwd, userId: 0, env: { SUDO_UID: String(other) } })).toEqual(taken);
  });

  it('does not hide a config in a parent folder', async () => {
    const { cwd } = await sharedFolder('film/.dreaminarc');
    await writeFile(join(cwd, '../../.dreaminarc'), 'retries: 2');
    expect(await settingsOf({ cwd })).toEqual([untouched[0], 2]);
  });

  it('is not read through a link to a file of this user', async () => {
    const own = join(await tempDir(), '.dreaminarc');
    await writeFile(own, JSON.stringify({ retries: 1 }));
    const { cwd, file } = await sharedFolder();
    await rm(file);
    await symlink(own, file);
    await lchown(file, other, other);
    expect(await settingsOf({ cwd })).toEqual(untouched);
    // Nor is it read through a link to a folder.
    const folder = await tempDir();
    await mkdir(join(folder, 'own'));
    await writeFile(join(folder, 'own/dreaminarc'), 'retries: 1');
    await symlink('own', join(folder, '.config'));
    expect(await settingsOf({ cwd: folder })).toEqual([untouched[0], 1]);
    await lchown(join(folder, '.config'), other, other);
    expect(await settingsOf({ cwd: folder })).toEqual(untouched);
  });

  it('does not stop the run if it is not a file or cannot be parsed', async () => {
    const { cwd, file } = await sharedFolder();
    await writeFile(file, '{');
    expect(await settingsOf({ cwd })).toEqual(untouched);
    await rm(file);
    expect(spawnSync('mkfifo', [file]).status).toBe(0);
    await chown(file, other, other);
    expect(await settingsOf({ cwd })).toEqual(untouched);
  });

  it('causes no warning if it is a package.json without a config', async () => {
    const { cwd, file } = await sharedFolder('package.json');
    await writeFile(file, '{"name": "app"}');
    expect((await runCli(['config'], { cwd })).stderr).toBe('');
  });
});

describe('a proxy', () => {
  const elsewhere = {
    DREAMINA_API_URL: 'https://api.example.test/v1/dreamina',
    DREAMINA_TOKEN: 'user:1-secret99',
    DREAMINA_ACCOUNT: 'US:sandbox@example.com',
  };

  /** An HTTP proxy that tunnels every CONNECT to one port here, or refuses it with a status. */
  async function proxyTo(
    target: { readonly port: string; readonly interim?: string } | { readonly status: number },
  ) {
    const seen: { readonly authority: string; readonly headers: IncomingMessage['headers'] }[] = [];
    const server = createServer((_request, response) => response.writeHead(400).end());
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      seen.push({ authority: request.url!, headers: request.headers });
      socket.on('error', () => {});
      if ('status' in target) {
        socket.end(`HTTP/1.1 ${target.status} No\r\n\r\n`);
        return;
      }
      const upstream = connect({ host: '127.0.0.1', port: Number(target.port) }, () => {
        socket.write(`${target.interim ?? ''}HTTP/1.1 200 Connection established\r\n\r\n`);
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
    });
    return { host: `127.0.0.1:${await listen(server)}`, seen };
  }

  async function tlsSandbox() {
    const { sandbox } = await sandboxWith({ tls: selfSigned });
    const ca = await certificateFile();
    return { sandbox, ca, port: new URL(sandbox.origin).port };
  }

  it('tunnels the upload without seeing its content', async () => {
    const { sandbox, ca, port } = await tlsSandbox();
    const proxy = await proxyTo({ port });
    const result = await runCli(['upload', ...fixtures.map(({ file }) => file)], {
      env: { ...elsewhere, SSL_CERT_FILE: ca, HTTPS_PROXY: `http://me:p%40ss@${proxy.host}` },
    });
    expect(result.stderr).toMatch(/^7 uploaded/);
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual(expect.arrayContaining(sandbox.assets.map(({ imageRef }) => imageRef)));
    expect(sandbox.requests.map(({ status }) => status)).toEqual(fixtures.map(() => 200));
    expect(proxy.seen[0]).toEqual({
      authority: 'api.example.test:443',
      headers: {
        host: 'api.example.test:443',
        connection: expect.any(String),
        'proxy-authorization': `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
      },
    });
    expect(sandbox.requests[0]!.headers).not.toHaveProperty('proxy-authorization');
  });

  it('may send interim answers before the final one', async () => {
    const { sandbox, ca, port } = await tlsSandbox();
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    const proxy = await proxyTo({ port, interim });
    const env = { ...elsewhere, SSL_CERT_FILE: ca, HTTPS_PROXY: proxy.host };
    const result = await runCli(['upload', night, fixture('sunset.jpg').file, '--json', '--retries', '0'], {
      env,
    });
    expect(result.json()).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
    expect(sandbox.requests.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each(['alice2024', 'uploaded', 'sandbox'])(
    'whose password is an ordinary word changes no result: %s',
    async (word) => {
      const { sandbox, ca, port } = await tlsSandbox();
      const proxy = await proxyTo({ port });
      const cwd = await tempDir();
      const file = join(cwd, `${word}.png`);
      await copyFile(night, file);
      const env = { ...elsewhere, SSL_CERT_FILE: ca, HTTPS_PROXY: `http://me:${word}@${proxy.host}` };
      const text = await runCli(['upload', file], { env });
      const json = await runCli(['upload', file, '--json'], { env });
      const accounts = await runCli(['accounts', '--json'], { env });
      const config = await runCli(['config', '--json'], { env });
      const refs = sandbox.assets.map(({ imageRef }) => imageRef);
      expect(text.lines).toEqual(refs.slice(0, 1));
      expect(json.json()).toMatchObject([{ path: file, status: 'uploaded', imageRef: refs.at(-1) }]);
      expect(accounts.json()).toMatchObject([
        { account: 'CA:sandbox@example.com' },
        { account: 'US:sandbox@example.com' },
      ]);
      expect(config.json()).toMatchObject({ settings: { account: { value: 'US:sandbox@example.com' } } });
    },
  );

  it('does not make another host trusted', async () => {
    const { sandbox, ca, port } = await tlsSandbox();
    const proxy = await proxyTo({ port });
    const result = await runCli(['upload', night, '--json'], {
      env: {
        ...elsewhere,
        DREAMINA_API_URL: 'https://other.example.test/v1/dreamina',
        SSL_CERT_FILE: ca,
        HTTPS_PROXY: proxy.host,
      },
    });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      {
        attempts: 1,
        error: {
          code: 'network',
          message: 'other.example.test is not trusted: its certificate is for another host',
          retryable: false,
        },
      },
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it.each([
    [403, 1, 'Check the proxy and NO_PROXY.'],
    [407, 1, 'Check the user and password in the proxy address.'],
    [429, 3, 'Check the proxy and NO_PROXY.'],
    [502, 3, 'Check the proxy and NO_PROXY.'],
  ])('that refuses with %d is tried %d times', async (status, attempts, hint) => {
    const proxy = await proxyTo({ status });
    const result = await runCli(['upload', night, '--json', '--retries', '2'], {
      env: { ...elsewhere, HTTPS_PROXY: `http://me:hunter2@${proxy.host}` },
    });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      {
        attempts,
        error: {
          code: 'network',
          message: `the proxy ${proxy.host} refuses the connection (HTTP ${status})`,
          retryable: attempts > 1,
          hint,
        },
      },
    ]);
    expect(result.stdout + result.stderr).not.toMatch(/hunter2|secret99/);
    expect(proxy.seen).toHaveLength(attempts);
  });

  it('that is unreachable is a network error that names it without its password', async () => {
    const port = await freePort();
    const result = await runCli(['upload', night, '--json', '--retries', '1'], {
      env: { ...elsewhere, HTTPS_PROXY: `http://me:hunter2@127.0.0.1:${port}` },
    });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      {
        attempts: 2,
        error: { code: 'network', message: `the proxy 127.0.0.1:${port}: the connection was refused` },
      },
    ]);
    expect(result.stdout + result.stderr).not.toContain('hunter2');
  });

  it('that drops the connection is contacted once for each attempt', async () => {
    const dropping = await tcpServer((socket) => socket.once('data', () => socket.destroy()));
    const result = await runCli(['upload', night, '--json', '--retries', '2'], {
      env: { ...elsewhere, HTTPS_PROXY: `http://127.0.0.1:${dropping.port}` },
    });
    expect(result.json()).toMatchObject([{ attempts: 3, error: { code: 'network' } }]);
    expect(dropping.sockets).toHaveLength(3);
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])(
    'whose address in %s cannot be parsed is an error that names the variable and shows no password',
    async (name) => {
      for (const address of [
        'socks5://me:hunter2@127.0.0.1:1080',
        'http://me:hunter2@127.0.0.1:port',
        '::',
      ]) {
        const result = await runCli(['upload', night], { env: { ...elsewhere, [name]: address } });
        expect(result.exitCode).toBe(4);
        expect(result.stdout).toBe('');
        expect(result.stderr).toMatch(new RegExp(`^error: environment variable ${name}: the proxy must be `));
        expect(result.stderr).not.toMatch(/hunter2|secret99/);
      }
    },
  );

  it('is not used for a host in NO_PROXY', async () => {
    const { sandbox, ca, port } = await tlsSandbox();
    const proxy = await proxyTo({ port });
    // An address of this machine that is not a loopback address: without NO_PROXY, requests use the proxy.
    const env = {
      ...elsewhere,
      DREAMINA_API_URL: `https://0.0.0.0:${port}/v1/dreamina`,
      SSL_CERT_FILE: ca,
      HTTPS_PROXY: proxy.host,
    };
    const through = await runCli(['upload', night, '--json', '--retries', '0'], { env });
    expect(through.json()).toMatchObject([{ error: { code: 'network' } }]);
    expect(proxy.seen.map(({ authority }) => authority)).toEqual([`0.0.0.0:${port}`]);
    for (const noProxy of ['0.0.0.0', '0.0.0.0/8', '*']) {
      const result = await runCli(['upload', night, '--json', '--retries', '0'], {
        env: { ...env, NO_PROXY: noProxy },
      });
      expect(result.json()).toMatchObject([{ error: { code: 'network' } }]);
    }
    expect(proxy.seen).toHaveLength(1);
    expect(sandbox.requests).toEqual([]);
  });

  it('is not used for loopback, even if its address is wrong', async () => {
    const server = await openServer();
    const result = await runCli(['upload', night], {
      env: { ...server.env, HTTPS_PROXY: '::', HTTP_PROXY: '::' },
    });
    expect(result.exitCode).toBe(0);
    expect(server.count()).toBe(1);
  });
});

describe('SSL_CERT_FILE', () => {
  it('is trusted', async () => {
    const { sandbox, env } = await sandboxWith({ tls: selfSigned });
    const ca = await certificateFile();
    const result = await runCli(['upload', night], { env: { ...env, SSL_CERT_FILE: ca } });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual([sandbox.assets[0]!.imageRef]);
  });

  it('is trusted together with NODE_EXTRA_CA_CERTS', async () => {
    const { sandbox, env } = await sandboxWith({ tls: selfSigned });
    const result = await runCli(['upload', night], {
      env: { ...env, SSL_CERT_FILE: await certificateFile(''), NODE_EXTRA_CA_CERTS: await certificateFile() },
    });
    expect(result.exitCode).toBe(0);
    expect(sandbox.assets).toHaveLength(1);
  });

  it('is a config error if the file is missing', async () => {
    const { sandbox, env } = await sandboxWith({ tls: selfSigned });
    const missing = join(await tempDir(), 'missing.pem');
    const result = await runCli(['upload', night], { env: { ...env, SSL_CERT_FILE: missing } });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe(
      `error: environment variable SSL_CERT_FILE: ${missing} cannot be read: no such file or directory\n`,
    );
    expect(sandbox.requests).toEqual([]);
  });

  it('is a config error if the file contains no certificate', async () => {
    const { sandbox, env } = await sandboxWith({ tls: selfSigned });
    const path = fileURLToPath(import.meta.url);
    const result = await runCli(['upload', night, '--json'], { env: { ...env, SSL_CERT_FILE: path } });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe(
      `error: environment variable SSL_CERT_FILE: ${path} contains no certificate\n`,
    );
    expect(sandbox.requests).toEqual([]);
  });
});

describe('.dreaminarc.example', () => {
  const example = fileURLToPath(new URL('../../.dreaminarc.example', import.meta.url));

  it('works unchanged as .dreaminarc', async () => {
    const server = await openServer();
    const world = await worldWith();
    await copyFile(example, world.projectFile);
    const result = await runCli(['upload', night, '--json'], {
      ...world,
      env: without(server, 'DREAMINA_ACCOUNT'),
    });
    expect(result.stderr).toMatch(/^1 uploaded/);
    expect(result.exitCode).toBe(0);
    expect(result.json<UploadRecord[]>()).toMatchObject([{ account: 'US:name@example.com' }]);
    expect(server.seen.map(({ account }) => account)).toEqual(['US:name@example.com']);
  });

  it('shows every key with its default', async () => {
    const server = await openServer();
    const world = await worldWith();
    const text = await readFile(example, 'utf8');
    const uncommented = text.replaceAll(/^# ([a-zA-Z]+: \S+)$/gm, '$1');
    await writeFile(world.projectFile, uncommented);
    expect(uncommented.match(/^[a-zA-Z]+:/gm)).toEqual([
      'account:',
      'apiUrl:',
      'concurrency:',
      'retries:',
      'timeout:',
    ]);
    const result = await runCli(['upload', night], { ...world, env: server.env });
    expect(result.stderr).toMatch(/^1 uploaded/);
    expect(server.count()).toBe(1);
  });
});
