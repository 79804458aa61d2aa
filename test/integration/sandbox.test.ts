import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { Agent, type ClientRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import https from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Sandbox,
  type SandboxOptions,
  type SeenRequest,
  startSandbox,
} from '../../src/sandbox/index.ts';
import { clip, clips, fixture, fixtures } from '../fixtures.ts';
import { selfSigned as tls } from '../harness/certificate.ts';

const account = 'US:sandbox@example.com';
const uploadPath = `/v1/dreamina/assets/${encodeURIComponent(account)}`;
const image = readFileSync(fixture('night.png').file);
const imageSha256 = createHash('sha256').update(image).digest('hex');
const limitBytes = 10_485_760;
const imageTypes = 'image/jpeg, image/png, image/webp';
const allTypes = `${imageTypes}, video/mp4, video/quicktime, video/webm, audio/mpeg, audio/mp3, audio/wav, audio/mp4, audio/aac`;

async function start(options?: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

interface Received {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
  /** Empty where the answer is not JSON. */
  json: Record<string, unknown>;
}

async function receive(request: ClientRequest): Promise<Received> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const body = await text(response);
  const isJson = response.headers['content-type'] === 'application/json';
  return {
    status: response.statusCode,
    headers: response.headers,
    text: body,
    json: isJson && body ? JSON.parse(body) : {},
  };
}

type Sending = RequestOptions & { body?: Buffer };

/** Sends a valid upload, changed by `options`. */
function send(sandbox: Sandbox, { body = image, headers, ...options }: Sending = {}): Promise<Received> {
  const { hostname, port } = new URL(sandbox.origin);
  const request = http.request({
    hostname,
    port,
    agent: false,
    method: 'POST',
    path: uploadPath,
    headers: { authorization: `Bearer ${sandbox.token}`, 'content-type': 'image/png', ...headers },
    ...options,
  });
  request.end(options.method === 'GET' ? undefined : body);
  return receive(request);
}

function dial(sandbox: Sandbox, options: { allowHalfOpen?: boolean } = {}): Socket {
  return connect({ host: '127.0.0.1', port: Number(new URL(sandbox.origin).port), ...options });
}

interface RawEnd {
  text: string;
  /** `FIN` for a normal close, otherwise the code of the socket's error. */
  end: string;
}

/** Writes bytes to a new TCP connection; returns what came back and how the connection ended. */
function sendRaw(sandbox: Sandbox, ...bytes: (string | Buffer)[]): Promise<RawEnd> {
  const socket = dial(sandbox);
  for (const part of bytes) {
    socket.write(part);
  }
  return new Promise((resolve) => {
    let received = '';
    let end = 'FIN';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end = error.code ?? error.message;
    });
    socket.on('close', () => resolve({ text: received, end }));
  });
}

function rawHead(sandbox: Sandbox, contentLength: number, extra = ''): string {
  return `POST ${uploadPath} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${sandbox.token}\r\nContent-Type: image/png\r\nContent-Length: ${contentLength}\r\n${extra}\r\n`;
}

/** Starts a sandbox with a way to wait for the next settled request. */
async function startWatched(options: SandboxOptions) {
  const waiting: ((request: SeenRequest) => void)[] = [];
  const sandbox = await start({ ...options, onRequest: (request) => waiting.shift()?.(request) });
  const nextSettled = () => new Promise<SeenRequest>((resolve) => waiting.push(resolve));
  return { sandbox, nextSettled };
}

