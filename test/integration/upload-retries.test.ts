import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadedRecord, UploadRecord } from '../../src/index.ts';
import { fixture, fixtures } from '../fixtures.ts';
import { selfSigned } from '../harness/certificate.ts';
import { freePort } from '../harness/free-port.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { manualClock } from '../harness/manual-clock.ts';
import {
  answering,
  envFor,
  exampleReference,
  type Respond,
  rawServer,
  sendJson,
} from '../harness/raw-server.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tcpServer } from '../harness/tcp-server.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png');
const files = fixtures.map(({ file }) => file);
const good = { imageRef: exampleReference };

/** Uploads one image to a server that fails this way `failures` times, and then answers correctly. */
async function uploadAfter(
  failures: number,
  fail: Respond,
  { flags = [], ...world }: { readonly flags?: readonly string[] } & World = {},
) {
  const server = await rawServer((response, request, ordinal) =>
    ordinal < failures ? fail(response, request, ordinal) : sendJson(response, 200, good),
  );
  const result = await runCli(['upload', night.file, '--json', ...flags], { env: server.env, ...world });
  const [record] = result.json<UploadRecord[]>();
  return { ...result, record: record!, count: server.count() };
}

const refusing = (status: number, headers?: Record<string, string>) =>
  answering(status, { error: 'no' }, headers);

describe('retried answers', () => {
  it('include an overload, a failure of the service, and one on the way to it', async () => {
    const statuses = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527];
    const { record, exitCode, count, sleeps } = await uploadAfter(
      statuses.length,
      (response, _request, ordinal) => sendJson(response, statuses[ordinal]!, { error: 'no' }),
      { flags: ['--retries', '20'] },
    );
    const attempts = statuses.length + 1;
    expect(record).toMatchObject({ status: 'uploaded', imageRef: exampleReference, attempts });
    expect(exitCode).toBe(0);
    expect(count).toBe(attempts);
    expect(sleeps).toHaveLength(statuses.length);
  });

  it('do not include any other refusal of one file', async () => {
    const statuses = [301, 400, 403, 405, 409, 413, 415, 418, 422, 451, 501, 505, 519, 528, 599];
    const server = await rawServer((response, _request, ordinal) =>
      sendJson(response, statuses[ordinal]!, { error: 'no' }, { 'retry-after': '1' }),
    );
    const cwd = await imageFolder(statuses.length);
    const { json, sleeps } = await runCli(['upload', '-r', '.', '-c', '1', '--json'], {
      cwd,
      env: server.env,
    });
    expect(json()).toMatchObject(
      statuses.map((httpStatus) => ({
        status: 'failed',
        attempts: 1,
        error: { httpStatus, retryable: false },
      })),
    );
    expect(server.count()).toBe(statuses.length);
    expect(sleeps).toEqual([]);
  });

  it.each([401, 402, 404, 596])('do not include %d, which ends the batch', async (status) => {
    const { record, count, sleeps } = await uploadAfter(1, refusing(status, { 'retry-after': '1' }));
    expect(record).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { httpStatus: status, retryable: false },
    });
    // The accounts are listed for advice on a 404.
    expect(count).toBe(status === 404 ? 2 : 1);
    expect(sleeps).toEqual([]);
  });

  it('include a truncated answer', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'truncated-json', count: 2 }] });
    const result = await runCli(['upload', night.file, '--json'], { env });
    expect(result.exitCode).toBe(0);
    expect(result.json()).toMatchObject([{ attempts: 3, imageRef: sandbox.assets[2]!.imageRef }]);
    expect(sandbox.assets).toHaveLength(3);
  });

  it.each([
    ['empty', ''],
    ['HTML', '<html>'],
    ['without a reference', '{"error":"no"}'],
  ])('do not include a 200 %s', async (_what, body) => {
    const { record, count } = await uploadAfter(1, (response) => {
      response.end(body);
    });
    expect(record).toMatchObject({ attempts: 1, error: { code: 'bad_response', retryable: false } });
    expect(count).toBe(1);
  });
});

