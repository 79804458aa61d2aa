import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadErrorCode } from '../../src/errors.ts';
import { clip, fixture } from '../fixtures.ts';
import { clipBytes, sized, wav } from '../harness/clip-bytes.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tcpServer } from '../harness/tcp-server.ts';
import { tempDir } from '../harness/temp-dir.ts';

const token = 'user:4711-Sup3rS3cretT0k3n';
const password = 'pr0xy+p4ss/w0rd';
const proxyUser = `me:${encodeURIComponent(password)}`;

/** Every form in which a secret could be printed. */
const secrets = [
  token,
  encodeURIComponent(token),
  'Sup3rS3cretT0k3n',
  password,
  encodeURIComponent(password),
  Buffer.from(`me:${password}`).toString('base64'),
];

/** Everything that makes programs print more. */
const debug = { DEBUG: '*', NODE_DEBUG: 'http,https,net,tls,stream,undici,fetch,websocket,fs,timer' };

const seenCodes = new Set<string>();

interface Place {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
}

/** Runs the built command, with all of Node's debug output, and expects no secret in what it prints. */
async function run(
  args: readonly string[],
  { cwd, env = {}, stdin = '' }: Place,
): Promise<{ readonly exitCode: number | NodeJS.Signals; readonly output: string }> {
  const folder = cwd ?? (await imageFolder());
  const child = spawnCli(args, { cwd: folder, env: { ...debug, HOME: folder, ...env } });
  child.process.stdin.end(stdin);
  const exitCode = await child.ended;
  const output = `${child.stdout()}\n${child.stderr()}`;
  for (const [, code] of output.matchAll(/"code":"(\w+)"/g)) {
    seenCodes.add(code!);
  }
  expectNoSecret(output);
  return { exitCode, output };
}

/** Does the same in this process, which is quicker, for runs that end before Node prints anything. */
async function runHere(args: readonly string[], { cwd, env }: Place): Promise<number> {
  const folder = cwd ?? (await imageFolder());
  const { stdout, stderr, exitCode } = await runCli(args, {
    cwd: folder,
    homeDir: folder,
    env: { ...debug, ...env },
  });
  expectNoSecret(stdout + stderr);
  return exitCode;
}

function expectNoSecret(output: string): void {
  expect(secrets.filter((secret) => output.includes(secret))).toEqual([]);
}

/** A folder with an image. */
async function imageFolder(): Promise<string> {
  const cwd = await tempDir();
  await copyFile(fixture('night.png').file, join(cwd, 'night.png'));
  return cwd;
}

/** A folder with an image, and one of each kind of file that cannot be sent. */
async function mixedFolder(): Promise<string> {
  const cwd = await imageFolder();
  await copyFile(fixture('night.png').file, join(cwd, `${token} ${password.replace('/', '')}.png`));
  await writeFile(join(cwd, 'empty.png'), '');
  await writeFile(join(cwd, 'text.png'), `token: ${token}`);
  await mkdir(join(cwd, 'folder.png'));
  return cwd;
}

/** The answer of a server that knows the token and repeats it. */
const echo = { error: `no: ${token}, ${encodeURIComponent(token)}, ${JSON.stringify(token)} \u001b[2J` };

const upload = ['upload', '-v', '--format', 'ndjson', '--retries', '1', 'night.png'];

const withToken = { DREAMINA_TOKEN: token, DREAMINA_ACCOUNT: 'US:name@example.com' };