describe('an upload', () => {
  test.each(fixtures)('of $name is answered with its account, pixels and bytes', async (given) => {
    const sandbox = await start();
    const { status, headers, text, json } = await send(sandbox, {
      body: readFileSync(given.file),
      headers: { 'content-type': given.contentType },
    });
    const { width, height, size } = given;
    expect(status).toBe(200);
    expect(json).toEqual({ imageRef: json.imageRef, assetRef: json.imageRef, account, width, height, size });
    expect(json.imageRef).toMatch(
      new RegExp(`^${account}-image:w${width}:h${height}:s${size}-uri:tos-sandbox/[0-9a-f]{32}$`),
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(text.length),
    });
  });

  test.each([
    ['legacy', ['imageRef']],
    ['current', ['assetRef']],
    ['both', ['imageRef', 'assetRef']],
  ] as const)('has the reference fields of the revision "%s"', async (api, names) => {
    const sandbox = await start({ api });
    const { json } = await send(sandbox);
    expect(Object.keys(json)).toEqual([...names, 'account', 'width', 'height', 'size']);
    for (const name of names) {
      expect(json[name]).toBe(sandbox.assets[0]?.imageRef);
    }
  });

  test('belongs to the account in its path', async () => {
    const sandbox = await start();
    const { json } = await send(sandbox, { path: '/v1/dreamina/assets/CA%3asandbox%40example%2Ecom' });
    expect(json.account).toBe('CA:sandbox@example.com');
    expect(json.imageRef).toMatch(/^CA:sandbox@example\.com-image:/);
  });

  test('of the same bytes creates a new asset', async () => {
    const sandbox = await start();
    const first = await send(sandbox);
    const second = await send(sandbox);
    expect(second.json.imageRef).not.toBe(first.json.imageRef);
    expect(sandbox.assets).toEqual([
      {
        type: 'image',
        imageRef: first.json.imageRef,
        assetRef: first.json.imageRef,
        account,
        sha256: imageSha256,
        size: image.length,
      },
      {
        type: 'image',
        imageRef: second.json.imageRef,
        assetRef: second.json.imageRef,
        account,
        sha256: imageSha256,
        size: image.length,
      },
    ]);
  });

  test('gets the same reference with the same seed, and a different one with a different seed', async () => {
    const [first, same, other] = await Promise.all([
      start({ seed: 5 }),
      start({ seed: 5 }),
      start({ seed: 6 }),
    ]);
    const reference = (await send(first)).json.imageRef;
    expect((await send(same)).json.imageRef).toBe(reference);
    expect((await send(other)).json.imageRef).not.toBe(reference);
  });

  test('may be as large as the limit', async () => {
    const sandbox = await start();
    const body = Buffer.concat([image], limitBytes);
    expect(await send(sandbox, { body })).toMatchObject({ status: 200, json: { size: limitBytes } });
  });

  test('may be chunked, and may wait for 100 Continue', async () => {
    const sandbox = await start();
    const { hostname, port } = new URL(sandbox.origin);
    const request = http.request({
      hostname,
      port,
      method: 'POST',
      path: uploadPath,
      headers: {
        authorization: `Bearer ${sandbox.token}`,
        'content-type': 'image/png',
        expect: '100-continue',
      },
    });
    request.flushHeaders();
    await once(request, 'continue');
    request.write(image.subarray(0, 1000));
    request.end(image.subarray(1000));
    expect(await receive(request)).toMatchObject({ status: 200, json: { size: image.length } });
  });
});

describe('an upload is refused', () => {
  const refusals: [why: string, options: Sending, status: number, error: string | RegExp][] = [
    ['without a token', { headers: { authorization: '' } }, 401, 'Unauthorized'],
    ['with another scheme', { headers: { authorization: 'bearer user:1-a' } }, 401, 'Unauthorized'],
    ['with a bare token', { headers: { authorization: 'user:1-a' } }, 401, 'Unauthorized'],
    ['with an encoded token', { headers: { authorization: 'Bearer user%3A1-a' } }, 401, 'Unauthorized'],
    ['with a token of another form', { headers: { authorization: 'Bearer user:x-a' } }, 401, 'Unauthorized'],
    ['with more than a token', { headers: { authorization: 'Bearer user:1-a b' } }, 401, 'Unauthorized'],
    [
      'for an unknown account',
      { path: '/v1/dreamina/assets/US%3Aname%40example.com' },
      404,
      'Unable to find configuration for account US:name@example.com',
    ],
    [
      'for an account encoded twice',
      { path: `/v1/dreamina/assets/${encodeURIComponent(encodeURIComponent(account))}` },
      404,
      'Unable to find configuration for account US%3Asandbox%40example.com',
    ],
    ['with a raw ":"', { path: '/v1/dreamina/assets/US:sandbox%40example.com' }, 400, /percent-encoded/],
    ['with a raw "@"', { path: '/v1/dreamina/assets/US%3Asandbox@example.com' }, 400, /percent-encoded/],
    ['with a broken encoding', { path: '/v1/dreamina/assets/%zz' }, 400, /not valid percent-encoding/],
    [
      'as a BMP',
      { headers: { 'content-type': 'image/bmp' } },
      400,
      `Content-Type (image/bmp) not supported. Valid values: ${allTypes}`,
    ],
    [
      'as a form',
      { headers: { 'content-type': 'multipart/form-data; boundary=x' } },
      400,
      `Content-Type (multipart/form-data; boundary=x) not supported. Valid values: ${allTypes}`,
    ],
    ['with a parameter', { headers: { 'content-type': 'image/png; charset=utf-8' } }, 400, /not supported/],
    ['without a type', { headers: { 'content-type': [] } }, 400, /^Content-Type \(none\) not supported/],
    ['without a body', { body: Buffer.alloc(0) }, 400, 'Image is empty'],
    [
      'above the limit',
      { body: Buffer.concat([image], limitBytes + 1) },
      400,
      'Image is too large: 10485761 bytes, the limit is 10485760',
    ],
    [
      'under a wrong type',
      { headers: { 'content-type': 'image/webp' } },
      400,
      'Image does not match its Content-Type (image/webp)',
    ],
    ['when it is not an image', { body: Buffer.from('hello') }, 400, /does not match its Content-Type/],
    ['when it is cut short', { body: image.subarray(0, 20) }, 400, /its width and height cannot be read/],
  ];

  test.each(refusals)('%s', async (_why, options, status, error) => {
    const sandbox = await start();
    const answer = await send(sandbox, options);
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': 'application/json', 'content-length': String(answer.text.length) },
      json: { error: typeof error === 'string' ? error : expect.stringMatching(error) },
    });
    expect(Object.keys(answer.json)).toEqual(['error']);
    expect(sandbox.assets).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ status, bodySize: (options.body ?? image).length }]);
  });

  test('only after its body is read, so that the connection serves the next request', async () => {
    const sandbox = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const body = Buffer.alloc(limitBytes);
    expect((await send(sandbox, { agent, body, headers: { authorization: 'no' } })).status).toBe(401);
    expect((await send(sandbox, { agent })).status).toBe(200);
    expect(sandbox.requests).toMatchObject([
      { bodySize: limitBytes, connection: 1 },
      { bodySize: image.length, connection: 1 },
    ]);
  });
});