describe('the number of retries', () => {
  it.each([
    [[], 6],
    [['--retries', '0'], 1],
    [['--retries', '1'], 2],
    [['--retries', '20'], 21],
  ])('with %j allows %d attempts, and then the last failure counts', async (flags, attempts) => {
    const { record, exitCode, count, stderr, sleeps } = await uploadAfter(
      Number.POSITIVE_INFINITY,
      (response, _request, ordinal) => sendJson(response, 503, { error: `no. ${ordinal + 1}` }),
      { flags },
    );
    expect(exitCode).toBe(1);
    expect(count).toBe(attempts);
    expect(sleeps).toHaveLength(attempts - 1);
    const message = `the service failed (HTTP 503: no. ${attempts})`;
    expect(record).toMatchObject({
      status: 'failed',
      attempts,
      error: { code: 'server_error', message, retryable: true },
    });
    expect(stderr).toContain(`error: ${night.file}: ${message}\n`);
    expect(stderr.match(/^error:/gm)).toHaveLength(1);
  });

  it('is 0 with --retries 0, without a wait after a 429', async () => {
    const fail = refusing(429, { 'retry-after': '60' });
    const { record, sleeps } = await uploadAfter(1, fail, { flags: ['--retries', '0'] });
    expect(record).toMatchObject({ attempts: 1, error: { code: 'rate_limited', httpStatus: 429 } });
    expect(sleeps).toEqual([]);
  });

  it('applies to each file separately', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', count: 4 }] });
    const result = await runCli(['upload', '-c', '1', '--retries', '2', ...files, '--json'], { env });
    expect(result.exitCode).toBe(3);
    expect(result.json<UploadRecord[]>().map(({ status, attempts }) => [status, attempts])).toEqual([
      ['failed', 3],
      ['uploaded', 2],
      ...files.slice(2).map(() => ['uploaded', 1]),
    ]);
    expect(sandbox.requests).toHaveLength(10);
  });

  it('-v calls standard input by its name', async () => {
    const stdin = await readFile(night.file);
    const { env } = await sandboxWith();
    const { stderr } = await runCli(['upload', '-v', '-'], { env, stdin });
    expect(stderr).toMatch(/^standard input: sending 3\.44 kB .*\nstandard input: uploaded in /);
  });

  it('is visible with -v, which prints each attempt and each wait, but not the token', async () => {
    const { stderr } = await uploadAfter(1, refusing(500), { flags: ['-v'] });
    const [sending, failed, again, settled] = stderr.split('\n');
    const url = /http:\/\/127\.0\.0\.1:\d+\/v1\/dreamina/;
    expect(sending?.replace(url, '<url>')).toBe(`${night.file}: sending 3.44 kB to <url>, attempt 1`);
    expect(failed).toBe(`${night.file}: the service failed (HTTP 500: no); next attempt in 250ms`);
    expect(again?.replace(url, '<url>')).toBe(`${night.file}: sending 3.44 kB to <url>, attempt 2`);
    expect(settled).toBe(`${night.file}: uploaded in 250ms`);
    expect(stderr).not.toContain('abcdef');
  });
});

