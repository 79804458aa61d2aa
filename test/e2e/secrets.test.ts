import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadErrorCode } from '../../src/errors.ts';
import { clip, fixture } from '../fixtures.ts';
import { byteServer } from '../harness/byte-server.ts';
import { clipBytes, sized, wav } from '../harness/clip-bytes.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
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

interface Run {
  readonly exitCode: number | NodeJS.Signals;
  readonly output: string;
}

/** Runs the built command, with all of Node's debug output, and expects no secret in what it prints. */
async function run(args: readonly string[], { cwd, env, stdin = '' }: Place): Promise<Run> {
  const folder = cwd ?? (await imageFolder());
  // Without programs on PATH, which would only take time.
  const child = spawnCli(args, {
    cwd: folder,
    env: { ...debug, HOME: folder, PATH: '/nonexistent', ...env },
  });
  child.process.stdin.end(stdin);
  const exitCode = await child.ended;
  return inspect({ exitCode, output: `${child.stdout()}\n${child.stderr()}` });
}

/** Does the same in this process, which is quicker, where Node would print nothing of interest. */
async function runHere(args: readonly string[], { cwd, env, stdin }: Place): Promise<Run> {
  const folder = cwd ?? (await imageFolder());
  const { stdout, stderr, exitCode } = await runCli(args, {
    cwd: folder,
    homeDir: folder,
    env: { ...debug, ...env },
    ...(stdin !== undefined && { stdin }),
  });
  return inspect({ exitCode, output: `${stdout}\n${stderr}` });
}

function inspect(run: Run): Run {
  for (const [, code] of run.output.matchAll(/"code":"(\w+)"/g)) {
    seenCodes.add(code!);
  }
  expect(secrets.filter((secret) => run.output.includes(secret))).toEqual([]);
  return run;
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
  it('after answers that repeat the token', async () => {
    const busy = { 'retry-after': '0' };
    const down = { 'retry-after': token };
    const answers: readonly (readonly [status: number, headers?: Record<string, string>])[] = [
      [200],
      [302, { location: `https://elsewhere.example/?${encodeURIComponent(token)}` }],
      [400],
      [429, busy],
      [429, busy],
      [500, down],
      [500, down],
      // The last, because it ends the batch.
      [401],
    ];
    const { env } = await rawServer((response, _request, ordinal) => {
      const [status, headers] = answers[ordinal]!;
      sendJson(response, status, echo, headers);
    });
    const cwd = await imageFolder();
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.png`);
    for (const name of names) {
      await copyFile(fixture('night.png').file, join(cwd, name));
    }
    const args = [...upload, ...names, '-c', '1'];
    const { output } = await run(args, { cwd, env: { ...env, ...withToken } });
    const records = output.split('\n').filter((line) => line.startsWith('{'));
    const statuses = records.map((line) => JSON.parse(line).error.httpStatus);
    expect(statuses).toEqual([200, 302, 400, 429, 500, 401]);
    expect(records.filter((line) => !line.includes('[token]'))).toEqual([]);
  });

  it.each([402, 404, 596])('after an answer %i, which ends the batch too', async (status) => {
    const { env } = await rawServer((response) => sendJson(response, status, echo));
    const { output } = await runHere(upload, { env: { ...env, ...withToken } });
    expect(output).toContain('[token]');
  });

  it('after answers to accounts, doctor and login that repeat the token', async () => {
    const server = await rawServer((response) =>
      sendJson(response, 200, {
        'US:name@example.com': { account: 'US:name@example.com', region: token, ...echo },
        [token]: echo,
      }),
    );
    const env = { ...server.env, ...withToken };
    await run(['accounts', '-v'], { env });
    await run(['doctor'], { env });
    for (const args of [['accounts', '--json'], ['config'], ['config', '--json']]) {
      await runHere(args, { env });
    }
    const { exitCode } = await run(['login', '--with-token'], {
      env: { DREAMINA_API_URL: server.apiUrl },
      stdin: `${token}\n`,
    });
    expect(exitCode).toBe(0);
  });

  it('after a token that is refused at login', async () => {
    const { apiUrl } = await rawServer((response) => sendJson(response, 401, echo));
    const { exitCode, output } = await runHere(['login', '--with-token'], {
      env: { DREAMINA_API_URL: apiUrl },
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

  it('after a server that hangs up and then sends nothing, or does not listen', async () => {
    const { env } = await rawServer((response, _request, ordinal) => {
      if (ordinal === 0) {
        response.destroy();
      }
    });
    const cwd = await imageFolder();
    await copyFile(fixture('sunset.jpg').file, join(cwd, 'sunset.jpg'));
    const args = [...upload, 'sunset.jpg', '-c', '1', '--retries', '0', '--timeout', '0.3'];
    await run(args, { cwd, env: { ...env, ...withToken } });
    await runHere(args, { cwd, env: { ...withToken, DREAMINA_API_URL: 'http://127.0.0.1:1/v1' } });
  });

  it('after a proxy with a password', async () => {
    const proxy = await byteServer();
    proxy.answer = Buffer.from('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    const host = `127.0.0.1:${proxy.port}`;
    const addresses = [
      `http://${proxyUser}@${host}`,
      `http://${proxyUser}@127.0.0.1:1`,
      `socks5://${proxyUser}@${host}`,
      `http://me:%E0%A4%A@${host}/${password}`,
    ];
    for (const address of addresses) {
      const env = { ...withToken, HTTPS_PROXY: address };
      for (const args of [[...upload, '--retries', '0'], ['doctor'], ['config', '--json']]) {
        await runHere(args, { env });
      }
    }
    const cwd = await tempDir();
    const name = `${Buffer.from(`me:${password}`).toString('base64')}.png`;
    await copyFile(fixture('night.png').file, join(cwd, name));
    const env = { ...withToken, HTTPS_PROXY: addresses[1]! };
    const named = await runHere(['upload', '--retries', '0', name], { cwd, env });
    expect(named.output).toContain('[password].png');
    // Only these two get as far as a connection.
    const [refusing, absent] = await Promise.all(
      addresses.slice(0, 2).map((address) => {
        return run([...upload, '--retries', '0'], { env: { ...withToken, HTTPS_PROXY: address } });
      }),
    );
    expect(refusing!.output).toContain('407');
    expect(absent!.output).toContain('the connection was refused');
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
    expect((await runHere(upload, { cwd, env })).exitCode).toBe(4);
    for (const args of [['config'], ['config', '--json'], ['doctor', '--json'], ['accounts', '-v']]) {
      await runHere(args, { cwd, env });
    }
  });

  it('after a wrong config, from the built command', async () => {
    const cwd = await imageFolder();
    await writeFile(join(cwd, '.dreaminarc.json'), `{"token": "${token}`);
    expect((await run(upload, { cwd })).exitCode).toBe(4);
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
    expect((await runHere(upload, { env: { ...withToken, [name]: value } })).exitCode).toBe(4);
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
    expect([2, 4]).toContain((await runHere(args, { env: withToken })).exitCode);
  });

  it('after a file that cannot be converted', async () => {
    const args = ['upload', '--sandbox', '--format', 'ndjson', '--trim', '50-60', clip('clip.mp4').file];
    expect((await runHere(args, { env: withToken })).exitCode).toBe(1);
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