describe('a video or audio file', () => {
  const sendClip = (sandbox: Sandbox, contentType: string, body: Buffer) =>
    send(sandbox, { body, headers: { 'content-type': contentType } });

  const bytesOf = (name: Parameters<typeof clip>[0]) => readFileSync(clip(name).file);

  /** Mono, 8-bit, 8000 samples a second. */
  const wav = (durationMs: number) => {
    const bytes = Buffer.alloc(44 + durationMs * 8);
    bytes.write('RIFF____WAVEfmt ');
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(1, 20);
    bytes.writeUInt16LE(1, 22);
    bytes.writeUInt32LE(8000, 24);
    bytes.writeUInt32LE(8000, 28);
    bytes.writeUInt16LE(1, 32);
    bytes.writeUInt16LE(8, 34);
    bytes.write('data', 36);
    bytes.writeUInt32LE(durationMs * 8, 40);
    return bytes;
  };

  /** A copy of a clip with some bytes written after a text or bytes that it contains. */
  const changed = (
    name: Parameters<typeof clip>[0],
    after: string | Buffer,
    ...writes: [number, string][]
  ) => {
    const bytes = bytesOf(name);
    for (const [offset, hex] of writes) {
      bytes.write(hex, bytes.indexOf(after) + after.length + offset, 'hex');
    }
    return bytes;
  };
  const webmOf = (durationMs: number) => {
    const value = Buffer.alloc(8);
    value.writeDoubleBE(durationMs);
    return changed('clip.webm', Buffer.from('448988', 'hex'), [0, value.toString('hex')]);
  };
  const mp4Of = (width: number, height: number) => {
    const size = Buffer.alloc(4);
    size.writeUInt16BE(width);
    size.writeUInt16BE(height, 2);
    return changed('clip.mp4', 'avc1\0\0\0\0\0\0\0\x01', [16, size.toString('hex')]);
  };

  test.each(clips)(
    'is answered with its duration and size: $name',
    async ({ file, contentType, type, ...given }) => {
      const sandbox = await start();
      const { status, json } = await sendClip(sandbox, contentType, readFileSync(file));
      const { width, height } = type === 'audio' ? { width: 480, height: 360 } : given;
      const { duration, assetRef } = json as { duration: number; assetRef: string };
      expect(status).toBe(200);
      expect(json).toEqual({ assetRef, account, type, width, height, duration, size: given.size });
      expect(Math.abs(duration - given.durationMs)).toBeLessThanOrEqual(5);
      expect(assetRef).toMatch(
        new RegExp(
          `^${account}-${type}:w${width}:h${height}:s${given.size}:d${duration}-vid:v10762g50003[0-9a-v]{20}$`,
        ),
      );
      expect(sandbox.assets).toMatchObject([{ type, assetRef, size: given.size }]);
      expect(sandbox.assets[0]).not.toHaveProperty('imageRef');
    },
  );

  test('may be an MP3 under its second name', async () => {
    const answer = await sendClip(await start(), 'audio/mp3', bytesOf('tone.mp3'));
    expect(answer).toMatchObject({ status: 200, json: { type: 'audio' } });
  });

  test.each(['current', 'both'] as const)('has an assetRef only in the revision "%s"', async (api) => {
    const { json } = await sendClip(await start({ api }), 'video/mp4', bytesOf('clip.mp4'));
    expect(Object.keys(json)).toEqual(['assetRef', 'account', 'type', 'width', 'height', 'duration', 'size']);
  });

  test.each(clips)('is unknown to the revision "legacy": $name', async ({ file, contentType }) => {
    const sandbox = await start({ api: 'legacy' });
    expect(await sendClip(sandbox, contentType, readFileSync(file))).toMatchObject({
      status: 400,
      json: { error: `Content-Type (${contentType}) not supported. Valid values: ${imageTypes}` },
    });
    expect(sandbox.assets).toEqual([]);
  });

  test.each<[string, string, Buffer]>([
    ['2 s of audio', 'audio/wav', wav(2000)],
    ['15 s of audio', 'audio/wav', wav(15_000)],
    ['a WAV of 15,728,640 bytes', 'audio/wav', Buffer.concat([wav(15_000)], 15_728_640)],
    ['15.4 s of video', 'video/webm', webmOf(15_400)],
    ['the smallest sides', 'video/mp4', mp4Of(200, 200)],
    ['the largest sides', 'video/mp4', mp4Of(2160, 2160)],
  ])('is accepted at the limit: %s', async (_what, contentType, body) => {
    expect((await sendClip(await start(), contentType, body)).json).not.toHaveProperty('error');
  });

  test.each<[what: string, contentType: string, body: Buffer, fault?: string]>([
    ['no audio', 'audio/wav', wav(0), 'is damaged: its duration cannot be read'],
    [
      'too little audio',
      'audio/wav',
      wav(1999),
      'duration (1.999 seconds) not supported. Valid values: 2 to 15 seconds',
    ],
    [
      'too much audio',
      'audio/wav',
      wav(15_001),
      'duration (15.001 seconds) not supported. Valid values: 2 to 15 seconds',
    ],
    [
      'too much video',
      'video/webm',
      webmOf(15_401),
      'duration (15.401 seconds) not supported. Valid values: 2 to 15.4 seconds',
    ],
    [
      'a side too short',
      'video/mp4',
      mp4Of(199, 400),
      'dimensions (199x400) not supported. Valid values: 200 to 2160 pixels a side',
    ],
    [
      'a side too long',
      'video/mp4',
      mp4Of(400, 2161),
      'dimensions (400x2161) not supported. Valid values: 200 to 2160 pixels a side',
    ],
    [
      'no video track',
      'video/mp4',
      changed('clip.mp4', 'hdlr', [8, Buffer.from('meta').toString('hex')]),
      'has no video track',
    ],
    ['an empty video', 'video/mp4', Buffer.alloc(0), 'is empty'],
    ['an empty audio file', 'audio/aac', Buffer.alloc(0), 'is empty'],
    [
      'a large audio file',
      'audio/wav',
      Buffer.concat([wav(15_000)], 15_728_641),
      'is too large: 15728641 bytes, the limit is 15728640',
    ],
    [
      'a large video',
      'video/mp4',
      Buffer.alloc(52_428_801),
      'is too large: 52428801 bytes, the limit is 52428800',
    ],
    [
      'a truncated video',
      'video/mp4',
      bytesOf('clip.mp4').subarray(0, -100),
      'is damaged: its duration, width and height cannot be read',
    ],
    ['audio as a video', 'video/mp4', bytesOf('tone.m4a'), 'has no video track'],
    [
      'a video as audio',
      'audio/mp4',
      bytesOf('clip.mp4'),
      'does not match its Content-Type (audio/mp4): it has a video track',
    ],
    ['a QuickTime movie as MP4', 'video/mp4', bytesOf('clip.mov')],
    ['an MP4 as a QuickTime movie', 'video/quicktime', bytesOf('clip.mp4')],
    ['AAC as MP3', 'audio/mpeg', bytesOf('tone.aac')],
    ['an image as a video', 'video/webm', image],
    ['a video as an image', 'image/png', bytesOf('clip.mp4')],
  ])('is refused: %s', async (_what, contentType, body, fault) => {
    const [kind = ''] = contentType.split('/');
    const title = { image: 'Image', video: 'Video', audio: 'Audio' }[kind];
    const error = `${title} ${fault ?? `does not match its Content-Type (${contentType})`}`;
    const sandbox = await start();
    expect(await sendClip(sandbox, contentType, body)).toMatchObject({ status: 400, json: { error } });
    expect(sandbox.assets).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ status: 400, bodySize: body.length }]);
  });

  test.each([
    'audio/x-wav',
    'audio/m4a',
    'video/x-m4v',
    'audio/ogg',
    'image/jpg',
    'VIDEO/MP4',
    'video/mp4;x=1',
    'toString',
  ])('is refused as %s', async (contentType) => {
    const { status, json } = await sendClip(await start(), contentType, wav(3000));
    expect(status).toBe(400);
    expect(json.error).toBe(`Content-Type (${contentType}) not supported. Valid values: ${allTypes}`);
  });
});