describe('the wait before a retry', () => {
  it.each([
    [0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]],
    [0.999, [499.5, 999, 1998, 3996, 7992, 15_984, 29_970, 29_970, 29_970, 29_970]],
  ])('grows with each attempt, between 0 and a bound: random %d', async (random, waits) => {
    const { sleeps, exitCode } = await uploadAfter(10, refusing(503), {
      flags: ['--retries', '10'],
      random: () => random,
    });
    expect(exitCode).toBe(0);
    // A wait of 0 ms is not requested.
    expect(sleeps).toEqual(waits.filter((ms) => ms > 0));
  });

  it('is drawn anew each time', async () => {
    const draws = [0.1, 0.9, 0.5];
    const { sleeps } = await uploadAfter(3, refusing(503), { random: () => draws.shift()! });
    expect(sleeps).toEqual([50, 900, 1000]);
  });

  it('counts towards the duration', async () => {
    const { record } = await uploadAfter(2, refusing(503, { 'retry-after': '7' }));
    expect((record as UploadedRecord).durationMs).toBe(14_000);
  });

  const now = Date.UTC(2026, 10, 23, 7, 30, 0);

  it.each([429, 503])('follows the Retry-After of a %d', async (status) => {
    const values: [retryAfter: string, waitMs: number][] = [
      // Never shorter than the backoff.
      ['0', 250],
      ['7', 7000],
      ['300', 300_000],
      ['301', 300_000],
      ['86400', 300_000],
      ['9'.repeat(30), 300_000],
      ['9'.repeat(400), 300_000],
      ['Mon, 23 Nov 2026 07:30:42 GMT', 42_000],
      ['Mon, 23 Nov 2026 07:36:00 GMT', 300_000],
      ['Fri, 01 Jan 2100 00:00:00 GMT', 300_000],
    ];
    const date = new Date(now).toUTCString();
    const { sleeps, exitCode } = await uploadAfter(
      values.length,
      (response, _request, ordinal) =>
        sendJson(response, status, {}, { 'retry-after': values[ordinal]![0], date }),
      // This machine's clock does not count.
      { flags: ['--retries', '20'], now: now - 3_600_000 },
    );
    expect(exitCode).toBe(0);
    expect(sleeps).toEqual(values.map(([, waitMs]) => waitMs));
  });

  it.each([429, 503])('ignores a Retry-After of a %d that is nonsense', async (status) => {
    const values = [
      '',
      '-5',
      '5.5',
      'soon',
      '1e3',
      '5 seconds',
      'Sun, 06 Nov 1994 08:49:37 GMT',
      '2026-11-23T08:00:00Z',
    ];
    const { sleeps, exitCode } = await uploadAfter(
      values.length,
      (response, _request, ordinal) => sendJson(response, status, {}, { 'retry-after': values[ordinal]! }),
      { flags: ['--retries', '20'], now },
    );
    expect(exitCode).toBe(0);
    expect(sleeps).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  it('follows Retry-After only after the attempt that received it', async () => {
    const { sleeps } = await uploadAfter(3, (response, _request, ordinal) =>
      sendJson(response, 503, {}, ordinal === 1 ? { 'retry-after': '9' } : {}),
    );
    expect(sleeps).toEqual([250, 9000, 1000]);
  });
});

/** Runs the command with a clock that only the test moves. */
function startWithClock(argv: readonly string[], env: Readonly<Record<string, string>>) {
  const clock = manualClock();
  let stderr = '';
  const result = runCli(argv, {
    env,
    clock,
    onStderr: (text) => {
      stderr += text;
    },
  });
  return { result, stderr: () => stderr, clock };
}

describe('a 429', () => {
  /** Files with different names and the same content. */
  async function manyFiles(count: number): Promise<string> {
    const dir = await tempDir();
    for (let i = 0; i < count; i += 1) {
      await copyFile(night.file, join(dir, `${i}.png`));
    }
    return dir;
  }

  it('pauses the whole batch: nothing is sent before the end of the pause', async () => {
    const dir = await manyFiles(8);
    const firstFour = gate(4);
    let refusalSent = () => {};
    const refused = new Promise<void>((resolve) => {
      refusalSent = resolve;
    });
    const server = await rawServer(async (response, request, ordinal) => {
      if (ordinal >= 4) {
        sendJson(response, 200, good);
        return;
      }
      await firstFour();
      if (ordinal > 0) {
        await refused;
        sendJson(response, 200, good);
        return;
      }
      // The client closes the connection of a refusal once it has read it.
      request.socket.once('close', refusalSent);
      sendJson(response, 429, {}, { 'retry-after': '60' });
    });
    const cli = startWithClock(['upload', '-r', dir, '-c', '4', '--json', '-v'], server.env);
    // All four places of the batch wait for the whole pause: the refused file, and three new files.
    await Promise.race([cli.clock.asleep(4), server.received(5)]);
    expect(server.count()).toBe(4);
    expect(cli.clock.sleeping()).toEqual([60_000, 60_000, 60_000, 60_000]);
    expect(cli.stderr()).toContain('the server is at capacity: nothing is sent for 1m\n');
    await cli.clock.advance(59_999);
    expect(cli.clock.sleeping()).toEqual([1, 1, 1, 1]);
    await cli.clock.advance(1);
    const { exitCode, json } = await cli.result;
    expect(exitCode).toBe(0);
    expect(server.count()).toBe(9);
    const records = json<UploadedRecord[]>();
    expect(records.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 1, 1, 1, 1, 1, 2]);
    expect(records.map(({ durationMs }) => durationMs).sort((a, b) => a - b)).toEqual([
      0, 0, 0, 0, 60_000, 60_000, 60_000, 60_000,
    ]);
  });

  it('does not cause a longer pause if the clock is set back', async () => {
    const server = await rawServer((response, _request, ordinal) => {
      if (ordinal === 0) {
        sendJson(response, 429, {}, { 'retry-after': '2' });
      } else {
        sendJson(response, 200, good);
      }
    });
    const cli = startWithClock(['upload', night.file, '--json'], server.env);
    await cli.clock.asleep(1);
    cli.clock.setBack(3_600_000);
    await cli.clock.advance(2000);
    const { exitCode, json } = await cli.result;
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject([{ attempts: 2, durationMs: 2000 }]);
  });

  it('a second 429 extends the pause for waiting files', async () => {
    const dir = await manyFiles(4);
    const firstFour = gate(4);
    const server = await rawServer(async (response, _request, ordinal) => {
      if (ordinal < 4) {
        await firstFour();
        sendJson(response, 429, {}, { 'retry-after': '10' });
      } else if (ordinal === 4) {
        sendJson(response, 429, {}, { 'retry-after': '200' });
      } else {
        sendJson(response, 200, good);
      }
    });
    const cli = startWithClock(['upload', '-r', dir, '-c', '4', '--json'], server.env);
    await Promise.race([cli.clock.asleep(4), server.received(5)]);
    expect(cli.clock.sleeping()).toEqual([10_000, 10_000, 10_000, 10_000]);
    await cli.clock.advance(10_000);
    // One file is sent, alone, while the others wait for its place; it is refused again.
    await Promise.race([cli.clock.asleep(4), server.received(6)]);
    expect(server.count()).toBe(5);
    expect(cli.clock.sleeping()).toEqual([200_000, 200_000, 200_000, 200_000]);
    await cli.clock.advance(200_000);
    const { exitCode, json } = await cli.result;
    expect(exitCode).toBe(0);
    const records = json<UploadedRecord[]>();
    expect(records.map(({ attempts }) => attempts).sort()).toEqual([2, 2, 2, 3]);
    expect(server.count()).toBe(9);
  });

  it('lowers the number of uploads in flight, which grows again with each success', async () => {
    const dir = await manyFiles(12);
    const firstFour = gate(4);
    const lastFour = gate(4);
    let inFlight = 0;
    let answered = 0;
    const arrivals: number[] = [];
    const tooMany: number[] = [];
    const bystander = await rawServer(answering(200, {}));
    const server = await rawServer(async (response, _request, ordinal) => {
      inFlight += 1;
      if (ordinal < 4) {
        await firstFour();
        inFlight -= 1;
        sendJson(response, 429, {}, { 'retry-after': '5' });
        return;
      }
      arrivals.push(inFlight);
      if (inFlight > Math.min(4, 1 + answered)) {
        tooMany.push(ordinal);
      }
      if (ordinal >= 12) {
        // These are answered only together, so four must be in flight again.
        await lastFour();
      } else {
        // Whatever else the client has sent arrives during a round trip on a new connection.
        await (await fetch(bystander.apiUrl, { headers: { connection: 'close' } })).text();
      }
      inFlight -= 1;
      answered += 1;
      sendJson(response, 200, good);
    });
    const result = await runCli(['upload', '-r', dir, '-c', '4', '--json'], { env: server.env });
    expect(result.exitCode).toBe(0);
    expect(server.count()).toBe(16);
    expect(tooMany).toEqual([]);
    expect(arrivals[0]).toBe(1);
    expect(Math.max(...arrivals)).toBe(4);
  });
});

