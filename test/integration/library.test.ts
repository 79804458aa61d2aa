import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ApiError,
  ConfigError,
  DreaminaClient,
  type DreaminaClientOptions,
  parseImageRef,
  type UploadEvent,
  type UploadFilesOptions,
  type UploadRecord,
  UsageError,
  uploadFiles,
} from '../../src/index.ts';
import { fixture, fixtures } from '../fixtures.ts';
import { selfSigned } from '../harness/certificate.ts';
import { exampleReference, type Respond, rawServer, sendJson } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png');
const files = fixtures.map(({ file }) => file);
const account = 'US:name@example.com';
const token = 'user:1234-abcdef';

async function optionsFor(respond: Respond) {
  const server = await rawServer(respond);
  return { server, options: { token, account, apiUrl: server.apiUrl } };
}

async function sandboxOptions(given: Parameters<typeof sandboxWith>[0] = {}) {
  const { sandbox } = await sandboxWith(given);
  const options = { token: sandbox.token, account: sandbox.accounts[0]!, apiUrl: sandbox.apiUrl };
  return { sandbox, options };
}

/** A client that is closed with the test. */
function clientWith(options: DreaminaClientOptions): DreaminaClient {
  const client = new DreaminaClient(options);
  onTestFinished(() => client.close());
  return client;
}

async function nightUpload() {
  return { bytes: await readFile(night.file), contentType: night.contentType, account };
}

