import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificateFile } from '../harness/certificate.ts';
import { type CliResult, runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const token = 'user:1234-s3cret';

/** A home with these files in it, by path; the project is `film`, the user's config is in `xdg`. */
async function homeWith(files: Readonly<Record<string, unknown>>): Promise<{
  readonly homeDir: string;
  readonly cwd: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
}> {
  const homeDir = await tempDir();
  for (const [path, content] of Object.entries({ 'film/.keep': '', ...files })) {
    const file = join(homeDir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  }
  return {
    homeDir,
    cwd: join(homeDir, 'film'),
    user: join(homeDir, 'xdg/dreamina/config.json'),
    env: { XDG_CONFIG_HOME: join(homeDir, 'xdg') },
  };
}

interface Report {
  readonly settings: Record<string, { value: unknown; source: unknown; problem?: string }>;
  readonly files: readonly { kind: string; path: string; status: string }[];
  readonly userConfig: string;
  readonly proxy: unknown;
  readonly certificates: unknown;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

function reportOf(result: CliResult): Report {
  return result.json<Report>();
}

describe('config', () => {
  it('prints every setting, its value and where it came from', async () => {
    const { homeDir, cwd, user, ...home } = await homeWith({
      'xdg/dreamina/config.json': { token, concurrency: 2, retries: 1 },
      'film/.dreaminarc': 'account: US:a@example.com\nretries: 2',
    });
    const env = { ...home.env, DREAMINA_TIMEOUT: '30.5' };
    const project = join(cwd, '.dreaminarc');
    const result = await runCli(['config'], { homeDir, cwd, env });
    expect(result.stdout).toBe(
      `token        user:****                           user config ${user}
account      US:a@example.com                    project config ${project}
apiUrl       https://api.useapi.net/v1/dreamina  default
concurrency  2                                   user config ${user}
retries      2                                   project config ${project}
timeout      30.5                                environment variable DREAMINA_TIMEOUT

project config  ${project}
user config     ${user}
proxy           none
certificates    Node's own
`,
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });

    const report = reportOf(await runCli(['config', '--json'], { homeDir, cwd, env }));
    expect(report).toEqual({
      settings: {
        token: { value: 'user:****', source: { kind: 'user', path: user } },
        account: { value: 'US:a@example.com', source: { kind: 'project', path: project } },
        apiUrl: { value: 'https://api.useapi.net/v1/dreamina', source: { kind: 'default' } },
        concurrency: { value: 2, source: { kind: 'user', path: user } },
        retries: { value: 2, source: { kind: 'project', path: project } },
        timeout: { value: 30.5, source: { kind: 'environment', name: 'DREAMINA_TIMEOUT' } },
      },
      files: [
        { kind: 'project', path: project, status: 'found' },
        { kind: 'user', path: user, status: 'found' },
      ],
      userConfig: user,
      proxy: null,
      certificates: [],
      warnings: [],
      problems: [],
    });
  });

  it('says which files do not exist', async () => {
    const { homeDir, cwd, user, env } = await homeWith({});
    const result = await runCli(['config'], { homeDir, cwd, env });
    expect(result.stdout).toContain('token        not set\naccount      not set\n');
    expect(result.stdout).toContain(`project config  none, searched upwards from ${cwd}\n`);
    expect(result.stdout).toContain(`user config     ${user} (there is no such file)\n`);
    expect(result.exitCode).toBe(0);
    const report = reportOf(await runCli(['config', '--json'], { homeDir, cwd, env }));
    expect(report.settings.token).toEqual({ value: null, source: null });
    expect(report.files).toEqual([
      { kind: 'project', path: cwd, status: 'absent' },
      { kind: 'user', path: user, status: 'absent' },
    ]);
  });

  it.each(['', '.', 'home'])('says that there is no home directory: %j', async (homeDir) => {
    const { cwd } = await homeWith({ 'film/.config/dreamina/config.json': { retries: 1 } });
    const result = await runCli(['config'], { homeDir, cwd });
    expect(result.stdout).toContain('user config     none, because there is no home directory\n');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const report = reportOf(await runCli(['config', '--json'], { homeDir, cwd }));
    expect(report.files).toEqual([{ kind: 'project', path: cwd, status: 'absent' }]);
    expect(report).toMatchObject({ userConfig: null, settings: { retries: { value: 5 } } });
  });

  it.each(['loop/home', 'x'.repeat(5000)])(
    'continues if the home directory is out of reach',
    async (name) => {
      const { cwd, user } = await homeWith({ 'xdg/dreamina/config.json': { retries: 1 } });
      await symlink('loop', join(cwd, 'loop'));
      const world = { homeDir: join(cwd, name), cwd, platform: 'linux' } as const;
      expect(await runCli(['config'], world)).toMatchObject({ exitCode: 0, stderr: '' });
      // An existing file that cannot be read is an error.
      await rm(user);
      await symlink('config.json', user);
      const wrong = await runCli(['config'], { cwd, env: { XDG_CONFIG_HOME: join(user, '../..') } });
      expect(wrong).toMatchObject({
        exitCode: 4,
        stderr: `error: ${user}: the config file cannot be read: too many symbolic links\n`,
      });
    },
  );

  it('reads only --config, or no file with --no-config, but names the user config', async () => {
    const { homeDir, cwd, user, env } = await homeWith({
      'xdg/dreamina/config.json': { retries: 1 },
      'film/own.yaml': 'retries: 3',
    });
    const own = join(cwd, 'own.yaml');
    const world = { homeDir, cwd, env };
    const byVariable = { ...world, env: { ...env, DREAMINA_CONFIG: 'own.yaml' } };
    const named = await runCli(['config', '--config', 'own.yaml'], world);
    expect(named.stdout).toContain(`retries      3                                   config file ${own}\n`);
    expect(named.stdout).toContain(`config file   ${own}\n`);
    expect(named.stdout).toContain(`user config   ${user} (not read)\n`);
    expect((await runCli(['config'], byVariable)).stdout).toBe(named.stdout);
    const none = reportOf(await runCli(['config', '--no-config', '--json'], byVariable));
    expect(none).toMatchObject({ files: [], userConfig: user, settings: { retries: { value: 5 } } });
  });

  it.each([
    ['user:1-a', 'user:****'],
    ['something-else', '****'],
  ])('shows the token %s as %s', async (value, shown) => {
    const text = await runCli(['config'], { env: { DREAMINA_TOKEN: value } });
    const json = await runCli(['config', '--json'], { env: { DREAMINA_TOKEN: value } });
    expect(text.stdout).toMatch(new RegExp(`^token +${shown.replaceAll('*', '\\*')} +environment variable`));
    expect(reportOf(json).settings.token!.value).toBe(shown);
    expect(text.stdout + json.stdout).not.toContain(value);
  });

  it.each(['login', 'accounts', 'config', 'doctor'])(
    '%s --help has examples, within 80 columns',
    async (command) => {
      const result = await runCli([command, '--help']);
      expect(result.exitCode).toBe(0);
      expect(result.stdout).toContain(`Examples:\n  dreamina ${command}\n`);
      expect(Math.max(...result.lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it('refuses a flag for a setting, and an empty --config', async () => {
    expect((await runCli(['config', '--account', 'US:a@example.com'])).exitCode).toBe(2);
    expect((await runCli(['config', '--config', ''])).exitCode).toBe(2);
  });
});

describe('a mistake in the config', () => {
  it('does not hide the rest', async () => {
    const { homeDir, cwd } = await homeWith({
      'film/.dreaminarc': 'retries: many\nacount: x\napiUrl: ftp://x',
    });
    const env = { DREAMINA_CONCURRENCY: '100', DREAMINA_TOKEN: 'a\tb', DREAMINA_ACCOUNT: 'US:a@example.com' };
    const result = await runCli(['config'], { homeDir, cwd, env });
    expect(result.exitCode).toBe(4);
    expect(result.lines.slice(0, 6).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['token', 'invalid'],
      ['account', 'US:a@example.com'],
      ['apiUrl', 'invalid'],
      ['concurrency', 'invalid'],
      ['retries', 'invalid'],
      ['timeout', '60'],
    ]);
    const rc = join(cwd, '.dreaminarc');
    expect(result.stderr).toBe(
      `warning: project config ${rc}: unknown key "acount"; did you mean account?
error: environment variable DREAMINA_TOKEN: token must be text of printable ASCII characters without spaces or line breaks; there is a space or a tab in it
error: project config ${rc}: apiUrl must be an absolute https URL without user name, password, query or fragment (http only for this machine itself); it is "ftp://x": it does not begin with https://
error: environment variable DREAMINA_CONCURRENCY: concurrency must be a whole number from 1 to 64; it is "100"
error: project config ${rc}: retries must be a whole number from 0 to 20; it is "many"
`,
    );
    const json = await runCli(['config', '--json'], { homeDir, cwd, env });
    expect(json).toMatchObject({ exitCode: 4, stderr: result.stderr });
    const report = reportOf(json);
    expect(report.settings.concurrency).toEqual({
      value: null,
      source: null,
      problem: expect.stringContaining('a whole number from 1 to 64'),
    });
    expect(report.problems).toHaveLength(4);
    expect(report.warnings).toHaveLength(1);
  });

  it('may be a file that cannot be parsed, and the other file still counts', async () => {
    const { homeDir, cwd, user, env } = await homeWith({
      'xdg/dreamina/config.json': `{"token": "${token}",`,
      'film/.dreaminarc.json': { account: 'US:a@example.com' },
    });
    const world = { homeDir, cwd, env };
    const result = await runCli(['config', '--json'], world);
    expect(result.exitCode).toBe(4);
    expect(result.stdout + result.stderr).not.toContain(token);
    expect(reportOf(result)).toMatchObject({
      settings: { account: { value: 'US:a@example.com' }, token: { value: null } },
      files: [{ status: 'found' }, { kind: 'user', path: user, status: 'wrong' }],
    });
    expect(reportOf(result).problems[0]).toContain('not valid JSON');
    expect((await runCli(['config'], world)).stdout).toContain(`user config     ${user} (invalid)\n`);
  });

  it('may be a project file that cannot be parsed', async () => {
    const { homeDir, cwd } = await homeWith({ 'film/.dreaminarc': '{' });
    const result = await runCli(['config'], { homeDir, cwd });
    expect(result.exitCode).toBe(4);
    expect(result.stdout).toContain(`project config  invalid, searched upwards from ${cwd}\n`);
    expect(result.stderr).toContain(`error: ${join(cwd, '.dreaminarc')}`);
  });

  it('may be a missing file of --config', async () => {
    const result = await runCli(['config', '--config', 'nope.json']);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/nope\.json: there is no such config file \(named by --config\)\n$/);
    expect(result.stdout).toMatch(/config file +\S+nope\.json \(invalid\)\n/);
  });

  it('may be a project that wants the token sent elsewhere', async () => {
    const { homeDir, cwd } = await homeWith({ 'film/.dreaminarc': 'apiUrl: https://example.org' });
    const env = { DREAMINA_TOKEN: token };
    const result = await runCli(['config'], { homeDir, cwd, env });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('names another server, https://example.org, and the token from');
    expect((await runCli(['config'], { homeDir, cwd })).exitCode).toBe(0);
  });
});

describe('the proxy and the certificates', () => {
  it('are shown as they are in effect, without a password', async () => {
    const ca = await certificateFile();
    const env = {
      HTTPS_PROXY: 'me:s3cret@proxy.example.com:3128',
      SSL_CERT_FILE: ca,
      NODE_EXTRA_CA_CERTS: ca,
    };
    const text = await runCli(['config'], { env });
    expect(text.stdout).toContain(
      `proxy           http://proxy.example.com:3128 (with a user and password, not shown)
certificates    ${ca} (SSL_CERT_FILE), ${ca} (NODE_EXTRA_CA_CERTS)
`,
    );
    const json = await runCli(['config', '--json'], { env });
    expect(reportOf(json)).toMatchObject({
      proxy: { address: 'http://proxy.example.com:3128', hasCredentials: true },
      certificates: [
        { variable: 'SSL_CERT_FILE', path: ca },
        { variable: 'NODE_EXTRA_CA_CERTS', path: ca },
      ],
    });
    for (const output of [text, json]) {
      expect(output).toMatchObject({ exitCode: 0, stderr: '' });
      expect(output.stdout + output.stderr).not.toContain('s3cret');
    }
  });

  it.each(['me:s3cret@', 'me@', ':s3cret@'])(
    'have credentials if the address of the proxy contains %s',
    async (credentials) => {
      const env = { HTTPS_PROXY: `http://${credentials}proxy.example.com:3128` };
      expect(reportOf(await runCli(['config', '--json'], { env })).proxy).toEqual({
        address: 'http://proxy.example.com:3128',
        hasCredentials: true,
      });
    },
  );

  it('are not used for a server on this machine without https', async () => {
    const env = {
      DREAMINA_API_URL: 'http://127.0.0.1:8080/v1',
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      SSL_CERT_FILE: '/nope.pem',
      NODE_EXTRA_CA_CERTS: '/nope.pem',
    };
    const result = await runCli(['config', '--json'], { env });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(reportOf(result)).toMatchObject({ proxy: null, certificates: [] });
  });

  it('include no proxy for a host in NO_PROXY', async () => {
    const env = { HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: 'useapi.net' };
    expect((await runCli(['config'], { env })).stdout).toContain('proxy           none\n');
    const used = await runCli(['config'], { env: { HTTPS_PROXY: env.HTTPS_PROXY } });
    expect(used.stdout).toContain('proxy           http://proxy.example.com:3128\n');
  });

  it('are reported if they are wrong', async () => {
    const empty = join(await tempDir(), 'empty.pem');
    await writeFile(empty, '');
    const proxy = await runCli(['config'], { env: { HTTPS_PROXY: 'socks5://me:s3cret@x:1' } });
    expect(proxy.exitCode).toBe(4);
    expect(proxy.stdout).toContain('proxy           invalid\n');
    expect(proxy.stderr).toContain('error: environment variable HTTPS_PROXY: the proxy must be');
    expect(proxy.stderr).not.toContain('s3cret');

    const missing = await runCli(['config'], { env: { SSL_CERT_FILE: '/nope.pem' } });
    expect(missing).toMatchObject({
      exitCode: 4,
      stderr:
        'error: environment variable SSL_CERT_FILE: /nope.pem cannot be read: no such file or directory\n',
    });
    const blank = await runCli(['config'], { env: { SSL_CERT_FILE: empty } });
    expect(blank).toMatchObject({
      exitCode: 4,
      stderr: `error: environment variable SSL_CERT_FILE: ${empty} contains no certificate\n`,
    });
    const extra = await runCli(['config'], { env: { NODE_EXTRA_CA_CERTS: '/nope.pem' } });
    expect(extra).toMatchObject({
      exitCode: 0,
      stderr:
        'warning: environment variable NODE_EXTRA_CA_CERTS: /nope.pem cannot be read: no such file or directory\n',
    });
    const blankExtra = await runCli(['config'], { env: { NODE_EXTRA_CA_CERTS: empty } });
    expect(blankExtra).toMatchObject({
      exitCode: 0,
      stderr: `warning: environment variable NODE_EXTRA_CA_CERTS: ${empty} contains no certificate\n`,
    });
  });
});