describe('GET /accounts', () => {
  test('lists the accounts, with sessions of 30 days', async () => {
    const sandbox = await start({ now: () => Date.parse('2026-01-01T00:00:00Z') });
    const { status, json } = await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts' });
    expect(status).toBe(200);
    expect(json).toEqual(
      Object.fromEntries(
        ['US', 'CA'].map((region) => [
          `${region}:sandbox@example.com`,
          {
            account: `${region}:sandbox@example.com`,
            email: 'sandbox@example.com',
            region,
            maxJobs: expect.any(Number),
            sessionExpires: '2026-01-31T00:00:00.000Z',
          },
        ]),
      ),
    );
    expect(Object.keys(json)).toEqual(sandbox.accounts);
  });

  test('uses the system clock by default', async () => {
    const sandbox = await start();
    const { json } = await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts' });
    expect(Date.parse((json[account] as { sessionExpires: string }).sessionExpires)).toBeGreaterThan(
      Date.now(),
    );
  });

  test('needs a token', async () => {
    const sandbox = await start();
    const headers = { authorization: 'Bearer x' };
    expect(await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts', headers })).toMatchObject({
      status: 401,
      json: { error: 'Unauthorized' },
    });
  });
});

test.each([
  '/',
  '/v1/dreamina',
  '/v1/dreamina/assets/',
  `${uploadPath}/`,
  `${uploadPath}?x=1`,
  '/v1/dreamina/assets/US%3Asandbox/example.com',
  '/v1/dreamina/accounts/US%3Asandbox%40example.com',
  '/v1/dreamina/../dreamina/accounts',
  '/%zz',
])('%s is unknown', async (path) => {
  const sandbox = await start();
  const missing = { status: 404, json: { error: `Unknown path: ${path}` } };
  expect(await send(sandbox, { path })).toMatchObject(missing);
  expect(await send(sandbox, { path, method: 'GET' })).toMatchObject(missing);
});