describe('uploadFiles', () => {
  it('returns a record for each path, in their order', async () => {
    const { sandbox, options } = await sandboxOptions();
    const records = await uploadFiles(files, options);
    expect(records).toEqual(
      fixtures.map(({ file, contentType, width, height, size }, index) => ({
        index,
        path: file,
        status: 'uploaded',
        type: 'image',
        assetRef: expect.stringContaining(`-image:w${width}:h${height}:s${size}-uri:`),
        imageRef: expect.stringContaining(`-image:w${width}:h${height}:s${size}-uri:`),
        account: 'US:sandbox@example.com',
        width,
        height,
        size,
        contentType,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        attempts: 1,
        durationMs: expect.any(Number),
      })),
    );
    const sent = sandbox.assets.map(({ imageRef, sha256 }) => `${imageRef} ${sha256}`).sort();
    expect(
      records.map((record) => record.status === 'uploaded' && `${record.imageRef} ${record.sha256}`).sort(),
    ).toEqual(sent);
  });

  it('never rejects because of a file', async () => {
    const { sandbox, options } = await sandboxOptions();
    const missing = join(await tempDir(), 'missing.png');
    const records = await uploadFiles(
      [missing, import.meta.filename, night.file, import.meta.dirname],
      options,
    );
    expect(records).toMatchObject([
      { index: 0, path: missing, status: 'failed', attempts: 0, error: { code: 'unreadable' } },
      { index: 1, status: 'failed', attempts: 0, error: { code: 'unsupported_type', retryable: false } },
      { index: 2, path: night.file, status: 'uploaded' },
      { index: 3, status: 'failed', attempts: 0, error: { code: 'not_a_file' } },
    ]);
    expect(sandbox.requests).toHaveLength(1);
  });

  it.each([
    ['', 'it cannot be read: no such file or directory'],
    ['a\0.png', 'it cannot be read: its path contains a NUL byte'],
  ])('reports the path %j, which names nothing, as a failure', async (path, message) => {
    for (const fit of [false, true]) {
      const [record] = await uploadFiles([path], { token, account, fit });
      expect(record).toMatchObject({ path, status: 'failed', error: { code: 'unreadable', message } });
    }
  });

  it('takes paths literally, and uploads a path that is given twice once', async () => {
    const { sandbox, options } = await sandboxOptions();
    const dir = await tempDir();
    const odd = join(dir, '*.png');
    await writeFile(odd, await readFile(night.file));
    await writeFile(join(dir, 'a.png'), await readFile(night.file));
    const records = await uploadFiles([odd, odd], options);
    expect(records.map(({ index, path, status }) => [index, path, status])).toEqual([
      [0, odd, 'uploaded'],
      [1, odd, 'uploaded'],
    ]);
    expect(sandbox.requests).toHaveLength(1);
  });

  it('returns no records for no paths', async () => {
    const { sandbox, options } = await sandboxOptions();
    expect(await uploadFiles([], options)).toEqual([]);
    expect(sandbox.requests).toEqual([]);
  });

  it('calls onRecord in the order of the paths, even if a later one is settled first', async () => {
    const paths = [night.file, fixture('sunset.jpg').file];
    let secondIsSettled = () => {};
    const second = new Promise<void>((resolve) => {
      secondIsSettled = resolve;
    });
    const { options } = await optionsFor(async (response, request) => {
      if (request.headers['content-type'] === 'image/png') {
        await second;
      }
      sendJson(response, 200, { imageRef: exampleReference });
    });
    const seen: UploadRecord[] = [];
    const settled: string[] = [];
    const records = await uploadFiles(paths, {
      ...options,
      onRecord: (record) => seen.push(record),
      onEvent: (event) => {
        if (event.type === 'file-settled') {
          settled.push(event.path);
          secondIsSettled();
        }
      },
    });
    expect(settled).toEqual(paths.toReversed());
    expect(seen.map(({ path }) => path)).toEqual(paths);
    expect(seen).toEqual(records);
  });

  it('reports requests, retries and pauses', async () => {
    const { options } = await optionsFor((response, _request, ordinal) => {
      const status = [500, 429, 200][ordinal]!;
      sendJson(response, status, { imageRef: exampleReference }, { 'retry-after': '0' });
    });
    const events: UploadEvent[] = [];
    const records = await uploadFiles([night.file], { ...options, onEvent: (event) => events.push(event) });
    expect(records).toMatchObject([{ status: 'uploaded', attempts: 3 }]);
    const path = night.file;
    const sent = events.map((event) => (event.type === 'bytes-sent' ? event.bytes : 0));
    expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBe(3 * night.size);
    expect(events.filter(({ type }) => type !== 'bytes-sent')).toEqual([
      { type: 'files-checked', files: 1, bytes: night.size },
      { type: 'attempt-started', index: 0, path, attempt: 1, sizeBytes: night.size },
      {
        type: 'attempt-failed',
        index: 0,
        path,
        attempt: 1,
        error: expect.any(ApiError),
        retryInMs: expect.any(Number),
      },
      { type: 'attempt-started', index: 0, path, attempt: 2, sizeBytes: night.size },
      {
        type: 'attempt-failed',
        index: 0,
        path,
        attempt: 2,
        error: expect.any(ApiError),
        retryInMs: expect.any(Number),
      },
      { type: 'batch-paused', delayMs: expect.any(Number) },
      { type: 'attempt-started', index: 0, path, attempt: 3, sizeBytes: night.size },
      {
        type: 'file-settled',
        index: 0,
        path,
        sizeBytes: night.size,
        outcome: expect.objectContaining({ status: 'uploaded', attempts: 3 }),
      },
    ]);
  });

  it('needs the working directory for relative paths only', async () => {
    const { options } = await sandboxOptions();
    const before = process.cwd();
    const gone = await tempDir();
    process.chdir(gone);
    try {
      await rm(gone, { recursive: true });
      expect(await uploadFiles([night.file], options)).toMatchObject([{ status: 'uploaded' }]);
      await expect(uploadFiles(['a.png'], options)).rejects.toThrow(UsageError);
    } finally {
      process.chdir(before);
    }
  });

  it('identifies files by their first place in the input', async () => {
    const { options } = await sandboxOptions();
    const settled: (readonly [number, string])[] = [];
    const onEvent = (event: UploadEvent) => {
      if (event.type === 'file-settled') {
        settled.push([event.index, event.path]);
      }
    };
    const [first, second] = [night.file, fixture('sunset.jpg').file];
    await uploadFiles([first, second, first, second], { ...options, concurrency: 1, onEvent });
    expect(settled).toEqual([
      [0, first],
      [1, second],
    ]);
  });

  it('respects concurrency, retries, timeoutMs and failFast', async () => {
    const slow = await sandboxOptions({ latencyMs: 30 });
    await uploadFiles(files, { ...slow.options, concurrency: 2 });
    expect(slow.sandbox.maxInFlight).toBe(2);

    const failing = await optionsFor((response) => sendJson(response, 503, {}, { 'retry-after': '0' }));
    expect(await uploadFiles([night.file], { ...failing.options, retries: 2 })).toMatchObject([
      { status: 'failed', attempts: 3, error: { code: 'server_error', httpStatus: 503 } },
    ]);
    expect(failing.server.count()).toBe(3);

    const silent = await optionsFor(() => {});
    expect(await uploadFiles([night.file], { ...silent.options, retries: 0, timeoutMs: 500 })).toMatchObject([
      { error: { code: 'timeout', message: 'no complete answer within 0.5 s' } },
    ]);

    const refusing = await optionsFor((response) => sendJson(response, 400, {}));
    const records = await uploadFiles(files, { ...refusing.options, concurrency: 1, failFast: true });
    expect(records.map(({ status }) => status)).toEqual(['failed', ...Array(6).fill('cancelled')]);
    expect(refusing.server.count()).toBe(1);
  });

  it('stops after an answer that every file would get', async () => {
    const { server, options } = await optionsFor((response) => sendJson(response, 401, {}));
    const records = await uploadFiles(files, { ...options, concurrency: 1 });
    expect(records).toMatchObject([
      { status: 'failed', error: { code: 'unauthorized', httpStatus: 401 } },
      ...Array(6).fill({ status: 'cancelled', attempts: 0 }),
    ]);
    expect(server.count()).toBe(1);
  });

  it('trusts the authorities it is given', async () => {
    const { sandbox, options } = await sandboxOptions({ tls: selfSigned });
    expect(await uploadFiles([night.file], options)).toMatchObject([
      { status: 'failed', attempts: 1, error: { code: 'network', retryable: false } },
    ]);
    expect(sandbox.requests).toEqual([]);
    expect(await uploadFiles([night.file], { ...options, ca: selfSigned.cert })).toMatchObject([
      { status: 'uploaded', imageRef: sandbox.assets[0]!.imageRef },
    ]);
  });
});