describe('no output contains a secret', () => {
  it.each([
    [200, {}],
    [302, { location: `https://elsewhere.example/?${encodeURIComponent(token)}` }],
    [400, {}],
    [401, {}],
    [402, {}],
    [404, {}],
    [429, { 'retry-after': '0' }],
    [500, { 'retry-after': token }],
    [596, {}],
  ])('after an answer %i that repeats the token', async (status, headers) => {
    const { env } = await rawServer((response) => sendJson(response, status, echo, headers));
    const { output } = await run(upload, { env: { ...env, ...withToken } });
    expect(output).toContain('[token]');
  });

  it('after answers to accounts, doctor and login that repeat the token', async () => {
    const { env } = await rawServer((response) =>
      sendJson(response, 200, {
        'US:name@example.com': { account: 'US:name@example.com', region: token, ...echo },
        [token]: echo,
      }),
    );
    for (const args of [['accounts', '-v'], ['accounts', '--json'], ['doctor']]) {
      await run(args, { env: { ...env, ...withToken } });
    }
    for (const args of [['config'], ['config', '--json']]) {
      await runHere(args, { env: { ...env, ...withToken } });
    }
    const { exitCode } = await run(['login', '--with-token'], {
      env: { DREAMINA_API_URL: env.DREAMINA_API_URL! },
      stdin: `${token}\n`,
    });
    expect(exitCode).toBe(0);
  });

  it('after a token that is refused at login', async () => {
    const { env } = await rawServer((response) => sendJson(response, 401, echo));
    const { exitCode, output } = await run(['login', '--with-token'], {
      env: { DREAMINA_API_URL: env.DREAMINA_API_URL! },
      stdin: `${token}\n`,
    });
    expect(exitCode).toBe(4);
    expect(output).toContain('[token]');
  });

  it('after files that cannot be sent', async () => {
    const cwd = await mixedFolder();
    const { env } = await rawServer(async (response, _request, ordinal) => {
      if (ordinal === 0) {
        await appendFile(join(cwd, 'later.png'), token);
      }
      sendJson(response, 200, { imageRef: 'US:name@example.com-image:w1:h1:s1-uri:x' });
    });
    await copyFile(fixture('sunset.jpg').file, join(cwd, 'later.png'));
    await writeFile(join(cwd, 'cut.png'), (await readFile(fixture('night.png').file)).subarray(0, 1000));
    await writeFile(
      join(cwd, 'large.webp'),
      Buffer.concat([await readFile(fixture('dunes.webp').file), Buffer.alloc(11_000_000)]),
    );
    await writeFile(join(cwd, 'short.wav'), wav(1000));
    await writeFile(join(cwd, 'small.mp4'), sized(clipBytes('clip.mp4'), 100, 100));
    const names = [
      'night.png',
      'later.png',
      'empty.png',
      'text.png',
      'large.webp',
      'cut.png',
      'short.wav',
      'small.mp4',
      '/dev/null',
      '/proc/self/mem',
    ];
    await run([...upload, '-c', '1', ...names, `${token} ${password.replace('/', '')}.png`], {
      cwd,
      env: { ...env, ...withToken },
    });
  });

  it('after a server that does not listen, that hangs up or that sends nothing', async () => {
    const silent = await tcpServer((socket) => socket.resume());
    const hangsUp = await rawServer((response) => {
      response.destroy();
    });
    for (const apiUrl of ['http://127.0.0.1:1/v1', hangsUp.apiUrl, `http://127.0.0.1:${silent.port}`]) {
      await run([...upload, '--retries', '0', '--timeout', '0.3'], {
        env: { ...withToken, DREAMINA_API_URL: apiUrl },
      });
    }
  });

  it('after a proxy with a password', async () => {
    const proxy = await rawServer((response) => sendJson(response, 407, {}));
    const { host } = new URL(proxy.apiUrl);
    for (const address of [
      `http://${proxyUser}@${host}`,
      `http://${proxyUser}@127.0.0.1:1`,
      `socks5://${proxyUser}@${host}`,
      `http://me:%E0%A4%A@${host}/${password}`,
    ]) {
      const env = { ...withToken, HTTPS_PROXY: address };
      await run([...upload, '--retries', '0'], { env });
      await run(['doctor'], { env });
      await runHere(['config', '--json'], { env });
    }
  });

  it.each<readonly [string, string]>([
    ['.dreaminarc', `token: [${token}`],
    ['.dreaminarc', `token: ${token}\ntoken: ${token}`],
    ['.dreaminarc', `token: !!js/function '${token}'`],
    ['.dreaminarc', `- ${token}`],
    ['.dreaminarc.json', `{"token": "${token}`],
    ['.dreaminarc.json', `{"token": "${token}" "account": ""}`],
    ['.dreaminarc.json', `{"${token}": 1, "account": "${token}", "tokn": "${token}"}`],
    ['.dreaminarc.json', `{"$import": "${token}"}`],
    ['.dreaminarc.json', `{"token": "${token}", "retries": "${token}"}`],
    ['.dreaminarc.json', `{"token": "Bearer ${token}"}`],
    ['.dreaminarc.json', `{"token": ["${token}"]}`],
    ['.dreaminarc.json', `{"token": "${token}", "apiUrl": "https://${token}@example.com/"}`],
    ['package.json', `{"dreamina": {"token": "${token}", "apiUrl": "https://example.com/?${token}"}}`],
  ])('after a wrong config: %s %s', async (name, text) => {
    const cwd = await imageFolder();
    await writeFile(join(cwd, name), text);
    const env = { DREAMINA_API_URL: 'http://127.0.0.1:1' };
    expect(await runHere(upload, { cwd, env })).toBe(4);
    for (const args of [['config'], ['config', '--json'], ['doctor', '--json'], ['accounts', '-v']]) {
      await runHere(args, { cwd, env });
    }
  });

  it('after a mistake of each kind, from the built command', async () => {
    const cwd = await imageFolder();
    await writeFile(join(cwd, '.dreaminarc.json'), `{"token": "${token}`);
    expect((await run(upload, { cwd })).exitCode).toBe(4);
    expect((await run(upload, { env: { DREAMINA_TOKEN: `${token} and more` } })).exitCode).toBe(4);
    expect((await run(['upload', '--token', token], { env: withToken })).exitCode).toBe(2);
  });

  it.each([
    ['DREAMINA_TOKEN', `${token} and more`],
    ['DREAMINA_TOKEN', `Bearer ${token}`],
    ['DREAMINA_ACCOUNT', token],
    ['DREAMINA_API_URL', `https://${token}@example.com`],
    ['DREAMINA_API_URL', `https://example.com/?token=${token}`],
    ['DREAMINA_CONCURRENCY', token],
    ['DREAMINA_TIMEOUT', token],
    ['DREAMINA_CONFIG', `/nowhere/${token}`],
    ['SSL_CERT_FILE', `/nowhere/${token}`],
  ])('after a wrong variable: %s=%s', async (name, value) => {
    expect(await runHere(upload, { env: { ...withToken, [name]: value } })).toBe(4);
  });

  it.each([
    [['upload', '--token', token, 'night.png']],
    [['upload', `--tokn=${token}`]],
    [['upload', token]],
    [['upload', '-a', token, 'night.png']],
    [['upload', '--retries', token, 'night.png']],
    [['upload', '--format', token]],
    [['upload', '--config', token, 'night.png']],
    [['upload', '--files-from', token]],
    [['upload', '--manifest', `${token}/x`, 'night.png']],
    [['upload', '--max-age', token, '--manifest', 'm', 'night.png']],
    [[token]],
    [['login', token]],
    [['sandbox', '--port', token]],
    [['sandbox', '--fault', `${token}:1`]],
    [['completion', token]],
  ])('after a wrong command line: %j', async (args) => {
    expect([2, 4]).toContain(await runHere(args, { env: withToken }));
  });

  it('after a file that cannot be converted', async () => {
    const args = ['upload', '--sandbox', '--format', 'ndjson', '--trim', '50-60', clip('clip.mp4').file];
    expect((await run(args, { env: { ...withToken, PATH: '/nonexistent' } })).exitCode).toBe(1);
  });

  /** Every kind of failure there is; without one of them this does not compile. */
  const codes: Record<UploadErrorCode, true> = {
    unreadable: true,
    not_a_file: true,
    empty: true,
    unsupported_type: true,
    too_large: true,
    damaged: true,
    bad_duration: true,
    bad_dimensions: true,
    cannot_fit: true,
    changed: true,
    unauthorized: true,
    payment_required: true,
    account_not_found: true,
    session_expired: true,
    rate_limited: true,
    rejected: true,
    server_error: true,
    network: true,
    timeout: true,
    bad_response: true,
  };

  it('is tested for every kind of failure', () => {
    expect([...seenCodes].toSorted()).toEqual(Object.keys(codes).toSorted());
  });
});