describe('a connection that', () => {
  it('is refused is a network error, and is retried', async () => {
    const port = await freePort();
    const runWith = (...flags: string[]) =>
      runCli(['upload', night.file, '--retries', '3', ...flags], { env: envFor(`http://127.0.0.1:${port}`) });
    const json = await runWith('--json');
    expect(json.exitCode).toBe(1);
    expect(json.json()).toEqual([
      {
        index: 0,
        path: night.file,
        status: 'failed',
        attempts: 4,
        error: {
          code: 'network',
          message: `127.0.0.1:${port}: the connection was refused`,
          retryable: true,
          hint: 'Check the connection, the proxy and the apiUrl.',
        },
      },
    ]);
    expect(json.sleeps).toEqual([250, 500, 1000]);
    const text = await runWith();
    expect(text.stdout).toBe('');
    expect(text.stderr).toContain(`127.0.0.1:${port}: the connection was refused\n`);
  });

  it.each(['reset', 'reset-after-body'] as const)('ends in a %s is retried', async (kind) => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind, count: 1 }] });
    const result = await runCli(['upload', night.file], { env });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests.map(({ status }) => status)).toEqual([undefined, 200]);
    // A loss after the body leaves an unknown asset, but only one reference is printed.
    expect(sandbox.assets).toHaveLength(kind === 'reset' ? 1 : 2);
    expect(result.lines).toEqual([sandbox.assets.at(-1)!.imageRef]);
  });

  it.each(['reset', 'reset-after-body'] as const)('always ends in a %s is a network error', async (kind) => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind, rate: 1 }] });
    const result = await runCli(['upload', night.file, '--json', '--retries', '2'], { env });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      {
        status: 'failed',
        attempts: 3,
        error: {
          code: 'network',
          message: `${new URL(sandbox.origin).host}: the connection was closed before an answer`,
          retryable: true,
        },
      },
    ]);
    expect(result.json<object[]>()[0]).not.toHaveProperty('error.httpStatus');
    expect(sandbox.requests).toHaveLength(3);
  });

  it('is closed while idle does not fail any file', async () => {
    const server = await rawServer((response, _request, ordinal) => {
      sendJson(response, 200, { imageRef: `${exampleReference}-${ordinal}` }, { connection: 'keep-alive' });
      // It promises to stay open and closes.
      response.socket!.end();
    });
    const result = await runCli(['upload', '-c', '1', ...files, '--json'], { env: server.env });
    expect(result.exitCode).toBe(0);
    expect(result.json<UploadRecord[]>().map(({ attempts }) => attempts)).toEqual(files.map(() => 1));
    expect(server.count()).toBe(files.length);
  });
});

