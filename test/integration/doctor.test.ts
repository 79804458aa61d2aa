import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { type CliResult, runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const account = 'US:name@example.com';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly advice?: string;
}

async function diagnose(world: World, ...flags: string[]): Promise<CliResult & { findings: Finding[] }> {
  const result = await runCli(['doctor', '--json', ...flags], { now, ...world });
  return { ...result, findings: result.json<Finding[]>() };
}

/** The findings of one check: the status, the message and any advice of each. */
function of(findings: readonly Finding[], check: string): string[][] {
  return findings
    .filter((it) => it.check === check)
    .map(({ status, message, advice }) => [status, message, ...(advice === undefined ? [] : [advice])]);
}

function statuses(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, status }) => [check, status]));
}

/** A server whose only account has these fields. */
function accountServer(fields: Readonly<Record<string, unknown>>) {
  return rawServer((response) => sendJson(response, 200, { [account]: { account, ...fields } }));
}

/** An executable file. */
async function program(path: string, text = '#!/bin/sh\n'): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

describe('doctor', () => {
  it.skipIf(process.platform === 'win32')('warns of a program that does not start', async () => {
    const folder = await tempDir();
    await program(join(folder, 'ffmpeg'), '#!/bin/sh\nexit 127\n');
    await program(join(folder, 'ffprobe'), '#!/bin/sh\necho "ffprobe version 5.1.9"\n');
    const { findings } = await diagnose({ env: { PATH: `${folder}:/bin:/usr/bin` }, platform: 'linux' });
    expect(of(findings, 'ffmpeg')).toEqual([
      [
        'warning',
        'ffmpeg does not start; only --fit uses it',
        'To install it again: sudo apt-get install ffmpeg',
      ],
    ]);
    expect(of(findings, 'ffprobe')).toEqual([['ok', 'ffprobe 5.1.9']]);
  });

  it('prints one line for each check, and exits with 0 if nothing is wrong', async () => {
    const { sandbox, env } = await sandboxWith({ now: () => now });
    const { host } = new URL(sandbox.origin);
    const result = await runCli(['doctor'], { env, now, nodeVersion: 'v20.19.0', platform: 'linux' });
    expect(result.stdout).toBe(
      `ok       node          Node v20.19.0
skipped  path          cannot tell which file started this program
ok       sharp         sharp ${sharp.versions.sharp}
ok       heic-decode   heic-decode 2.1.0
skipped  ffmpeg        not found; only --fit uses it
                       To install it: sudo apt-get install ffmpeg
skipped  ffprobe       not found; only --fit uses it
                       To install it: sudo apt-get install ffmpeg
ok       config        no config file
ok       permissions   no config file contains a token
ok       settings      concurrency, retries, timeout are valid
ok       apiUrl        ${sandbox.apiUrl} from environment variable DREAMINA_API_URL, this machine
ok       token         user:**** from environment variable DREAMINA_TOKEN
ok       destination   the token may go to ${host}
ok       proxy         none
ok       certificates  Node's own authorities
ok       reachable     ${host} answered in 0ms
ok       accepted      the service accepts the token
ok       account       US:sandbox@example.com from environment variable DREAMINA_ACCOUNT
ok       session       expires 2026-12-23 (in 30 days)

No problem: uploads should work.
`,
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/dreamina/accounts',
    ]);
    const json = await diagnose({ env, nodeVersion: 'v20.19.0' });
    expect(json.exitCode).toBe(0);
    expect(json.findings.map(({ status, check, message }) => [status, check, message])).toEqual(
      result.lines
        .slice(0, -2)
        .filter((line) => !line.startsWith(' '))
        .map((line) => line.split(/ {2,}/)),
    );
    expect(json.findings.filter((finding) => 'advice' in finding).map(({ check }) => check)).toEqual([
      'ffmpeg',
      'ffprobe',
    ]);
    expect(json.findings.some((finding) => 'exitCode' in finding)).toBe(false);
  });

  it('prints advice below a problem, and colours the marks only on a terminal', async () => {
    const { env } = await accountServer({ sessionExpires: '2026-11-20T12:00:00Z' });
    const result = await runCli(['doctor'], { env, now });
    expect(result.stdout).toContain(
      `problem  session       2026-11-20 (expired 3 days ago)
                       Add the account again at useapi.net (POST /accounts).
`,
    );
    expect(result.stdout).toMatch(/\n\n1 problem: uploads will fail until it is fixed\.\n$/);
    const coloured = await runCli(['doctor'], { env: { ...env, FORCE_COLOR: '1' }, now });
    expect(coloured.stdout).toContain('\x1b[31mproblem\x1b[39m  session');
    expect(coloured.stdout).toContain('\x1b[31m1 problem:');
  });

  it.each([
    [{ DREAMINA_TOKEN: 'other' }, 'No problem, but 1 warning: uploads should work.'],
    [{ DREAMINA_RETRIES: 'x' }, '1 problem: uploads will fail until it is fixed.'],
    [{ DREAMINA_RETRIES: 'x', DREAMINA_ACCOUNT: 'x' }, '2 problems: uploads will fail until they are fixed.'],
  ])('ends with a verdict: %j', async (more, verdict) => {
    const { env } = await accountServer({ sessionExpires: '2027-11-20T12:00:00Z' });
    const result = await runCli(['doctor'], { env: { ...env, ...more }, now });
    expect(result.lines.at(-1)).toBe(verdict);
  });

  it.each([
    ['v20.19.0', 'ok'],
    ['v20.18.9', 'problem'],
    ['v18.20.0', 'problem'],
    ['v22.0.0', 'ok'],
    ['v24.1.0', 'ok'],
    ['v100.0.0', 'ok'],
    ['v25.0.0-nightly2025', 'ok'],
  ])('calls Node %s %s', async (nodeVersion, status) => {
    const { env } = await sandboxWith();
    const { findings, exitCode } = await diagnose({ env, nodeVersion, now: Date.now() });
    expect(statuses(findings).node).toBe(status);
    expect(exitCode).toBe(status === 'ok' ? 0 : 1);
    if (status !== 'ok') {
      expect(of(findings, 'node')[0]![2]).toBe('Install Node 20.19.0 or newer.');
    }
  });
});

