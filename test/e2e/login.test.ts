import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { openTerminal, type Terminal } from '../harness/terminal.ts';

const token = 'user:1234-s3cret';
const ctrlC = '\x03';
const ctrlD = '\x04';
const up = '\x1b[A';
const enter = '\r';
const showCursor = '\x1b[?25h';
const hideCursor = '\x1b[?25l';
const tokenQuestion = /useapi\.net token:/;
const accountQuestion = /Which account/;

/** `dreamina login` in a terminal, before its first question is answered. */
async function openLogin(apiUrl: string, ...flags: string[]) {
  const home = await tempDir();
  const env = { DREAMINA_API_URL: apiUrl, XDG_CONFIG_HOME: home };
  const terminal = openTerminal(['login', ...flags], { columns: 80, env });
  const file = join(home, 'dreamina/config.json');
  return { terminal, env, file, read: async () => JSON.parse(await readFile(file, 'utf8')) as unknown };
}

/** The screen has shown the typed text only as asterisks, and the cursor is back. */
function expectNoTrace(terminal: Terminal): void {
  expect(terminal.raw()).not.toContain(token);
  expect(terminal.raw()).not.toContain(token.slice(-6));
  expect(terminal.raw().lastIndexOf(showCursor)).toBeGreaterThan(terminal.raw().lastIndexOf(hideCursor));
}

describe.skipIf(process.platform === 'win32')('login at a terminal', () => {
  it('asks for the token without echo, then for the account, and writes both', async () => {
    const { sandbox } = await sandboxWith();
    const { terminal, env, file, read } = await openLogin(sandbox.apiUrl);
    await terminal.waitFor(tokenQuestion);
    expect(terminal.lines().slice(0, 2)).toEqual([
      'You need a token from useapi.net: user:<digits>-<letters and digits>.',
      'One comes with a subscription: https://useapi.net/docs/start-here/setup-useapi',
    ]);
    terminal.type(token);
    await terminal.waitFor(new RegExp(`token: \\*{${token.length}}`));
    terminal.type(enter);
    await terminal.waitFor(accountQuestion);
    await terminal.waitFor(/CA:sandbox@example\.com, session 20\d\d-\d\d-\d\d \(in 30 days\)/);
    terminal.type(up);
    terminal.type(enter);
    expect(await terminal.ended).toBe(0);
    expectNoTrace(terminal);
    expect(terminal.lines().join('')).toMatch(
      /Logged in as US:sandbox@example\.com\. The token is in .*; `dreamina logout` removes it\.$/,
    );
    expect(await read()).toEqual({ token, account: 'US:sandbox@example.com' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    expect((await runCli(['accounts'], { env })).exitCode).toBe(0);
  });

  it('asks again if the text cannot be a token or the token is refused, and not for the only account', async () => {
    const { apiUrl, count } = await rawServer((response, { headers }) =>
      headers.authorization === `Bearer ${token}`
        ? sendJson(response, 200, { 'US:me@example.com': {} })
        : sendJson(response, 401, { error: `no such token: ${headers.authorization}` }),
    );
    const { terminal, read } = await openLogin(apiUrl);
    await terminal.waitFor(tokenQuestion);
    terminal.type(enter);
    await terminal.waitFor(/there is no token/);
    terminal.type(`Bearer ${token}`);
    terminal.type(enter);
    await terminal.waitFor(/give the token alone/);
    const clearLine = '\x15';
    terminal.type(clearLine);
    terminal.type(`user:1-wr0ng${enter}`);
    await terminal.waitFor(/Copy the whole token again/);
    await terminal.waitFor(/token: *$/);
    terminal.type(token + enter);
    expect(await terminal.ended).toBe(0);
    expectNoTrace(terminal);
    expect(terminal.raw()).not.toContain('wr0ng');
    expect(terminal.raw()).not.toMatch(accountQuestion);
    expect(terminal.lines().join('')).toContain('the token was refused (HTTP 401');
    expect(terminal.lines().join('')).toContain('Logged in as US:me@example.com.');
    expect(await read()).toEqual({ token, account: 'US:me@example.com' });
    expect(count()).toBe(2);
  });

  it('asks three times, and writes nothing if each token is refused', async () => {
    const { apiUrl, count } = await rawServer((response) => sendJson(response, 401, { error: 'no' }));
    const { terminal, read } = await openLogin(apiUrl);
    for (const times of [1, 2, 3]) {
      await terminal.waitFor(new RegExp(`(useapi\\.net token[^]*){${times}}`));
      terminal.type(token + enter);
      await terminal.waitFor(new RegExp(`(the token was refused[^]*){${times}}`));
    }
    expect(await terminal.ended).toBe(4);
    expectNoTrace(terminal);
    expect(count()).toBe(3);
    await expect(read()).rejects.toThrow('ENOENT');
  });

  it('asks only once if the service fails', async () => {
    const { apiUrl } = await rawServer((response) => sendJson(response, 503, {}));
    const { terminal } = await openLogin(apiUrl);
    await terminal.waitFor(tokenQuestion);
    terminal.type(token + enter);
    expect(await terminal.ended).toBe(1);
    expectNoTrace(terminal);
  });

  it.each([
    ['Ctrl-C', ctrlC, 130],
    ['Ctrl-D', ctrlD, 2],
  ])('%s at either question ends it and writes nothing', async (_name, key, exitCode) => {
    const { sandbox } = await sandboxWith();
    const first = await openLogin(sandbox.apiUrl);
    await first.terminal.waitFor(tokenQuestion);
    first.terminal.type(key);
    expect(await first.terminal.ended).toBe(exitCode);
    expectNoTrace(first.terminal);

    const second = await openLogin(sandbox.apiUrl);
    await second.terminal.waitFor(tokenQuestion);
    second.terminal.type(token + enter);
    await second.terminal.waitFor(accountQuestion);
    second.terminal.type(key);
    expect(await second.terminal.ended).toBe(exitCode);
    expectNoTrace(second.terminal);
    for (const { terminal, read } of [first, second]) {
      expect(terminal.raw()).not.toMatch(/ {4}at |unsettled/);
      await expect(read()).rejects.toThrow('ENOENT');
    }
  });

  it('does not ask unless it may send the token and can write it', async () => {
    const { terminal } = await openLogin('http://example.com');
    expect(await terminal.ended).toBe(4);
    expect(terminal.raw()).not.toMatch(tokenQuestion);
  });
});