describe('an AbortSignal', () => {
  it('that is aborted before the upload sends nothing', async () => {
    const { sandbox, options } = await sandboxOptions();
    const records = await uploadFiles(files, { ...options, signal: AbortSignal.abort() });
    expect(records).toEqual(files.map((path, index) => ({ index, path, status: 'cancelled', attempts: 0 })));
    expect(sandbox.requests).toEqual([]);
  });

  it('that is aborted during the upload cancels what is in flight and keeps what is settled', async () => {
    const aborting = new AbortController();
    const closed: Promise<unknown>[] = [];
    const { server, options } = await optionsFor((response, request, ordinal) => {
      if (ordinal === 0) {
        sendJson(response, 200, { imageRef: exampleReference });
        return;
      }
      closed.push(once(request.socket, 'close'));
      aborting.abort(new Error('enough'));
    });
    const records = await uploadFiles(files, { ...options, concurrency: 1, signal: aborting.signal });
    expect(records.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['uploaded', 1],
      ['cancelled', 1],
      ...Array(5).fill(['cancelled', 0]),
    ]);
    expect(server.count()).toBe(2);
    await Promise.all(closed);
  });

  it('that is aborted during a wait ends the wait', async () => {
    const aborting = new AbortController();
    const { server, options } = await optionsFor((response) =>
      sendJson(response, 503, {}, { 'retry-after': '300' }),
    );
    const records = await uploadFiles([night.file], {
      ...options,
      signal: aborting.signal,
      onEvent: ({ type }) => {
        if (type === 'attempt-failed') {
          setImmediate(() => aborting.abort());
        }
      },
    });
    expect(records).toMatchObject([{ status: 'cancelled', attempts: 1 }]);
    expect(server.count()).toBe(1);
  });

  it('that is aborted during client.upload rejects with its reason, and closes the connection', async () => {
    const aborting = new AbortController();
    const reason = new Error('enough');
    let closed: Promise<unknown> | undefined;
    const { server } = await optionsFor((_response, request) => {
      closed = once(request.socket, 'close');
      aborting.abort(reason);
    });
    const client = clientWith({ token, apiUrl: server.apiUrl });
    await expect(client.upload(await nightUpload(), aborting.signal)).rejects.toBe(reason);
    await closed;
    await expect(client.upload(await nightUpload(), aborting.signal)).rejects.toBe(reason);
    expect(server.count()).toBe(1);
  });
});