describe('the settings', () => {
  it('without a token, only checks that the service is reachable', async () => {
    const seen: (string | undefined)[] = [];
    const { env } = await rawServer((response, request) => {
      seen.push(request.headers.authorization);
      sendJson(response, 401, { error: 'Unauthorized' });
    });
    const { findings, exitCode } = await diagnose({ env: { DREAMINA_API_URL: env.DREAMINA_API_URL } });
    expect(exitCode).toBe(4);
    expect(of(findings, 'token')).toEqual([
      ['problem', 'there is no token', 'Run `dreamina login`, or set DREAMINA_TOKEN.'],
    ]);
    expect(statuses(findings)).toMatchObject({
      destination: 'skipped',
      reachable: 'ok',
      accepted: 'skipped',
      account: 'skipped',
      session: 'skipped',
    });
    expect(seen).toEqual([undefined]);
  });

  it('names every wrong value and every wrong file', async () => {
    const home = await tempDir();
    const film = join(home, 'film');
    await mkdir(join(home, 'dreamina'), { recursive: true });
    await mkdir(film);
    await writeFile(join(home, 'dreamina/config.json'), '{"token": "user:1-secret');
    await writeFile(join(film, '.dreaminarc'), 'retries: many\nacount: x');
    const env = { XDG_CONFIG_HOME: home, DREAMINA_API_URL: 'http://example.com', DREAMINA_CONCURRENCY: '0' };
    const { findings, exitCode, stdout } = await diagnose({ env, cwd: film });
    expect(exitCode).toBe(4);
    expect(of(findings, 'config').map(([status]) => status)).toEqual(['problem', 'warning']);
    expect(of(findings, 'config')[0]![1]).toContain('not valid JSON');
    expect(of(findings, 'settings')).toHaveLength(2);
    expect(of(findings, 'apiUrl')[0]![1]).toContain('must be an absolute https URL');
    expect(of(findings, 'token')).toEqual([['skipped', 'an invalid config file may contain the token']]);
    expect(of(findings, 'reachable')).toEqual([['skipped', 'the apiUrl is wrong']]);
    expect(stdout).not.toContain('secret');
  });

  it.runIf(process.platform !== 'win32')('warns about a token that others may read', async () => {
    const { sandbox } = await sandboxWith({ now: () => now });
    const cwd = join(await tempDir(), "Ann's");
    await mkdir(cwd);
    const file = join(cwd, 'own.json');
    const { apiUrl, token, accounts } = sandbox;
    await writeFile(file, JSON.stringify({ apiUrl, token, account: accounts[0] }), { mode: 0o644 });
    const open = await diagnose({ cwd }, '--config', 'own.json');
    expect(of(open.findings, 'permissions')).toEqual([
      [
        'warning',
        `${file} contains a token, and other users can read it`,
        `chmod 600 '${file.replace("'", "'\\''")}'`,
      ],
    ]);
    expect(open.exitCode).toBe(0);
    await chmod(file, 0o600);
    const closed = await diagnose({ cwd }, '--config', 'own.json');
    expect(of(closed.findings, 'permissions')).toEqual([['ok', `only you can read ${file}`]]);
    const windows = await diagnose({ cwd, platform: 'win32' }, '--config', file);
    expect(of(windows.findings, 'permissions')).toEqual([['skipped', 'Windows has no permission bits']]);
  });

  it('does not send the token to a server that a project names, and does not contact it', async () => {
    const { apiUrl, count } = await rawServer((response) => sendJson(response, 200, {}));
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), `apiUrl: ${apiUrl}`);
    const { findings, exitCode } = await diagnose({ cwd, env: { DREAMINA_TOKEN: 'user:1-a' } });
    expect(exitCode).toBe(4);
    expect(of(findings, 'destination')[0]![0]).toBe('problem');
    expect(of(findings, 'reachable')).toEqual([['skipped', 'the token may not be sent to this server']]);
    expect(count()).toBe(0);
  });

  it('warns about a token of an unusual form, and reports a wrong one', async () => {
    const { env } = await accountServer({});
    const odd = await diagnose({ env: { ...env, DREAMINA_TOKEN: 'abc' } });
    expect(of(odd.findings, 'token')[0]!.slice(0, 2)).toEqual([
      'warning',
      '**** from environment variable DREAMINA_TOKEN',
    ]);
    expect(odd.exitCode).toBe(0);
    const wrong = await diagnose({ env: { ...env, DREAMINA_TOKEN: 'Bearer abc' } });
    expect(of(wrong.findings, 'token')[0]![1]).toContain("it begins with 'Bearer'; give the token alone");
    expect(statuses(wrong.findings)).toMatchObject({ reachable: 'ok', accepted: 'skipped' });
    expect(wrong.exitCode).toBe(4);
  });
});