test.each([
  ['GET', uploadPath, 'POST'],
  ['PUT', uploadPath, 'POST'],
  ['POST', '/v1/dreamina/accounts', 'GET'],
])('%s %s is not allowed', async (method, path, allow) => {
  const sandbox = await start();
  expect(await send(sandbox, { method, path })).toMatchObject({
    status: 405,
    headers: { allow },
    json: { error: `Method ${method} not allowed here: use ${allow}` },
  });
});

test('HEAD gets a 405 without a body', async () => {
  const sandbox = await start();
  const answer = await send(sandbox, {
    method: 'HEAD',
    path: '/v1/dreamina/accounts',
    body: Buffer.alloc(0),
  });
  expect(answer).toMatchObject({ status: 405, text: '', headers: { allow: 'GET' } });
});

describe('the log', () => {
  test('contains each request, in order of arrival', async () => {
    const told: SeenRequest[] = [];
    const sandbox = await start({ onRequest: (request) => told.push(request) });
    await send(sandbox, { headers: { 'x-mark': 'a' } });
    await send(sandbox, { path: '/v1/dreamina/assets/%zz' });
    await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts' });
    expect(told).toEqual(sandbox.requests);
    expect(told).toEqual([
      {
        method: 'POST',
        path: '/v1/dreamina/assets/US%3Asandbox%40example.com',
        headers: expect.objectContaining({ 'x-mark': 'a', 'content-type': 'image/png' }),
        account,
        bodySize: image.length,
        sha256: imageSha256,
        status: 200,
        connection: 1,
      },
      expect.objectContaining({
        path: '/v1/dreamina/assets/%zz',
        sha256: imageSha256,
        status: 400,
        connection: 2,
      }),
      expect.objectContaining({ method: 'GET', path: '/v1/dreamina/accounts', bodySize: 0, connection: 3 }),
    ]);
    expect(told[1]).not.toHaveProperty('account');
  });

  test('keeps the order of arrival if a later request is settled first', async () => {
    const { sandbox, nextSettled } = await startWatched({ faults: [{ kind: 'slow', count: 1 }] });
    const slow = dial(sandbox);
    slow.write(rawHead(sandbox, image.length, 'Expect: 100-continue\r\n'));
    await once(slow, 'data');
    slow.write(image);
    await send(sandbox);
    const settled = nextSettled();
    slow.destroy();
    await settled;
    expect(sandbox.requests).toMatchObject([
      { fault: 'slow', connection: 1 },
      { status: 200, connection: 2 },
    ]);
  });

  test('counts the uploads in flight', async () => {
    const sandbox = await start({ latencyMs: 30 });
    expect(sandbox.maxInFlight).toBe(0);
    await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts' });
    expect(sandbox.maxInFlight).toBe(0);
    await send(sandbox);
    await send(sandbox);
    expect(sandbox.maxInFlight).toBe(1);
    await Promise.all([send(sandbox), send(sandbox), send(sandbox)]);
    expect(sandbox.maxInFlight).toBe(3);
  });
});

test('latency delays every answer', async () => {
  const sandbox = await start({ latencyMs: 60 });
  for (const options of [{}, { path: '/' }, { headers: { authorization: 'no' } }]) {
    const begunMs = performance.now();
    await send(sandbox, options);
    expect(performance.now() - begunMs).toBeGreaterThan(58);
  }
});

