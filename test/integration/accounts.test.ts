import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { fixture } from '../fixtures.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const now = Date.parse('2026-11-23T12:00:00Z');

describe('accounts', () => {
  it('prints a sorted table with the expiry of each session', async () => {
    const { sandbox, env } = await sandboxWith({ now: () => now });
    const result = await runCli(['accounts'], { env, now });
    expect(result.stdout).toBe(
      'ACCOUNT                 REGION  SESSION EXPIRES          ERROR\n' +
        'CA:sandbox@example.com  CA      2026-12-23 (in 30 days)\n' +
        'US:sandbox@example.com  US      2026-12-23 (in 30 days)\n',
    );
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['GET', '/v1/dreamina/accounts', 200],
    ]);
  });

  it('--json prints an array of the accounts as given', async () => {
    const { env } = await sandboxWith({ now: () => now });
    const result = await runCli(['accounts', '--json'], { env, now });
    expect(result.exitCode).toBe(0);
    const given = (region: string) => ({
      account: `${region}:sandbox@example.com`,
      email: 'sandbox@example.com',
      region,
      maxJobs: 3,
      sessionExpires: '2026-12-23T12:00:00.000Z',
    });
    expect(result.json()).toEqual([given('CA'), given('US')]);
  });

  it.each([
    ['2026-11-23T12:00:59Z', '2026-11-23 (in less than a minute)'],
    ['2026-11-23T12:20:00Z', '2026-11-23 (in 20 minutes)'],
    ['2026-11-23T15:00:00Z', '2026-11-23 (in 3 hours)'],
    ['2026-11-24T12:00:00Z', '2026-11-24 (in 1 day)'],
    ['2026-12-05T12:00:00.000Z', '2026-12-05 (in 12 days)'],
    ['2026-12-05T23:00:00-05:00', '2026-12-06 (in 13 days)'],
    ['2026-11-20T12:00:00Z', '2026-11-20 (expired 3 days ago)'],
    ['2026-11-23T11:00:00Z', '2026-11-23 (expired 1 hour ago)'],
    ['2', 'unknown'],
    ['soon', 'unknown'],
    ['2026-99-99', 'unknown'],
    ['', 'unknown'],
    [null, 'unknown'],
    [1764000000000, 'unknown'],
  ])('shows the expiry %j of a session as %s', async (sessionExpires, words) => {
    const { env } = await accountsServer({
      'US:a@example.com': { account: 'US:a@example.com', sessionExpires },
    });
    const result = await runCli(['accounts'], { env, now });
    expect(result.lines[1]).toBe(`US:a@example.com  US      ${words}`);
  });

  it('shows the expiry of a session without a date as unknown', async () => {
    const { env } = await accountsServer({ 'US:a@example.com': { account: 'US:a@example.com' } });
    const result = await runCli(['accounts'], { env, now });
    expect(result.lines[1]).toBe('US:a@example.com  US      unknown');
  });

  it('tolerates fields that the API adds, leaves out or gives another type', async () => {
    const { env } = await accountsServer({
      total: 3,
      'US:b@example.com': { credits: { left: 1 }, maxJobs: '3', region: 7, error: 'Session expired' },
      'CA:a@example.com': { error: { code: 7, message: ' No credits ' } },
      'x-1': { account: 'US:a@example.com', email: null, region: 'US', error: null },
      pagination: { next: null },
      'US:c@example.com': null,
    });
    const result = await runCli(['accounts', '--json'], { env });
    expect(result.json()).toEqual([
      { account: 'CA:a@example.com', region: 'CA', error: 'No credits' },
      { account: 'US:a@example.com', region: 'US' },
      { account: 'US:b@example.com', region: 'US', error: 'Session expired' },
    ]);
    const table = await runCli(['accounts'], { env });
    expect(table.lines.at(-1)).toBe('US:b@example.com  US      unknown          Session expired');
  });

  it('says how to add an account if there is none', async () => {
    const { env } = await accountsServer({});
    const text = await runCli(['accounts'], { env });
    expect(text).toMatchObject({ exitCode: 0, stdout: '' });
    expect(text.stderr).toBe(
      'No account is configured under this token; add one at useapi.net (POST /accounts).\n',
    );
    const json = await runCli(['accounts', '--json'], { env });
    expect(json).toMatchObject({ exitCode: 0, stdout: '[]\n', stderr: text.stderr });
  });

  it('lists thousands of accounts, and none of absurd length', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `US:${String(i).padStart(4, '0')}@example.com`);
    const body = {
      ...Object.fromEntries(names.map((account) => [account, { account }])),
      [`US:${'x'.repeat(100_000)}`]: {},
      'US:y@example.com': {
        email: 'y'.repeat(100_000),
        error: 'z'.repeat(100_000),
        region: 'w'.repeat(100_000),
      },
    };
    const { env } = await accountsServer(body);
    const text = await runCli(['accounts'], { env });
    expect(text.lines).toHaveLength(1 + 2001);
    expect(Math.max(...text.lines.map((line) => line.length))).toBeLessThan(500);
    const records = (await runCli(['accounts', '--json'], { env })).json<Record<string, string>[]>();
    expect(records.slice(0, -1).map(({ account }) => account)).toEqual(names);
    expect(records.at(-1)).toEqual({
      account: 'US:y@example.com',
      region: 'US',
      error: `${'z'.repeat(299)}…`,
    });
  });

  it('lists at most ten in a message of another command', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `US:${String(i).padStart(4, '0')}@example.com`);
    const { env } = await accountsServer(Object.fromEntries(names.map((account) => [account, { account }])));
    const some = `${names.slice(0, 10).join(', ')} and 1,990 more`;
    const world = { env: { ...env, DREAMINA_ACCOUNT: '' }, stdin: 'user:1-secret' };
    expect((await runCli(['upload', fixture('night.png').file], world)).stderr).toContain(
      `this token has ${some}.`,
    );
    expect((await runCli(['doctor'], world)).stdout).toContain(`those that are configured: ${some}.`);
    expect((await runCli(['login', '--with-token'], world)).stderr).toContain(
      `the token has several accounts (${some});`,
    );
    const unknown = await runCli(['login', '--with-token', '-a', 'US:z@example.com'], world);
    expect(unknown.stderr).toContain(`configured accounts: ${some}\n`);
  });

  it('escapes what the service says, in JSON too', async () => {
    const account = { account: 'US:\u202e\u009ba@example.com', error: 'x\u2028\u200b\x7f ##[x]' };
    const { env } = await accountsServer({ 'US:a@example.com': account });
    const result = await runCli(['accounts', '--json'], { env });
    expect(result.json()).toEqual([{ ...account, region: 'US' }]);
    expect(result.stdout).toContain(String.raw`US:\u202e\u009ba@example.com`);
    expect(result.stdout).toContain(String.raw`\u2028\u200b\u007f \u0023#[x]`);
  });

  it('escapes what the service says', async () => {
    const { env } = await accountsServer({ 'US:\u202e\na@example.com': { error: '\x1b[2Jgone' } });
    const result = await runCli(['accounts'], { env });
    expect(result.lines[1]).toBe('US:\\u{202e}\\na@example.com  US      unknown          \\x1b[2Jgone');
  });

  it('-v prints the request, without the token', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['accounts', '-v'], { env });
    expect(result.stderr).toMatch(
      /^GET http:\/\/127\.0\.0\.1:\d+\/v1\/dreamina\/accounts with the token from environment variable DREAMINA_TOKEN\nanswered in \d+ms\n$/,
    );
    expect(result.stderr + result.stdout).not.toContain(sandbox.token);
  });
});