describe('the route to the service', () => {
  it('does not contact the service if the proxy address is wrong', async () => {
    const env = { HTTPS_PROXY: 'socks5://me:s3cret@x:1', DREAMINA_TOKEN: 'user:1-a' };
    const { findings, exitCode, stdout } = await diagnose({ env });
    expect(of(findings, 'proxy')[0]![1]).toContain('HTTPS_PROXY');
    expect(of(findings, 'reachable')).toEqual([['skipped', 'the proxy or the certificates are wrong']]);
    expect(exitCode).toBe(4);
    expect(stdout).not.toContain('s3cret');
  });

  it('lists the certificates in effect, and those without effect', async () => {
    const { env } = await sandboxWith({ tls: selfSigned, now: () => now });
    const ca = await certificateFile();
    const good = await diagnose({ env: { ...env, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: '/nope.pem' } });
    expect(of(good.findings, 'certificates').map((it) => it.slice(0, 2))).toEqual([
      ['ok', `${ca} (SSL_CERT_FILE)`],
      [
        'warning',
        'environment variable NODE_EXTRA_CA_CERTS: /nope.pem cannot be read: no such file or directory',
      ],
    ]);
    expect(good.exitCode).toBe(0);

    const untrusted = await diagnose({ env });
    expect(of(untrusted.findings, 'reachable')[0]![1]).toContain('its certificate is self-signed');
    expect(of(untrusted.findings, 'reachable')[0]![2]).toContain('SSL_CERT_FILE');
    expect(untrusted.exitCode).toBe(1);

    const missing = await diagnose({ env: { ...env, SSL_CERT_FILE: '/nope.pem' } });
    expect(statuses(missing.findings)).toMatchObject({ certificates: 'problem', reachable: 'skipped' });
    expect(missing.exitCode).toBe(4);
  });

  it('says that the service does not answer', async () => {
    const { sandbox, env } = await sandboxWith();
    await sandbox.close();
    const { findings, exitCode } = await diagnose({ env });
    expect(of(findings, 'reachable')[0]![1]).toContain('the connection was refused');
    expect(of(findings, 'accepted')).toEqual([['skipped', 'the service cannot be reached']]);
    expect(exitCode).toBe(1);
    const silent = await rawServer(() => {});
    const late = await diagnose({ env: { ...silent.env, DREAMINA_TIMEOUT: '0.1' } });
    expect(of(late.findings, 'reachable')[0]![1]).toBe('no complete answer within 0.1 s');
    expect(late.exitCode).toBe(1);
  });

  it.each([
    [401, 4, 'the token was refused (HTTP 401: no)'],
    [402, 4, 'the subscription has expired or credits are short (HTTP 402: no)'],
    [404, 4, 'there is no list of accounts at this address (HTTP 404: no)'],
    [500, 1, 'the service failed (HTTP 500: no)'],
    [200, 1, 'the answer contains no accounts; the server says: no (HTTP 200)'],
  ])(
    'reports that HTTP %i comes from a reachable service, with exit code %i',
    async (status, exitCode, message) => {
      const { env } = await rawServer((response) => sendJson(response, status, { error: 'no' }));
      const result = await diagnose({ env });
      expect(statuses(result.findings)).toMatchObject({
        reachable: 'ok',
        accepted: 'problem',
        account: 'skipped',
        session: 'skipped',
      });
      expect(of(result.findings, 'accepted')[0]![1]).toBe(message);
      expect(result.exitCode).toBe(exitCode);
    },
  );

  it('ends when it is interrupted', async () => {
    const interruption = new AbortController();
    const { env } = await rawServer(() => interruption.abort(new Interruption('SIGTERM')));
    const result = await runCli(['doctor'], { env, signal: interruption.signal });
    expect(result.exitCode).toBe(143);
    expect(result.stdout).not.toContain('reachable');
  });
});