describe('the fault', () => {
  test('429 has a Retry-After only if an option sets one', async () => {
    const faults = [{ kind: '429', count: 1 }] as const;
    const plain = await send(await start({ faults }));
    expect(plain).toMatchObject({ status: 429, json: { error: expect.any(String) } });
    expect(plain.headers).not.toHaveProperty('retry-after');
    const patient = await send(await start({ faults, retryAfterSeconds: 7 }));
    expect(patient).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
  });

  test.each([
    ['500', 500, 'Internal server error'],
    ['596', 596, 'Session expired'],
  ] as const)('%s is a JSON answer', async (kind, status, error) => {
    const sandbox = await start({ faults: [{ kind, count: 1 }] });
    expect(await send(sandbox)).toMatchObject({ status, json: { error } });
    expect(sandbox.assets).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ status, fault: kind, sha256: imageSha256 }]);
  });

  test('502-html is the page of a CDN', async () => {
    const sandbox = await start({ faults: [{ kind: '502-html', count: 1 }] });
    const { status, headers, text } = await send(sandbox);
    expect(status).toBe(502);
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(text).toMatch(/^<!DOCTYPE html>/);
    expect(sandbox.assets).toEqual([]);
  });

  test('reset resets the connection before the body', async () => {
    const sandbox = await start({ faults: [{ kind: 'reset', count: 1 }] });
    expect(await sendRaw(sandbox, rawHead(sandbox, image.length))).toEqual({ text: '', end: 'ECONNRESET' });
    expect(sandbox.assets).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ status: undefined, fault: 'reset', bodySize: 0 }]);
    expect((await send(sandbox)).status).toBe(200);
  });

  test('reset-after-body stores the asset and resets the connection', async () => {
    const sandbox = await start({ faults: [{ kind: 'reset-after-body', count: 1 }] });
    const { text, end } = await sendRaw(sandbox, rawHead(sandbox, image.length), image);
    expect({ text, end }).toEqual({ text: '', end: 'ECONNRESET' });
    expect(sandbox.assets).toMatchObject([{ sha256: imageSha256 }]);
    expect(sandbox.requests).toMatchObject([
      { status: undefined, fault: 'reset-after-body', sha256: imageSha256 },
    ]);
  });

  test('slow stalls the answer of an upload that succeeds', async () => {
    const sandbox = await start({ faults: [{ kind: 'slow', count: 1 }], slowMs: 80 });
    const begunMs = performance.now();
    expect((await send(sandbox)).status).toBe(200);
    expect(performance.now() - begunMs).toBeGreaterThan(78);
    expect(sandbox.requests).toMatchObject([{ status: 200, fault: 'slow' }]);
  });

  test('slow keeps the asset when the client gives up', async () => {
    const { sandbox, nextSettled } = await startWatched({ faults: [{ kind: 'slow', count: 1 }] });
    const socket = dial(sandbox);
    const settled = nextSettled();
    socket.write(rawHead(sandbox, image.length, 'Expect: 100-continue\r\n'));
    await once(socket, 'data');
    socket.end(image);
    expect(await settled).toMatchObject({ status: undefined, fault: 'slow', sha256: imageSha256 });
    expect(sandbox.assets).toHaveLength(1);
  });

  test('truncated-json is half a 200 on a connection that closes normally', async () => {
    const sandbox = await start({ faults: [{ kind: 'truncated-json', count: 1 }] });
    const { text, end } = await sendRaw(sandbox, rawHead(sandbox, image.length), image);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(end).toBe('FIN');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toMatch(/^connection: close$/im);
    expect(head).not.toMatch(/^(content-length|transfer-encoding):/im);
    expect(body).toMatch(/^\{"imageRef":"US:/);
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
    expect(sandbox.assets).toHaveLength(1);
    expect(sandbox.requests).toMatchObject([{ status: 200, fault: 'truncated-json' }]);
  });

  test('early-401 answers before the body has arrived', async () => {
    const sandbox = await start({ faults: [{ kind: 'early-401', count: 1 }] });
    const { text, end } = await sendRaw(sandbox, rawHead(sandbox, image.length), image.subarray(0, 100));
    expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(text).toMatch(/^connection: close$/im);
    expect(text).toMatch(/\r\n\r\n\{"error":"Unauthorized"\}$/);
    expect(end).toBe('FIN');
    expect(sandbox.requests).toMatchObject([{ status: 401, fault: 'early-401', bodySize: 0 }]);
    expect(sandbox.assets).toEqual([]);
  });

  test('early-401 closes the connection after a second if the client keeps sending', async () => {
    const sandbox = await start({ faults: [{ kind: 'early-401', count: 1 }] });
    const begunMs = performance.now();
    const socket = dial(sandbox, { allowHalfOpen: true });
    const answered = once(socket, 'data');
    const ended = once(socket, 'end');
    const reset = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    // More than the buffers of both sides hold, so that the client is still sending when the answer arrives.
    socket.write(rawHead(sandbox, 2 ** 25));
    socket.write(Buffer.alloc(2 ** 25));
    expect(String(await answered)).toMatch(/^HTTP\/1\.1 401 /);
    expect(socket.writableLength).toBeGreaterThan(0);
    await ended;
    expect((await reset).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(performance.now() - begunMs).toBeGreaterThan(950);
  });

  test('does not count other requests, or uploads whose headers are refused', async () => {
    const sandbox = await start({ faults: [{ kind: '500', count: 1 }] });
    expect((await send(sandbox, { method: 'GET', path: '/v1/dreamina/accounts' })).status).toBe(200);
    expect((await send(sandbox, { headers: { authorization: 'no' } })).status).toBe(401);
    expect((await send(sandbox, { headers: { 'content-type': 'image/bmp' } })).status).toBe(400);
    expect((await send(sandbox)).status).toBe(500);
    expect((await send(sandbox)).status).toBe(200);
  });

  test('affects the same uploads with the same seed', async () => {
    const run = async (seed: number) => {
      const sandbox = await start({ faults: [{ kind: '500', rate: 0.5 }], seed });
      for (let upload = 0; upload < 20; upload += 1) {
        await send(sandbox);
      }
      return sandbox.requests.map((request) => request.status);
    };
    const [statuses, again, others] = await Promise.all([run(1), run(1), run(2)]);
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect(again).toEqual(statuses);
    expect(others).not.toEqual(statuses);
  });
});

describe('the Host header', () => {
  test.each(['127.0.0.1', 'localhost', 'LocalHost', '[::1]'])(
    'may be %s, with any port or none',
    async (name) => {
      const sandbox = await start();
      for (const host of [name, `${name}:${new URL(sandbox.origin).port}`, `${name}:80`]) {
        expect((await send(sandbox, { headers: { host } })).status, host).toBe(200);
      }
    },
  );

  test.each([
    ...[
      'evil.example',
      'evil.example:80',
      'evil.localhost',
      'localhost.evil.example',
      'localhost.',
      'localhost:',
    ],
    ...[
      '127.0.0.1.evil.example',
      '127.0.0.1@evil.example',
      'evil.example:127.0.0.1',
      '0.0.0.0',
      '[::]',
      '::1',
    ],
    ...['2130706433', '127.1', '10.0.0.1', '[::ffff:127.0.0.1]', 'localhost:80:80', '[::1', 'a localhost'],
  ])('is refused if it is "%s"', async (host) => {
    const faults = [{ kind: '500', count: 1 }] as const;
    const sandbox = await start({ faults });
    for (const options of [{}, { method: 'GET', path: '/v1/dreamina/accounts' }, { path: '/' }]) {
      const answer = await send(sandbox, { ...options, headers: { host } });
      expect(answer).toMatchObject({
        status: 421,
        headers: { 'content-type': 'application/json' },
        json: { error: `Host (${host}) not served here: use 127.0.0.1, localhost or [::1]` },
      });
    }
    expect(sandbox.assets).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ status: 421 }, { status: 421 }, { status: 421 }]);
    expect(sandbox.requests[0]).not.toHaveProperty('fault');
  });

  test('is required, and only the first of several counts', async () => {
    const sandbox = await start();
    expect((await sendRaw(sandbox, 'GET / HTTP/1.0\r\n\r\n')).text).toMatch(/^HTTP\/1\.1 421 /);
    expect((await sendRaw(sandbox, 'GET / HTTP/1.0\r\nHost:\r\n\r\n')).text).toMatch(/^HTTP\/1\.1 421 /);
    const two = 'GET / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect((await sendRaw(sandbox, two)).text).toMatch(/^HTTP\/1\.1 4(00|21) /);
    const absolute = `GET http://localhost/v1/dreamina/accounts HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    expect((await sendRaw(sandbox, absolute)).text).toMatch(/^HTTP\/1\.1 421 /);
  });

  test('may be the address on which the sandbox listens', async () => {
    const sandbox = await start({ host: '127.0.0.2' });
    expect((await send(sandbox)).status).toBe(200);
    expect((await send(sandbox, { headers: { host: '127.0.0.3' } })).status).toBe(421);
  });
});

describe('it survives', () => {
  test('a client that disconnects in the middle of the body', async () => {
    const { sandbox, nextSettled } = await startWatched({});
    const socket = dial(sandbox);
    const settled = nextSettled();
    socket.write(rawHead(sandbox, image.length, 'Expect: 100-continue\r\n'));
    await once(socket, 'data');
    socket.end(image.subarray(0, 100));
    const seen = await settled;
    expect(seen).toMatchObject({ status: undefined, bodySize: 100 });
    expect(seen).not.toHaveProperty('sha256');
    expect(sandbox.assets).toEqual([]);
    expect((await send(sandbox)).status).toBe(200);
  });

  test('a client that resets while its answer is delayed', async () => {
    const { sandbox, nextSettled } = await startWatched({ latencyMs: 1_000_000 });
    const socket = dial(sandbox);
    const settled = nextSettled();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n');
    await once(socket, 'data');
    socket.resetAndDestroy();
    expect(await settled).toMatchObject({ path: '/', status: undefined });
  });

  test.each([
    ['garbage', '\x16\x03\x01 garbage \xff\r\n\r\n', 400],
    ['endless headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['a request without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ])('%s', async (_what, bytes, status) => {
    const sandbox = await start();
    expect((await sendRaw(sandbox, bytes)).text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect((await send(sandbox)).status).toBe(200);
  });

  test('a body of broken chunks', async () => {
    const { sandbox, nextSettled } = await startWatched({});
    const settled = nextSettled();
    const head = rawHead(sandbox, 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    expect((await sendRaw(sandbox, head, '3\r\nabc\r\nzz\r\n')).text).toMatch(/^HTTP\/1\.1 400 /);
    expect(await settled).toMatchObject({ status: undefined, bodySize: 3 });
    expect((await send(sandbox)).status).toBe(200);
  });
});

describe('close', () => {
  test('ends every request at once, and may be called twice', async () => {
    const { sandbox, nextSettled } = await startWatched({ latencyMs: 1_000_000 });
    const settled = nextSettled();
    const socket = dial(sandbox);
    const idle = sendRaw(sandbox);
    const cut = once(socket, 'close');
    socket.on('error', () => {});
    socket.write(rawHead(sandbox, 1_000, 'Expect: 100-continue\r\n'));
    await once(socket, 'data');
    await Promise.all([sandbox.close(), sandbox.close()]);
    expect(await settled).toMatchObject({ status: undefined });
    await Promise.all([cut, idle]);
    await expect(send(sandbox)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('ends a delayed answer', async () => {
    const sandbox = await start({ faults: [{ kind: 'slow', count: 1 }] });
    const cut = send(sandbox).catch((error: NodeJS.ErrnoException) => error.code);
    // Each round trip leaves time to read the upload, which was sent before; once it is stored, only the stall remains.
    while (sandbox.assets.length === 0) {
      await send(sandbox, { path: '/' });
    }
    await sandbox.close();
    const upload = sandbox.requests.find(({ fault }) => fault === 'slow');
    expect(upload).toMatchObject({ status: undefined, sha256: imageSha256 });
    expect(await cut).toBe('ECONNRESET');
  });

  test('frees the port', async () => {
    const { port } = new URL((await start()).origin);
    await expect(startSandbox({ port: Number(port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const first = await start();
    const origin = first.origin;
    await first.close();
    expect((await start({ port: Number(new URL(origin).port) })).origin).toBe(origin);
  });

  test('runs at the end of an `await using` scope', async () => {
    let left: Sandbox;
    {
      await using sandbox = await startSandbox();
      left = sandbox;
      expect((await send(sandbox)).status).toBe(200);
    }
    await expect(send(left)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('has an address, a token and accounts', async () => {
  const sandbox = await start();
  expect(sandbox.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(sandbox.apiUrl).toBe(`${sandbox.origin}/v1/dreamina`);
  expect(sandbox.accounts).toEqual(['US:sandbox@example.com', 'CA:sandbox@example.com']);
  expect(sandbox.token).toMatch(/^user:\d+-[A-Za-z0-9]+$/);
});

test.each<[SandboxOptions, string]>([
  [
    {
      faults: [
        { kind: '429', rate: 0.6 },
        { kind: '500', rate: 0.6 },
      ],
    },
    'add up to 1.2',
  ],
  [{ faults: [{ kind: '429' }] }, 'is not a fault'],
  [{ latencyMs: -1 }, 'latencyMs is -1'],
  [{ slowMs: Number.NaN }, 'slowMs is NaN'],
  [{ slowMs: 2 ** 31 }, 'slowMs is 2147483648'],
])('refuses the options %j', async (options, message) => {
  const started = startSandbox(options);
  await expect(started).rejects.toThrow(RangeError);
  await expect(started).rejects.toThrow(message);
});

describe('over TLS', () => {
  const sendSecure = (sandbox: Sandbox, headers: Record<string, string> = {}) => {
    const request = https.request(`${sandbox.apiUrl}/assets/${encodeURIComponent(account)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.token}`, 'content-type': 'image/png', ...headers },
      // This tests the server only.
      rejectUnauthorized: false,
    });
    request.end(image);
    return receive(request);
  };

  test('it accepts uploads', async () => {
    const sandbox = await start({ tls });
    expect(sandbox.origin).toMatch(/^https:/);
    expect(await sendSecure(sandbox)).toMatchObject({ status: 200, json: { size: image.length } });
    expect(sandbox.requests).toMatchObject([{ status: 200, sha256: imageSha256, connection: 1 }]);
  });

  test('it answers to any Host, because its certificate names the server', async () => {
    const sandbox = await start({ tls });
    expect((await sendSecure(sandbox, { host: 'api.example.test' })).status).toBe(200);
  });

  test('it resets connections, and answers early', async () => {
    const faults = [
      { kind: 'reset', count: 1 },
      { kind: 'reset-after-body', count: 1 },
      { kind: 'early-401', count: 1 },
    ] as const;
    const sandbox = await start({ tls, faults });
    await expect(sendSecure(sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(sendSecure(sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await sendSecure(sandbox)).toMatchObject({ status: 401, json: { error: 'Unauthorized' } });
    expect(sandbox.assets).toHaveLength(1);
    expect((await sendSecure(sandbox)).status).toBe(200);
  });

  test('it survives a client that does not use TLS', async () => {
    const sandbox = await start({ tls });
    await sendRaw(sandbox, 'GET / HTTP/1.1\r\n\r\n');
    expect((await sendSecure(sandbox)).status).toBe(200);
  });

  test('close does not wait for a handshake', async () => {
    const sandbox = await start({ tls });
    const socket = dial(sandbox);
    const cut = once(socket, 'close');
    await once(socket, 'connect');
    await sendSecure(sandbox);
    await sandbox.close();
    await cut;
  });
});