describe('a timeout', () => {
  const flags = ['--timeout', '0.5', '--retries', '0'];

  async function expectTimeout(
    env: Record<string, string>,
    { file = night.file, message = 'no complete answer within 0.5 s' } = {},
  ): Promise<void> {
    const result = await runCli(['upload', file, '--json', ...flags], { env });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toEqual([
      {
        index: 0,
        path: file,
        status: 'failed',
        attempts: 1,
        error: {
          code: 'timeout',
          message,
          retryable: true,
          hint: 'Allow each attempt more time with --timeout, or send fewer files at once with -c.',
        },
      },
    ]);
    expect(result.stderr).toContain(`error: ${file}: ${message}\n`);
  }

  it('ends an attempt if the server never answers, and closes the connection', async () => {
    let closed: Promise<unknown> | undefined;
    const server = await rawServer((_response, request) => {
      closed = once(request.socket, 'close');
    });
    await expectTimeout(server.env);
    expect(server.count()).toBe(1);
    await closed;
  });

  it('ends an attempt if the server answers a byte at a time', async () => {
    let closed: Promise<unknown> | undefined;
    const server = await rawServer((response) => {
      closed = once(response, 'close');
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(timer));
    });
    await expectTimeout(server.env);
    await closed;
  });

  it('ends an attempt if the server never completes the body of its refusal', async () => {
    const server = await rawServer((response) => {
      response.writeHead(500, { 'content-length': '100' });
      response.write('{"error":');
    });
    await expectTimeout(server.env);
  });

  it('ends an attempt if the server sends its headers a byte at a time', async () => {
    const server = await rawServer((response) => {
      const { socket } = response;
      socket!.write('HTTP/1.1 200 OK\r\nx: ');
      const timer = setInterval(() => socket!.write('x'), 10);
      socket!.once('close', () => clearInterval(timer));
    });
    await expectTimeout(server.env);
  });

  it('ends an attempt with 10 MiB if the server never reads', async () => {
    const dir = await tempDir();
    const file = join(dir, 'big.png');
    await writeFile(file, Buffer.concat([await readFile(night.file)], 10_485_760));
    const { port, sockets } = await tcpServer((socket) => socket.pause());
    await expectTimeout(envFor(`http://127.0.0.1:${port}`), {
      file,
      message: 'nothing could be sent for 0.5 s',
    });
    expect(sockets).toHaveLength(1);
  });

  it.each([
    ['a TLS handshake that never ends', 'https', undefined],
    ['a proxy that never opens the tunnel', 'https', 'http'],
    ['a proxy whose TLS handshake never ends', 'https', 'https'],
  ])('ends %s, and closes its connection', async (_what, scheme, proxyScheme) => {
    let closed: Promise<unknown> | undefined;
    const { port, sockets } = await tcpServer((socket) => {
      socket.resume();
      closed = once(socket, 'close');
    });
    await expectTimeout(
      proxyScheme === undefined
        ? envFor(`${scheme}://127.0.0.1:${port}`)
        : {
            ...envFor('https://api.example.invalid/v1'),
            HTTPS_PROXY: `${proxyScheme}://me:hunter2@127.0.0.1:${port}`,
          },
      {
        message: `no connection within 0.5 s${proxyScheme === undefined ? '' : ` through the proxy 127.0.0.1:${port}`}`,
      },
    );
    expect(sockets).toHaveLength(1);
    // A connection that stays open would keep the process from ending.
    await closed;
  });

  it('is retried', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'slow', count: 1 }] });
    const result = await runCli(['upload', night.file, '--json', '--timeout', '1'], { env });
    expect(result.exitCode).toBe(0);
    expect(result.json()).toMatchObject([{ attempts: 2, imageRef: sandbox.assets[1]!.imageRef }]);
    expect(result.sleeps).toEqual([250]);
    expect(sandbox.assets).toHaveLength(2);
  });
});