describe('a wrong option is a ConfigError, before anything is sent', () => {
  const good = { token, account };

  it.each<[string, object, RegExp]>([
    ['no token', { token: undefined }, /^options: token must be/],
    ['a token with a line break', { token: 'user:1-secret99\nx' }, /^options: token must be/],
    ['no account', { account: undefined }, /^options: account must be/],
    ['an account of another form', { account: '../..' }, /^options: account must be/],
    ['plain http to elsewhere', { apiUrl: 'http://api.example.com' }, /^options: apiUrl must be/],
    ['an apiUrl with a query', { apiUrl: 'https://api.example.com/?a' }, /^options: apiUrl must be/],
    ['no upload in flight', { concurrency: 0 }, /^options: concurrency must be/],
    ['65 uploads in flight', { concurrency: 65 }, /^options: concurrency must be/],
    ['text for a number', { concurrency: '4' }, /^options: concurrency must be/],
    ['negative retries', { retries: -1 }, /^options: retries must be/],
    ['half a retry', { retries: 0.5 }, /^options: retries must be/],
    ['a timeout of 0', { timeoutMs: 0 }, /^options: timeoutMs must be .*; it is 0$/],
    ['a negative timeout', { timeoutMs: -1 }, /^options: timeoutMs must be .*; it is -1$/],
    ['a timeout of NaN', { timeoutMs: Number.NaN }, /^options: timeoutMs must be .*; it is NaN$/],
    ['a timeout of more than a day', { timeoutMs: 1e9 }, /^options: timeoutMs must be .*; it is 1000000000$/],
    ['text for a timeout', { timeoutMs: '5s' }, /^options: timeoutMs must be .*; it is "5s"$/],
    ['a manifest without a name', { manifest: '' }, /^options: manifest needs the name of a file$/],
    ['a fitDir without a name', { fitDir: '' }, /^options: fitDir needs the name of a folder$/],
    ['a negative age', { manifest: 'm', maxAgeMs: -5 }, /^options: maxAgeMs must be .*; it is -5$/],
    ['text for an age', { manifest: 'm', maxAgeMs: '1' }, /^options: maxAgeMs must be .*; it is "1"$/],
    ['an age without a manifest', { maxAgeMs: 5 }, /^options: maxAgeMs needs a manifest$/],
    ['a number for a manifest', { manifest: 5 }, /^options: manifest must be text; it is 5$/],
    ['a number for a frame', { frame: 5 }, /^options: frame must be text; it is 5$/],
    ['null for a fitDir', { fitDir: null }, /^options: fitDir must be text; it is null$/],
    ['text for true or false', { failFast: 'no' }, /^options: failFast must be true or false; it is "no"$/],
    ['null for an environment', { env: null }, /^options: env must be an object; it is null$/],
    [
      'a controller for its signal',
      { signal: new AbortController() },
      /^options: signal must be an AbortSignal; it is a mapping$/,
    ],
    ['a mapping for a callback', { onRecord: {} }, /^options: onRecord must be a function; it is a mapping$/],
    ['text for a callback', { onEvent: 'x' }, /^options: onEvent must be a function; it is "x"$/],
    ['a callback for text', { trim: () => {} }, /^options: trim must be text; it is a function$/],
    ['null for a proxy', { proxyUrl: null }, /^options: proxyUrl must be text or a URL; it is null$/],
    ['a number for ca', { ca: 5 }, /^options: ca must be text; it is 5$/],
    ['a ca without a certificate', { ca: 'x' }, /^options: ca contains no certificate in PEM$/],
  ])('uploadFiles with %s', async (_what, wrong, message) => {
    const options = { ...good, ...wrong } as UploadFilesOptions;
    const failure = await uploadFiles([night.file], options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as ConfigError).message).toMatch(message);
    expect((failure as ConfigError).message).not.toContain('secret99');
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['no options', [night.file], undefined, /^options must be an object; it is undefined$/],
    ['no paths', undefined, good, /^paths must be a list of file names; it is undefined$/],
    ['one path', 'a.png', good, /^paths must be a list of file names; it is "a.png"$/],
    [
      'a path that is no text',
      ['a', new URL('file:///b')],
      good,
      /^paths\[1\] must be text; it is a mapping$/,
    ],
  ])('uploadFiles with %s', async (_what, paths, options, message) => {
    const failure = await uploadFiles(paths as string[], options as UploadFilesOptions).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as ConfigError).message).toMatch(message);
  });

  it.each<[string, object]>([
    ['no token', { token: undefined }],
    ['plain http to elsewhere', { apiUrl: 'http://api.example.com' }],
    ['a negative timeout', { timeoutMs: -5 }],
    ['a proxy that is not a URL', { proxyUrl: 'me:hunter2@' }],
    ['a proxy of another kind', { proxyUrl: 'socks5://me:hunter2@127.0.0.1:1080' }],
  ])('a DreaminaClient with %s', (_what, wrong) => {
    const create = () => new DreaminaClient({ token, ...wrong } as DreaminaClientOptions);
    expect(create).toThrow(ConfigError);
    expect(create).not.toThrow(/hunter2/);
  });

  it.each(['..', '.', '', 'US:../../x@example.com', 'name@example.com'])(
    'client.upload to the account %j, which would change the path',
    async (wrong) => {
      const { server } = await optionsFor((response) =>
        sendJson(response, 200, { imageRef: exampleReference }),
      );
      const client = clientWith({ token, apiUrl: server.apiUrl });
      const image = { ...(await nightUpload()), account: wrong };
      await expect(client.upload(image)).rejects.toThrow(ConfigError);
      expect(server.count()).toBe(0);
    },
  );
});