describe('the account', () => {
  it.each([
    ['missing', undefined, 'there is no account'],
    [
      'unknown',
      'US:other@example.com',
      'US:other@example.com from environment variable DREAMINA_ACCOUNT is not',
    ],
  ])('that is %s is reported with the configured accounts', async (_what, DREAMINA_ACCOUNT, words) => {
    const { env } = await accountServer({});
    const { findings, exitCode } = await diagnose({ env: { ...env, DREAMINA_ACCOUNT } });
    expect(of(findings, 'account')).toEqual([
      ['problem', expect.stringContaining(words), `Give one of those that are configured: ${account}.`],
    ]);
    expect(statuses(findings)).toMatchObject({ accepted: 'ok', session: 'skipped' });
    expect(exitCode).toBe(4);
  });

  it('is reported if none is configured, or if the given one is wrong', async () => {
    const { env } = await rawServer((response) => sendJson(response, 200, {}));
    const none = await diagnose({ env });
    expect(of(none.findings, 'account')[0]![2]).toContain('No account is configured under this token');
    const wrong = await diagnose({ env: { ...env, DREAMINA_ACCOUNT: 'nonsense' } });
    expect(of(wrong.findings, 'account')[0]![1]).toContain('account must be REGION:email');
    expect([none.exitCode, wrong.exitCode]).toEqual([4, 4]);
  });

  it('is reported with the problem that the service names', async () => {
    const { env } = await accountServer({ error: 'Session expired', sessionExpires: '2027-01-01T00:00:00Z' });
    const { findings, exitCode } = await diagnose({ env });
    expect(of(findings, 'account')).toEqual([
      [
        'problem',
        `${account} from environment variable DREAMINA_ACCOUNT: the service says: Session expired`,
        'Add the account again at useapi.net (POST /accounts).',
      ],
    ]);
    expect(exitCode).toBe(4);
  });

  it.each([
    ['2026-11-27T12:00:00Z', 'ok', 'expires 2026-11-27 (in 4 days)', 0],
    ['2026-11-26T12:00:01Z', 'ok', 'expires 2026-11-26 (in 3 days)', 0],
    ['2026-11-26T12:00:00Z', 'warning', 'expires 2026-11-26 (in 3 days)', 0],
    ['2026-11-23T13:00:00Z', 'warning', 'expires 2026-11-23 (in 1 hour)', 0],
    ['2026-11-23T12:00:00Z', 'problem', '2026-11-23 (expired just now)', 4],
    ['2026-11-20T12:00:00Z', 'problem', '2026-11-20 (expired 3 days ago)', 4],
  ])('with a session until %s is %s', async (sessionExpires, status, message, code) => {
    const { env } = await accountServer({ sessionExpires });
    const { findings, exitCode } = await diagnose({ env });
    expect(of(findings, 'session')[0]!.slice(0, 2)).toEqual([status, message]);
    expect(exitCode).toBe(code);
  });

  it('with a session without an expiry date is skipped', async () => {
    const { env } = await accountServer({});
    const { findings, exitCode } = await diagnose({ env });
    const message = 'the service does not say when it expires';
    expect(of(findings, 'session')[0]!.slice(0, 2)).toEqual(['skipped', message]);
    expect(exitCode).toBe(0);
  });
});