describe('every attempt', () => {
  it('sends the same bytes, and the record has their hash', async () => {
    const { sandbox, env } = await sandboxWith({
      faults: [
        { kind: '500', count: 1 },
        { kind: '429', count: 1 },
        { kind: 'reset-after-body', count: 1 },
        { kind: 'truncated-json', count: 1 },
        { kind: '502-html', count: 1 },
      ],
    });
    const result = await runCli(['upload', night.file, '--json'], { env });
    expect(result.exitCode).toBe(0);
    const sha256 = createHash('sha256')
      .update(await readFile(night.file))
      .digest('hex');
    expect(result.json()).toMatchObject([{ attempts: 6, sha256 }]);
    expect(sandbox.requests.map((request) => [request.sha256, request.bodySize])).toEqual(
      Array(6).fill([sha256, night.size]),
    );
  });

  it('sends the bytes of the first, although the file changes in between', async () => {
    const dir = await tempDir();
    const file = join(dir, 'a.png');
    await copyFile(night.file, file);
    const bodies: string[] = [];
    const server = await rawServer(
      async (response, request, ordinal) => {
        bodies.push(await digest(request));
        await copyFile(fixture('spinner.png').file, file);
        sendJson(response, ordinal === 0 ? 500 : 200, good);
      },
      { drain: false },
    );
    const result = await runCli(['upload', 'a.png', '--json'], { env: server.env, cwd: dir });
    expect(result.exitCode).toBe(0);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    expect(result.json()).toMatchObject([{ sha256: bodies[0], size: night.size }]);
  });

  it('carries the whole token, the type, the length and the name of this program', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', count: 1 }] });
    await runCli(['upload', night.file], { env });
    expect(sandbox.requests).toHaveLength(2);
    for (const { headers, method } of sandbox.requests) {
      expect(method).toBe('POST');
      expect(headers).toMatchObject({
        authorization: `Bearer ${sandbox.token}`,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'image/png',
        'content-length': String(night.size),
        'user-agent': expect.stringMatching(/^dreamina-upload\/\d+\.\d+\.\d+$/),
      });
      expect(headers).not.toHaveProperty('transfer-encoding');
    }
  });
});