describe('a refusal of GET /accounts', () => {
  it.each([
    [401, { error: 'Unauthorized' }, 4, 'the token was refused (HTTP 401: Unauthorized)'],
    [402, { error: 'Expired' }, 4, 'the subscription has expired or credits are short (HTTP 402: Expired)'],
    [404, {}, 4, 'there is no list of accounts at this address (HTTP 404)\n  Check that apiUrl'],
    [429, {}, 1, 'the server is at capacity (HTTP 429)\n  Try again later.\n'],
    [403, {}, 1, 'the server refused it (HTTP 403)'],
    [500, { error: 'Oops' }, 1, 'the service failed (HTTP 500: Oops)'],
    [520, '<html>', 1, 'the service failed (HTTP 520)'],
    [302, '', 1, 'the server redirects (HTTP 302)\n  Redirects are not followed; check apiUrl.\n'],
  ])('HTTP %i with %j is reported with its exit code (%#)', async (status, body, exitCode, words) => {
    const { env, count } = await rawServer((response) => send(response, status, body));
    const result = await runCli(['accounts'], { env });
    expect(result.stderr).toContain(`error: ${words}`);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(count()).toBe(1);
  });

  it.each([
    ['[]', 'the answer is not a JSON object'],
    ['null', 'the answer is not a JSON object'],
    ['[{"account":"US:a@example.com"}]', 'the answer is not a JSON object'],
    ['', 'the answer is empty'],
    ['<!DOCTYPE html>', 'the answer is an HTML page, not JSON'],
    ['{"error":"Maintenance"}', 'the answer contains no accounts; the server says: Maintenance'],
    ['{"message":"hello"}', 'the answer contains no accounts; the server says: hello'],
    [`{"imageRef":"${exampleReference}"}`, 'the answer contains no accounts'],
    ['{"US:a@example.com":{"acc', 'the answer was cut off before its accounts'],
  ])('HTTP 200 with %s is not a list of accounts', async (body, words) => {
    const { env } = await rawServer((response) => send(response, 200, body));
    const result = await runCli(['accounts', '--json'], { env });
    expect(result.stderr).toContain(`error: ${words} (HTTP 200)\n`);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  });

  it('is shown without the token that the server echoes', async () => {
    const { env } = await rawServer((response, request) =>
      sendJson(response, 401, { error: `bad token: ${request.headers.authorization}` }),
    );
    const result = await runCli(['accounts', '-v'], { env });
    expect(result.stderr).toContain('(HTTP 401: bad token: Bearer [token])');
    expect(result.stderr).not.toContain(env.DREAMINA_TOKEN);
  });

  it('does not take longer than `timeout`', async () => {
    const { env } = await rawServer(() => {});
    const result = await runCli(['accounts'], { env: { ...env, DREAMINA_TIMEOUT: '0.1' } });
    expect(result.stderr).toBe(
      'error: no complete answer within 0.1 s\n' +
        '  Check the connection and the proxy, or allow more time with DREAMINA_TIMEOUT.\n',
    );
    expect(result.exitCode).toBe(1);
  });

  it('ends when it is interrupted', async () => {
    const interruption = new AbortController();
    const { env } = await rawServer(() => interruption.abort(new Interruption('SIGINT')));
    const result = await runCli(['accounts'], { env, signal: interruption.signal });
    expect(result).toMatchObject({ exitCode: 130, stdout: '', stderr: '' });
  });
});