describe.runIf(process.platform !== 'win32')('PATH', () => {
  async function pathFinding(world: World): Promise<string[]> {
    return of((await diagnose({ ...world }, '--no-config')).findings, 'path')[0]!;
  }

  it('is right if `dreamina` is a link to this program', async () => {
    const dir = await tempDir();
    const scriptPath = await program(join(dir, 'lib/bin/dreamina.js'));
    await mkdir(join(dir, 'bin'));
    const link = join(dir, 'bin/dreamina');
    await symlink('../lib/bin/dreamina.js', link);
    const other = await program(join(dir, 'other/dreamina'));
    const path = `${join(dir, 'empty')}:${dirname(link)}:${dirname(other)}`;
    expect(await pathFinding({ env: { PATH: path }, scriptPath })).toEqual(['ok', link]);
    expect(await pathFinding({ env: { PATH: path }, scriptPath: link })).toEqual(['ok', link]);
  });

  it('is a warning if another `dreamina` comes first', async () => {
    const dir = await tempDir();
    const scriptPath = await program(join(dir, 'own/dreamina'));
    const other = await program(join(dir, 'other/dreamina'));
    const path = `${dirname(other)}:${dirname(scriptPath)}`;
    expect(await pathFinding({ env: { PATH: path }, scriptPath })).toEqual([
      'warning',
      `${other} comes first on PATH and is not this program (${scriptPath})`,
      'Run `dreamina-upload` instead, or put its folder first on PATH.',
    ]);
  });

  it('skips folders, files that cannot be executed, and dangling links', async () => {
    const dir = await tempDir();
    const scriptPath = await program(join(dir, 'own/dreamina'));
    await mkdir(join(dir, 'a/dreamina'), { recursive: true });
    await mkdir(join(dir, 'b'));
    await symlink(join(dir, 'gone'), join(dir, 'b/dreamina'));
    await mkdir(join(dir, 'c'));
    await writeFile(join(dir, 'c/dreamina'), '', { mode: 0o644 });
    const path = ['a', 'b', 'c', 'own'].map((name) => join(dir, name)).join(':');
    expect(await pathFinding({ env: { PATH: path }, scriptPath })).toEqual(['ok', scriptPath]);
    expect(await pathFinding({ env: { PATH: '' }, scriptPath })).toEqual([
      'ok',
      'there is no `dreamina` on PATH',
    ]);
  });

  it('accepts the script that pnpm, or npm on Windows, installs for this program', async () => {
    const dir = await tempDir();
    const scriptPath = await program(join(dir, 'x/dreamina-upload/bin/dreamina.js'));
    const shim = await program(
      join(dir, 'bin/dreamina'),
      '#!/bin/sh\nexec node "$basedir/../x/dreamina-upload/bin/dreamina.js" "$@"\n',
    );
    expect(await pathFinding({ env: { PATH: dirname(shim) }, scriptPath })).toEqual(['ok', shim]);
  });
});