describe('--fail-fast while uploading', () => {
  it('starts nothing new; what is in flight still gets its reference', async () => {
    const [first] = fixtures;
    const inFlight = gate(4);
    let refusalIsPrinted = () => {};
    const printed = new Promise<void>((resolve) => {
      refusalIsPrinted = resolve;
    });
    const server = await rawServer(async (response, request) => {
      await inFlight();
      if (request.headers['content-length'] === String(first!.size)) {
        sendJson(response, 400, { error: 'no' });
        return;
      }
      await printed;
      sendJson(response, 200, good);
    });
    const result = await runCli(['upload', '-c', '4', '--fail-fast', ...files, '--format', 'ndjson'], {
      env: server.env,
      // Results come in input order: that of the first file, while the three others are in flight.
      onStdout: (text) => {
        if (text.includes('"failed"')) {
          refusalIsPrinted();
        }
      },
    });
    expect(result.exitCode).toBe(3);
    const records = result.lines.map((line) => JSON.parse(line) as UploadRecord);
    expect(records.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['failed', 1],
      ['uploaded', 1],
      ['uploaded', 1],
      ['uploaded', 1],
      ['cancelled', 0],
      ['cancelled', 0],
      ['cancelled', 0],
    ]);
    expect(server.count()).toBe(4);
  });

  it('counts a file as failed only when its retries are exhausted', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', count: 2 }] });
    const result = await runCli(['upload', '-c', '1', '--fail-fast', ...files], { env });
    expect(result.exitCode).toBe(0);
    expect(result.lines).toHaveLength(files.length);
    expect(sandbox.requests).toHaveLength(files.length + 2);
  });

  it('is off by default, so that the other files continue', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', count: 1 }] });
    const result = await runCli(['upload', '-c', '1', '--retries', '0', ...files], { env });
    expect(result.exitCode).toBe(3);
    expect(result.lines).toHaveLength(files.length - 1);
    expect(sandbox.requests).toHaveLength(files.length);
  });
});

describe('a certificate that is not trusted', () => {
  it('is reported at once, and not retried', async () => {
    const { sandbox, env } = await sandboxWith({ tls: selfSigned });
    const runWith = (...flags: string[]) => runCli(['upload', night.file, ...flags], { env });
    const message = `${new URL(sandbox.origin).host} is not trusted: its certificate is self-signed`;
    const hint =
      'If that is your own proxy or server, name its CA file in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.';
    const json = await runWith('--json');
    expect(json.exitCode).toBe(1);
    expect(json.json()).toEqual([
      {
        index: 0,
        path: night.file,
        status: 'failed',
        attempts: 1,
        error: { code: 'network', message, retryable: false, hint },
      },
    ]);
    expect(json.sleeps).toEqual([]);
    const text = await runWith();
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toBe('');
    expect(text.stderr).toBe(`error: ${night.file}: ${message}\n  ${hint}\n1 failed\n`);
    expect(sandbox.requests).toEqual([]);
  });

  it('is not retried if it is that of a proxy', async () => {
    const { sandbox } = await sandboxWith({ tls: selfSigned });
    const result = await runCli(['upload', night.file, '--json'], {
      env: { ...envFor('https://api.example.invalid/v1'), HTTPS_PROXY: sandbox.origin },
    });
    const host = new URL(sandbox.origin).host;
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      {
        attempts: 1,
        error: {
          code: 'network',
          message: `the proxy ${host} is not trusted: its certificate is self-signed`,
          retryable: false,
        },
      },
    ]);
    expect(result.sleeps).toEqual([]);
  });
});

async function digest(request: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of request) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/** Resolves for all callers once there are `size` of them. */
function gate(size: number): () => Promise<void> {
  let count = 0;
  let open = () => {};
  const full = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    count += 1;
    if (count === size) {
      open();
    }
    return full;
  };
}