describe('DreaminaClient', () => {
  it.each<[string, object, unknown[], RegExp]>([
    [
      'text for bytes',
      { bytes: 'x' },
      [],
      /^asset: bytes must be a Uint8Array, such as a Buffer; it is "x"$/,
    ],
    ['no Content-Type', { contentType: undefined }, [], /^asset: contentType must be text; it is undefined$/],
    ['no account', { account: undefined }, [], /^asset: account must be text; it is undefined$/],
    [
      'a controller for its signal',
      {},
      [new AbortController()],
      /^signal must be an AbortSignal; it is a mapp/,
    ],
    ['text for a callback', {}, [undefined, 'x'], /^onSent must be a function; it is "x"$/],
  ])('sends nothing if upload is given %s', async (_what, wrong, more, message) => {
    const { sandbox, options } = await sandboxOptions();
    const client = clientWith(options);
    const asset = { ...(await nightUpload()), account: options.account, ...wrong };
    const uploading = client.upload(asset, ...(more as []));
    await expect(uploading).rejects.toThrow(ConfigError);
    await expect(uploading).rejects.toThrow(message);
    expect(sandbox.requests).toEqual([]);
  });

  it('fails with the error of its callback', async () => {
    const { options } = await sandboxOptions();
    const client = clientWith(options);
    const asset = { ...(await nightUpload()), account: options.account };
    const reason = new Error('mine');
    const uploading = client.upload(asset, undefined, () => {
      throw reason;
    });
    await expect(uploading).rejects.toBe(reason);
  });

  it('uploads bytes and returns the stored asset', async () => {
    const { sandbox, options } = await sandboxOptions();
    const client = clientWith(options);
    const bytes = await readFile(night.file);
    const asset = await client.upload({ bytes, contentType: 'image/png', account: options.account });
    expect(asset).toEqual({
      assetRef: sandbox.assets[0]!.imageRef,
      imageRef: sandbox.assets[0]!.imageRef,
      account: options.account,
      width: night.width,
      height: night.height,
      warnings: [],
    });
    expect(sandbox.requests[0]!.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('keeps its connection for the next upload, and may be used again after close', async () => {
    const { sandbox, options } = await sandboxOptions();
    const client = clientWith(options);
    const image = { ...(await nightUpload()), account: options.account };
    await client.upload(image);
    await client.upload(image);
    await client.close();
    await client.upload(image);
    expect(sandbox.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it.each([
    [400, 'rejected', false],
    [401, 'unauthorized', false],
    [402, 'payment_required', false],
    [404, 'account_not_found', false],
    [429, 'rate_limited', true],
    [503, 'server_error', true],
    [596, 'session_expired', false],
  ] as const)('throws an ApiError for %d and tries once', async (status, code, retryable) => {
    const { server } = await optionsFor((response) =>
      sendJson(response, status, { error: 'no' }, { 'retry-after': '3' }),
    );
    const client = clientWith({ token, apiUrl: server.apiUrl });
    const error = await client.upload(await nightUpload()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      name: 'ApiError',
      code,
      retryable,
      httpStatus: status,
      retryAfterMs: 3000,
      message: expect.stringContaining(`(HTTP ${status}: no)`),
    });
    expect(server.count()).toBe(1);
  });

  it('throws an ApiError for a lost connection, a timeout and an answer without a reference', async () => {
    const { server } = await optionsFor((response, _request, ordinal) => {
      if (ordinal === 0) {
        response.socket!.resetAndDestroy();
      } else if (ordinal === 1) {
        sendJson(response, 200, {});
      }
    });
    const client = clientWith({ token, apiUrl: server.apiUrl, timeoutMs: 1000 });
    const image = await nightUpload();
    await expect(client.upload(image)).rejects.toMatchObject({ code: 'network', retryable: true });
    await expect(client.upload(image)).rejects.toMatchObject({ code: 'bad_response', retryable: false });
    await expect(client.upload(image)).rejects.toMatchObject({ code: 'timeout', retryable: true });
    expect(server.count()).toBe(3);
  });
});

describe('parseImageRef', () => {
  it('parses what an upload returns', async () => {
    const { options } = await sandboxOptions();
    const [record] = await uploadFiles([night.file], options);
    const { assetRef } = record as Extract<UploadRecord, { status: 'uploaded' }>;
    expect(parseImageRef(assetRef)).toEqual({
      account: options.account,
      width: night.width,
      height: night.height,
      sizeBytes: night.size,
      nativeUri: expect.stringMatching(/^tos-sandbox\/[0-9a-f]{32}$/),
    });
  });

  it('returns no parts for other texts', () => {
    expect(parseImageRef('night.png')).toBeUndefined();
  });
});

describe('nothing is read from the environment', () => {
  async function setEnvironment() {
    const decoy = await rawServer((response) => sendJson(response, 401, {}));
    const dir = await tempDir();
    const config = join(dir, 'config.json');
    await writeFile(config, JSON.stringify({ account: 'US:config@example.com', timeout: 0.001 }));
    const environment = {
      DREAMINA_TOKEN: 'user:1-environment',
      USEAPI_TOKEN: 'user:2-environment',
      DREAMINA_ACCOUNT: 'US:environment@example.com',
      DREAMINA_API_URL: decoy.apiUrl,
      DREAMINA_CONCURRENCY: 'nonsense',
      DREAMINA_RETRIES: 'nonsense',
      DREAMINA_TIMEOUT: '0.001',
      DREAMINA_CONFIG: config,
      XDG_CONFIG_HOME: dir,
      HTTPS_PROXY: '::',
      HTTP_PROXY: '::',
      SSL_CERT_FILE: join(dir, 'missing.pem'),
    };
    for (const [name, value] of Object.entries(environment)) {
      vi.stubEnv(name, value);
    }
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    return decoy;
  }

  it('with all options given', async () => {
    const decoy = await setEnvironment();
    const { sandbox, options } = await sandboxOptions({ latencyMs: 20, tls: selfSigned });
    const records = await uploadFiles([night.file], { ...options, ca: selfSigned.cert });
    expect(records).toMatchObject([{ status: 'uploaded', account: options.account }]);
    expect(sandbox.requests[0]!.headers.authorization).toBe(`Bearer ${sandbox.token}`);
    expect(decoy.count()).toBe(0);
  });

  it('with an option missing', async () => {
    const decoy = await setEnvironment();
    const { sandbox, options } = await sandboxOptions();
    for (const missing of ['token', 'account']) {
      const given = { ...options, [missing]: undefined } as unknown as UploadFilesOptions;
      await expect(uploadFiles([night.file], given)).rejects.toThrow(ConfigError);
    }
    expect(sandbox.requests).toEqual([]);
    expect(decoy.count()).toBe(0);
  });
});