describe('accounts and the settings', () => {
  it('needs a token, and says where it comes from', async () => {
    const result = await runCli(['accounts']);
    expect(result).toMatchObject({
      exitCode: 4,
      stderr: 'error: there is no token\n  Run `dreamina login`, or set DREAMINA_TOKEN.\n',
    });
  });

  it('needs no account, and ignores a wrong one', async () => {
    const { env } = await sandboxWith();
    const result = await runCli(['accounts'], { env: { ...env, DREAMINA_ACCOUNT: 'nonsense' } });
    expect(result.exitCode).toBe(0);
  });

  it('does not send the token to a server that a project names', async () => {
    const { apiUrl, count } = await rawServer((response) => sendJson(response, 200, {}));
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), `apiUrl: ${apiUrl}`);
    const result = await runCli(['accounts'], { cwd, env: { DREAMINA_TOKEN: 'user:1-a' } });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('is not sent there');
    expect(count()).toBe(0);
    const without = await runCli(['accounts', '--no-config'], { cwd, env: {} });
    expect(without.exitCode).toBe(4);
  });

  it('reads --config, and warns about its unknown keys', async () => {
    const { sandbox } = await sandboxWith();
    const cwd = await tempDir();
    const { apiUrl, token } = sandbox;
    await writeFile(join(cwd, 'own.json'), JSON.stringify({ apiUrl, token, acount: 'x' }));
    const result = await runCli(['accounts', '--config', 'own.json'], { cwd });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('unknown key "acount"; did you mean account?');
  });

  it('trusts SSL_CERT_FILE, and gives advice without it', async () => {
    const { env } = await sandboxWith({ tls: selfSigned });
    const refused = await runCli(['accounts'], { env });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('its certificate is self-signed');
    expect(refused.stderr).toContain('SSL_CERT_FILE');
    const file = await certificateFile();
    const trusted = await runCli(['accounts'], { env: { ...env, SSL_CERT_FILE: file } });
    expect(trusted.exitCode).toBe(0);
  });
});

/** A server that has these accounts. */
function accountsServer(accounts: Readonly<Record<string, unknown>>) {
  return rawServer((response) => sendJson(response, 200, accounts));
}

function send(response: Parameters<typeof sendJson>[0], status: number, body: unknown): void {
  response.writeHead(status);
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
