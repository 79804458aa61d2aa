import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import type { FailedRecord, UploadRecord } from '../../src/index.ts';
import { fixture, fixtures } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import {
  answering,
  answeringBytes,
  exampleReference,
  type Respond,
  rawServer,
  sendJson,
} from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png');
const files = fixtures.map(({ file }) => file);
const reference = exampleReference;
const token = 'user:1234-abcdef';
const secret = 'abcdef';

/** Uploads one image, without a retry, to a server with that answer. */
async function uploadTo(respond: Respond, ...flags: readonly string[]) {
  const server = await rawServer(respond);
  const { stdout, stderr, exitCode, json } = await runCli(
    ['upload', night.file, '--retries', '0', '--json', ...flags],
    { env: server.env },
  );
  const [record, ...others] = json<UploadRecord[]>();
  expect(others).toEqual([]);
  // The accounts are listed for advice on a 404.
  expect(server.count()).toBe(record?.status === 'failed' && record.error.httpStatus === 404 ? 2 : 1);
  return { stderr, exitCode, record: record!, everything: stdout + stderr };
}

/**
 * Uploads one image for each answer, which gives it its name; one after the other and without a retry. Prints JSON, and
 * then text.
 */
async function uploadEach(
  answers: readonly (readonly [name: string, respond: Respond, ...others: unknown[]])[],
  ...flags: readonly string[]
) {
  const cwd = await tempDir();
  const names = answers.map(([name]) => name);
  for (const name of names) {
    await copyFile(night.file, join(cwd, name));
  }
  const server = await rawServer((response, request, ordinal) =>
    answers[ordinal % answers.length]![1](response, request, ordinal),
  );
  const run = (...more: string[]) =>
    runCli(['upload', '-c', '1', '--retries', '0', ...flags, ...more, ...names], { cwd, env: server.env });
  const json = await run('--json');
  const text = await run();
  expect(server.count()).toBe(2 * names.length);
  expect(text.exitCode).toBe(json.exitCode);
  const records = json.json<UploadRecord[]>();
  expect(records.map(({ path, attempts }) => [path, attempts])).toEqual(names.map((name) => [name, 1]));
  return { json, text, records, host: new URL(server.apiUrl).host };
}

/** Expects exactly these failures, in the records and on standard error. */
function expectFailures(
  { json, text, records }: Awaited<ReturnType<typeof uploadEach>>,
  errors: readonly (FailedRecord['error'] & { readonly hint: string })[],
): void {
  expect(records).toEqual(
    errors.map((error, index) => ({ ...records[index], index, status: 'failed', attempts: 1, error })),
  );
  expect(json.exitCode).toBe(1);
  expect(text.stdout).toBe('');
  const [first, ...others] = errors.map(({ message }, i) => `error: ${records[i]!.path}: ${message}`);
  for (const { stderr } of [json, text]) {
    // The same advice is given once.
    expect(stderr.split('\n')).toEqual([
      first,
      `  ${errors[0]!.hint}`,
      ...others,
      `${errors.length} failed`,
      '',
    ]);
  }
}

const hints = {
  unauthorized:
    'The token is from environment variable DREAMINA_TOKEN. Copy the whole token again from your useapi.net account into it.',
  payment_required: 'Renew the useapi.net subscription or add credits, then run the same command again.',
  account_not_found:
    'Check --account: it must be configured under this token at useapi.net. If it is, check apiUrl.',
  session_expired: 'Add the account again at useapi.net (POST /accounts), then run the same command again.',
  rate_limited: 'Try again later, or with a smaller --concurrency.',
  server_error: 'The service has a problem; try again later.',
  network: 'Check the connection, the proxy and the apiUrl.',
  timeout: 'Allow each attempt more time with --timeout, or send fewer files at once with -c.',
  bad_response: 'Check that apiUrl points at the Dreamina API; the API may have changed its response format.',
  redirect: 'Redirects are not followed; check apiUrl.',
};

describe('a refusal is reported with its code, message, hint, status and exit code', () => {
  const page = '<!DOCTYPE html><title>502 Bad Gateway</title><h1>\u001b[31mBad gateway</h1>';
  const saying = (error: string) => JSON.stringify({ error });
  const bmp = 'Content-Type (image/bmp) not supported. Valid values: image/jpeg, image/png, image/webp';
  const unknown = 'Unable to find configuration for account US:name@example.com';

  it.each([
    [400, saying(bmp), 'rejected', `the server refused it (HTTP 400: ${bmp})`, false, 1],
    [400, saying('Image is empty'), 'rejected', 'the server refused it (HTTP 400: Image is empty)', false, 1],
    [401, saying('Unauthorized'), 'unauthorized', 'the token was refused (HTTP 401: Unauthorized)', false, 4],
    [401, page, 'unauthorized', 'the token was refused (HTTP 401)', false, 4],
    [402, '', 'payment_required', 'the subscription has expired or credits are short (HTTP 402)', false, 4],
    [403, '', 'rejected', 'the server refused it (HTTP 403)', false, 1],
    [404, saying(unknown), 'account_not_found', `the account was not found (HTTP 404: ${unknown})`, false, 4],
    [404, page, 'account_not_found', 'the account was not found (HTTP 404)', false, 4],
    [408, '', 'rejected', 'the server gave up waiting for the request (HTTP 408)', true, 1],
    [413, page, 'rejected', 'the server says the file is too large (HTTP 413)', false, 1],
    [425, '', 'rejected', 'the server refused it (HTTP 425)', true, 1],
    [
      429,
      saying('At capacity'),
      'rate_limited',
      'the server is at capacity (HTTP 429: At capacity)',
      true,
      1,
    ],
    [500, saying('Oops'), 'server_error', 'the service failed (HTTP 500: Oops)', true, 1],
    [501, '', 'server_error', 'the service failed (HTTP 501)', false, 1],
    [502, page, 'server_error', 'the service failed (HTTP 502)', true, 1],
    [503, 'busy', 'server_error', 'the service failed (HTTP 503)', true, 1],
    [524, page, 'server_error', 'the service failed (HTTP 524)', true, 1],
    [
      596,
      saying('Session expired'),
      'session_expired',
      "the account's Dreamina session has expired (HTTP 596: Session expired)",
      false,
      4,
    ],
    [599, '', 'server_error', 'the service failed (HTTP 599)', false, 1],
  ] as const)('%d with %j: %s', async (status, body, code, message, retryable, exitCode) => {
    const result = await uploadTo(answeringBytes(status, body));
    expect(result.exitCode).toBe(exitCode);
    const hint = code !== 'rejected' && { hint: hints[code] };
    const error = { code, message, retryable, httpStatus: status, ...hint };
    expect(result.record).toEqual({ index: 0, path: night.file, status: 'failed', attempts: 1, error });
    const advice = hint ? `  ${hint.hint}\n` : '';
    expect(result.stderr).toBe(`error: ${night.file}: ${message}\n${advice}1 failed\n`);
  });

  it('also if the body is compressed although identity was requested', async () => {
    const body = gzipSync(JSON.stringify({ error: 'Image is empty' }));
    const result = await uploadTo(answeringBytes(400, body, { 'content-encoding': 'gzip' }));
    expect(result.record).toMatchObject({
      error: { message: 'the server refused it (HTTP 400: Image is empty)' },
    });
  });

  it('also if the connection is lost in the body', async () => {
    const result = await uploadTo((response) => {
      response.writeHead(403, { 'content-length': '1000' });
      response.write('{"error":"half a sen', () => response.socket?.end());
    });
    expect(result.record).toMatchObject({
      error: { code: 'rejected', message: 'the server refused it (HTTP 403)', httpStatus: 403 },
    });
  });
});

describe('a server that answers before it has read the body is reported by that answer', () => {
  it.each([
    [401, 'unauthorized', 4],
    [413, 'rejected', 1],
    [429, 'rate_limited', 1],
    [503, 'server_error', 1],
  ] as const)('HTTP %d, with a body of 10 MiB', async (status, code, exitCode) => {
    const dir = await tempDir();
    await writeFile(join(dir, 'big.png'), await bigImage());
    const server = await rawServer(
      (response) => {
        sendJson(response, status, { error: 'no' }, { connection: 'close' });
      },
      { drain: false },
    );
    const result = await runCli(['upload', 'big.png', '--json', '--retries', '0'], {
      env: server.env,
      cwd: dir,
    });
    expect(result.exitCode).toBe(exitCode);
    expect(result.json()).toMatchObject([{ status: 'failed', error: { code, httpStatus: status } }]);
    expect(server.count()).toBe(1);
  });

  it('even if it closes its side at once', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'early-401', rate: 1 }] });
    const dir = await tempDir();
    await writeFile(join(dir, 'big.png'), await bigImage());
    const result = await runCli(['upload', 'big.png', '--json'], { env, cwd: dir });
    expect(result.exitCode).toBe(4);
    expect(result.json()).toMatchObject([{ attempts: 1, error: { code: 'unauthorized', httpStatus: 401 } }]);
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('advice on a refused token', () => {
  it.each([
    ['the environment', 'environment variable USEAPI_TOKEN', 'into it.'],
    ['the user', 'user config', 'and give it to `dreamina login`.'],
    ['the project', 'project config', 'into that file.'],
    ['a file', 'config file', 'into that file.'],
  ])('names %s, the source of the token', async (from, source, what) => {
    const { env } = await rawServer(answering(401, { error: 'no' }));
    const { DREAMINA_TOKEN: token, ...rest } = env;
    const cwd = await tempDir();
    const config = JSON.stringify({ token });
    await mkdir(join(cwd, 'dreamina'));
    await writeFile(join(cwd, 'dreamina/config.json'), from === 'the user' ? config : '{}');
    await writeFile(join(cwd, '.dreaminarc.json'), from === 'the project' ? config : '{}');
    await writeFile(join(cwd, 'own.json'), config);
    const world = {
      cwd,
      env: { ...rest, XDG_CONFIG_HOME: cwd, ...(from === 'the environment' && { USEAPI_TOKEN: token! }) },
    };
    const flags = from === 'a file' ? ['--config', 'own.json'] : [];
    const upload = await runCli(['upload', night.file, ...flags], world);
    const accounts = await runCli(['accounts', ...flags], world);
    const doctor = await runCli(['doctor', ...flags], world);
    for (const text of [upload.stderr, accounts.stderr, doctor.stdout]) {
      expect(text).toContain(`  The token is from ${source}`);
      expect(text).toContain(`Copy the whole token again from your useapi.net account ${what}\n`);
    }
  });
});

describe('advice on an account that is not found', () => {
  const answeringAccounts = (accounts: unknown) =>
    rawServer((response, request) =>
      request.method === 'GET'
        ? sendJson(response, 200, accounts)
        : sendJson(response, 404, { error: 'Unable to find configuration' }),
    );

  it.each([
    [{ 'CA:a@b.co': {} }, 'The accounts of this token: CA:a@b.co. Give one of them with -a.'],
    [
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`US:${100 + i}@b.co`, {}])),
      `The accounts of this token: ${Array.from({ length: 10 }, (_, i) => `US:${100 + i}@b.co`).join(', ')} and 490 more. Give one of them with -a.`,
    ],
    [{}, 'No account is configured under this token; add one at useapi.net (POST /accounts).'],
    // This list has the account that was not found.
    [{ 'US:name@example.com': {} }, hints.account_not_found],
    ['no list', hints.account_not_found],
  ])('lists the accounts of the token: %#', async (accounts, hint) => {
    const { env, count } = await answeringAccounts(accounts);
    const { stderr, exitCode } = await runCli(['upload', ...files.slice(0, 3), '-c', '3'], { env });
    expect(stderr).toContain(`\n  ${hint}\n`);
    expect(exitCode).toBe(4);
    expect(count()).toBeLessThanOrEqual(6);
  });

  it('does not wait for a list that never arrives', async () => {
    const interruption = new AbortController();
    const { env } = await rawServer((response, request) => {
      if (request.method === 'GET') {
        interruption.abort(new Interruption('SIGINT'));
      } else {
        sendJson(response, 404, {});
      }
    });
    const result = await runCli(['upload', night.file, '--json'], { env, signal: interruption.signal });
    expect(result.exitCode).toBe(130);
    expect(result.json()).toMatchObject([{ path: night.file }]);
  });
});

describe('an answer that every other file would get too', () => {
  it.each([
    [401, 'unauthorized'],
    [402, 'payment_required'],
    [404, 'account_not_found'],
    [596, 'session_expired'],
  ] as const)('%d stops the batch at once', async (status, code) => {
    let uploads = 0;
    const server = await rawServer((response, request, ordinal) => {
      uploads += request.method === 'POST' ? 1 : 0;
      return ordinal === 1
        ? sendJson(response, status, { error: 'no' })
        : sendJson(response, 200, { imageRef: reference });
    });
    const run = (...flags: string[]) =>
      runCli(['upload', '-c', '1', ...files.slice(0, 5), ...flags], { env: server.env });
    const json = await run('--json');
    expect(json.exitCode).toBe(4);
    expect(json.json<UploadRecord[]>().map(({ status, attempts }) => [status, attempts])).toEqual([
      ['uploaded', 1],
      ['failed', 1],
      ['cancelled', 0],
      ['cancelled', 0],
      ['cancelled', 0],
    ]);
    expect(json.json()).toMatchObject([{}, { error: { code, httpStatus: status } }, {}, {}, {}]);
    expect(json.stderr).toMatch(/\n1 uploaded, 1 failed, 3 cancelled \(/);
    expect(uploads).toBe(2);
  });

  it('cancels what is in flight, and starts nothing new', async () => {
    let arrived = () => {};
    const allArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const closed: Promise<unknown>[] = [];
    const server = await rawServer(async (response, request, ordinal) => {
      if (ordinal > 0) {
        closed.push(once(request.socket, 'close'));
      }
      if (closed.length === 3) {
        arrived();
      }
      if (ordinal === 0) {
        await allArrived;
        sendJson(response, 401, {});
      }
    });
    const result = await runCli(['upload', '-c', '4', ...files, '--json'], { env: server.env });
    expect(result.exitCode).toBe(4);
    const records = result.json<UploadRecord[]>();
    expect(records.map(({ status }) => status).sort()).toEqual([...Array(6).fill('cancelled'), 'failed']);
    expect(records.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 0, 0, 0]);
    expect(server.count()).toBe(4);
    // None of the connections outlives the run.
    await Promise.all(closed);
  });

  it('prints the references so far, in text', async () => {
    const server = await rawServer((response, _request, ordinal) =>
      sendJson(response, ordinal === 2 ? 596 : 200, { imageRef: `${reference}-${ordinal}` }),
    );
    const result = await runCli(['upload', '-c', '1', ...files], { env: server.env });
    expect(result.exitCode).toBe(4);
    expect(result.lines).toEqual([`${reference}-0`, `${reference}-1`]);
    expect(server.count()).toBe(3);
  });

  it.each([400, 403, 409, 413, 418, 422])('is not %d, which concerns one file only', async (status) => {
    const server = await rawServer((response, _request, ordinal) =>
      sendJson(response, ordinal % 2 === 0 ? status : 200, { imageRef: reference }),
    );
    const result = await runCli(['upload', '-c', '1', ...files, '--json'], { env: server.env });
    expect(result.exitCode).toBe(3);
    expect(result.json<UploadRecord[]>().map(({ status }) => status)).toEqual(
      files.map((_, i) => (i % 2 === 0 ? 'failed' : 'uploaded')),
    );
    expect(server.count()).toBe(files.length);
  });
});

describe('an answer with a reference', () => {
  const { width, height, size } = night;
  const own = `US:name@example.com-image:w${width}:h${height}:s${size}-uri:tos/0123`;
  const known = { account: 'US:name@example.com', width, height };

  const good: [
    what: string,
    body: object,
    expected?: Partial<typeof known> & { readonly imageRef: string },
  ][] = [
    ['imageRef alone', { imageRef: own, ...known, size }],
    ['assetRef alone', { assetRef: own, ...known, size }],
    ['both: assetRef counts', { imageRef: 'old', assetRef: own, ...known, size }],
    ['extra fields', { assetRef: own, ...known, size, type: 'image', duration: 0, nested: { a: [1] } }],
    ['only the reference', { assetRef: own }],
    ['nulls beside the reference', { assetRef: own, account: null, width: null, height: null }],
    ['an imageRef that is null', { imageRef: null, assetRef: own }],
    ['an assetRef that is a number', { imageRef: own, assetRef: 5 }],
    ['an assetRef that is not a single word', { imageRef: own, assetRef: 'a b' }],
    [
      'a reference of an unknown form',
      { assetRef: 'asset/5?x=y' },
      { imageRef: 'asset/5?x=y', account: 'US:name@example.com' },
    ],
    [
      'a reference of an unknown form, and pixels',
      { assetRef: 'asset', width: 5, height: 7 },
      { imageRef: 'asset', account: 'US:name@example.com', width: 5, height: 7 },
    ],
  ];

  it('gives its reference and its facts, whatever else it has', async () => {
    const { json, text, records } = await uploadEach(
      good.map(([what, body]) => [what, answering(200, body)] as const),
    );
    expect(json.exitCode).toBe(0);
    expect(records).toEqual(
      good.map(([path, _body, expected = { imageRef: own, ...known }], index) => ({
        index,
        path,
        status: 'uploaded',
        type: 'image',
        assetRef: expected.imageRef,
        ...expected,
        size: night.size,
        contentType: 'image/png',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        attempts: 1,
        durationMs: expect.any(Number),
      })),
    );
    expect(text.lines).toEqual(good.map(([, , expected]) => expected?.imageRef ?? own));
    expect(text.stderr).toMatch(/^11 uploaded \(37\.9 kB in .*\)\n$/);
  });

  it('causes a warning in the record and on standard error if it says what was not expected', async () => {
    const cases: [what: string, body: { imageRef: string; [field: string]: unknown }, warning: string][] = [
      ['another size', { imageRef: own, size: 17 }, `the server received 17 bytes, but ${size} were sent`],
      [
        'another size in the reference alone',
        { imageRef: own.replace(`s${size}`, 's17') },
        `the server received 17 bytes, but ${size} were sent`,
      ],
      [
        'another account',
        { imageRef: own, account: 'CA:other@example.com' },
        'the answer is for account CA:other@example.com, not US:name@example.com',
      ],
      [
        'an error beside the reference',
        { imageRef: own, error: 'Low on credits' },
        'the server also says: Low on credits',
      ],
    ];
    const { json, text, records } = await uploadEach(
      cases.map(([what, body]) => [what, answering(200, body)] as const),
    );
    expect(json.exitCode).toBe(0);
    expect(text.lines).toEqual(cases.map(([, { imageRef }]) => imageRef));
    expect(records).toMatchObject(cases.map(([, , warning]) => ({ warnings: [warning] })));
    for (const { stderr } of [json, text]) {
      expect(stderr.split('\n').slice(0, -2)).toEqual(
        cases.map(([what, , warning]) => `warning: ${what}: ${warning}`),
      );
    }
  });

  it('a reference of absurd length is refused, and an account of absurd length is left out', async () => {
    const long = await uploadTo(
      answering(200, { imageRef: `US:a@b-image:w1:h1:s1-uri:${'x'.repeat(900_000)}` }),
    );
    expect(long.record).toMatchObject({ status: 'failed', error: { code: 'bad_response' } });
    expect(long.everything.length).toBeLessThan(3000);

    const account = 'y'.repeat(400_000);
    const { record, everything } = await uploadTo(answering(200, { imageRef: own, account, error: account }));
    expect(record).toMatchObject({ status: 'uploaded', account: expect.stringMatching(/^US:/) });
    expect(everything.length).toBeLessThan(6000);
  });

  it('a warning is shown with -q too, and is in the record', async () => {
    const respond = answering(200, { imageRef: own, error: 'Low on credits' });
    const { stderr, record } = await uploadTo(respond, '-q');
    expect(stderr).toBe(`warning: ${night.file}: the server also says: Low on credits\n`);
    expect(record).toMatchObject({ warnings: ['the server also says: Low on credits'] });
  });

  const text = JSON.stringify({ imageRef: own });
  const compressed = (encoding: string, bytes: Buffer) =>
    answeringBytes(200, bytes, { 'content-encoding': encoding });

  it('may come in many forms', async () => {
    const forms: [what: string, respond: Respond][] = [
      ['compressed with gzip, although identity was requested', compressed('gzip', gzipSync(text))],
      ['compressed with x-gzip', compressed('x-gzip', gzipSync(text))],
      ['compressed with GZIP', compressed('GZIP', gzipSync(text))],
      ['compressed with deflate', compressed('deflate', deflateSync(text))],
      ['compressed with br', compressed('br', brotliCompressSync(text))],
      [
        'in small pieces, with a byte order mark, under another type',
        (response) => {
          response.writeHead(200, { 'content-type': 'text/html' });
          for (const byte of Buffer.from(`\uFEFF${text}\n`)) {
            response.write(Buffer.of(byte));
          }
          response.end();
        },
      ],
      [
        'complete, although shorter than its Content-Length',
        (response) => {
          response.writeHead(200, { 'content-length': '5000' });
          response.write(text, () => response.socket?.end());
        },
      ],
      ['a 201', answeringBytes(201, text)],
    ];
    const { records } = await uploadEach(forms);
    expect(records).toMatchObject(forms.map(() => ({ status: 'uploaded', imageRef: own })));
  });

  it('is requested without compression', async () => {
    const asked: unknown[] = [];
    await uploadTo((response, request) => {
      asked.push(request.headers['accept-encoding']);
      sendJson(response, 200, { imageRef: own });
    });
    expect(asked).toEqual(['identity']);
  });
});

describe('an answer without a reference is a bad_response', () => {
  const html = '<!DOCTYPE html><html><body>Log in to the hotel Wi-Fi</body></html>';

  const cutOff = 'the answer was cut off before its reference';

  const failure = (message: string) => ({
    code: 'bad_response' as const,
    message: `${message} (HTTP 200)`,
    retryable: message === cutOff,
    httpStatus: 200,
    hint: hints.bad_response,
  });

  it('whatever it contains', async () => {
    const cases: [what: string, body: string, message?: string][] = [
      ['an empty body', '', 'the answer is empty'],
      ['HTML', html, 'the answer is an HTML page, not JSON'],
      ['text', 'OK', 'the answer is not a JSON object'],
      ['null', 'null', 'the answer is not a JSON object'],
      ['true', 'true', 'the answer is not a JSON object'],
      ['a number', '7', 'the answer is not a JSON object'],
      ['a JSON text', JSON.stringify(reference), 'the answer is not a JSON object'],
      ['an array', JSON.stringify([{ imageRef: reference }]), 'the answer is not a JSON object'],
      ['an empty object', '{}'],
      ['a number as the reference', '{"imageRef":7,"assetRef":true}'],
      ['an object as the reference', '{"assetRef":{"id":"x"}}'],
      ['an array as the reference', JSON.stringify({ assetRef: [reference] })],
      ['an empty text as the reference', '{"imageRef":""}'],
      ['a space in the reference', JSON.stringify({ imageRef: `${reference} x` })],
      ['a line break in the reference', JSON.stringify({ imageRef: `a\n${reference}` })],
      ['an escape sequence in the reference', JSON.stringify({ imageRef: `\u001b[2J${reference}` })],
      ['a bidi override in the reference', JSON.stringify({ imageRef: `\u202e${reference}` })],
      [
        'an error',
        '{"error":"Moderation failed"}',
        'the answer contains no reference; the server says: Moderation failed',
      ],
      ['JSON cut off, closed cleanly', JSON.stringify({ imageRef: reference }).slice(0, 60), cutOff],
    ];
    const result = await uploadEach(
      cases.map(([what, body]) => [what, answeringBytes(200, body, { connection: 'close' })] as const),
    );
    expectFailures(
      result,
      cases.map(([, , message = 'the answer contains no reference']) => failure(message)),
    );
  });

  const tooLong = 'the answer is longer than 1 MiB';
  const half = JSON.stringify({ imageRef: reference }).slice(0, 60);
  const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

  it('however it comes', async () => {
    const cases: [what: string, respond: Respond, message: string][] = [
      [
        'fewer bytes than the Content-Length says',
        (response) => {
          response.writeHead(200, { 'content-length': '5000' });
          response.write(half, () => response.socket?.end());
        },
        cutOff,
      ],
      [
        'chunks that break off',
        (response) => {
          response.writeHead(200);
          response.write(half, () => response.socket?.destroy());
        },
        cutOff,
      ],
      [
        'truncated gzip',
        answeringBytes(200, gzipSync(JSON.stringify({ imageRef: reference })).subarray(0, 30), {
          'content-encoding': 'gzip',
        }),
        cutOff,
      ],
      ['text labelled as gzip', answeringBytes(200, 'not gzip', { 'content-encoding': 'gzip' }), cutOff],
      [
        'an unknown encoding',
        answeringBytes(200, gzipSync('{}'), { 'content-encoding': 'compress' }),
        'the answer is not a JSON object',
      ],
      [
        'a gzip bomb',
        answeringBytes(200, gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 1 }), {
          'content-encoding': 'gzip',
        }),
        tooLong,
      ],
      [
        'a brotli bomb',
        answeringBytes(200, brotliCompressSync(Buffer.alloc(16 * 1024 * 1024), quickly), {
          'content-encoding': 'br',
        }),
        tooLong,
      ],
      [
        'more than 1 MiB',
        answeringBytes(200, JSON.stringify({ x: 'x'.repeat(1024 * 1024), imageRef: reference })),
        tooLong,
      ],
    ];
    expectFailures(
      await uploadEach(cases),
      cases.map(([, , message]) => failure(message)),
    );
  });

  it('and its connection is closed if its body is endless', async () => {
    const closed: Promise<unknown>[] = [];
    const { record } = await uploadTo((response) => {
      closed.push(once(response, 'close'));
      response.writeHead(200);
      pump(response);
    });
    expect(record).toMatchObject({ error: { code: 'bad_response', message: `${tooLong} (HTTP 200)` } });
    await Promise.all(closed);
  });

  it('but not if it has exactly 1 MiB and a reference', async () => {
    const start = `{"imageRef":"${reference}","x":"`;
    const body = `${start}${'x'.repeat(1024 * 1024 - start.length - 2)}"}`;
    expect((await uploadTo(answeringBytes(200, body))).record).toMatchObject({ imageRef: reference });
  });

  it.each(['429', '500'])('but a refusal if it is a %s with an endless body', async (status) => {
    const { record } = await uploadTo((response) => {
      response.writeHead(Number(status));
      pump(response);
    });
    expect(record).toMatchObject({ error: { httpStatus: Number(status), retryable: true } });
  });
});

it('an answer that is not HTTP is a network error', async () => {
  const cases: [what: string, bytes: string | Buffer, problem: string][] = [
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'the answer is not HTTP'],
    ['a TLS alert', Buffer.from('15030100020230', 'hex'), 'the answer is not HTTP'],
    ['a status line without a status', 'HTTP/1.1 abc OK\r\n\r\n', 'the answer is not HTTP'],
    [
      'a line that is not a header',
      'HTTP/1.1 200 OK\r\n\u0000\u0001garbage\r\n\r\n',
      'the answer is not HTTP',
    ],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nx: a\u0000b\r\n\r\n', 'the answer is not HTTP'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}',
      'the answer is not as long as it says',
    ],
    [
      'a header of 100 kB',
      `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
      'the headers of the answer are too long',
    ],
    ['half of the headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'the connection was closed before an answer'],
    ['nothing', '', 'the connection was closed before an answer'],
  ];
  const result = await uploadEach(
    cases.map(
      ([what, bytes]) => [what, (response: ServerResponse) => void response.socket!.end(bytes)] as const,
    ),
  );
  expectFailures(
    result,
    cases.map(([, , problem]) => ({
      code: 'network',
      message: `${result.host}: ${problem}`,
      retryable: true,
      hint: hints.network,
    })),
  );
});

describe('a redirect', () => {
  it('is not followed', async () => {
    const target = await rawServer(answering(200, { imageRef: reference }));
    const statuses = [301, 302, 303, 307, 308];
    const result = await uploadEach(
      statuses.map(
        (status) => [`${status}`, answeringBytes(status, '', { location: target.apiUrl })] as const,
      ),
    );
    expectFailures(
      result,
      statuses.map((status) => ({
        code: 'rejected',
        message: `the server redirects to ${target.apiUrl} (HTTP ${status})`,
        retryable: false,
        httpStatus: status,
        hint: hints.redirect,
      })),
    );
    expect(target.count()).toBe(0);
  });

  it('without a location is reported as well', async () => {
    const { record } = await uploadTo(answeringBytes(302, '', {}));
    expect(record).toMatchObject({ error: { code: 'rejected', message: 'the server redirects (HTTP 302)' } });
  });
});

describe('the message of a server', () => {
  const evil = 'bad\u001b[2Jbad\r\nerror: forged\u0007\u009b31m\u202egnp\u2028';
  const escaped = String.raw`bad\x1b[2Jbad\r\nerror: forged\x07\x9b31m\u{202e}gnp`;

  it('has its control characters escaped on standard error', async () => {
    const { text, records } = await uploadEach([
      ['the words of a refusal', answering(400, { error: evil })],
      ['the words beside a reference', answering(200, { imageRef: reference, error: evil })],
      ['the words instead of a reference', answering(200, { error: evil })],
      ['an account', answering(200, { imageRef: reference, account: evil })],
    ]);
    for (const { path } of records) {
      expect(text.stderr.split('\n').filter((line) => line.includes(path))).toContainEqual(
        expect.stringContaining(escaped),
      );
    }
    expect(text.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(text.stderr).not.toMatch(/^error: forged/m);
    // JSON has it unchanged, for programs.
    for (const record of records) {
      expect(JSON.stringify(record)).toContain(JSON.stringify(evil.trim()).slice(1, -1));
    }
  });

  it('is escaped with -v too', async () => {
    const { stderr } = await uploadTo(answering(400, { error: evil }), '-v');
    expect(stderr.split(escaped)).toHaveLength(3);
    expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
  });

  it('is cut to a reasonable length', async () => {
    const { stderr, record } = await uploadTo(answering(400, { error: `begin ${'long '.repeat(100_000)}` }));
    expect(stderr.length).toBeLessThan(600);
    expect(stderr).toContain('(HTTP 400: begin long long');
    expect((record as FailedRecord).error.message).toMatch(/^the server refused it .{300,320}…\)$/);
  });

  it.each(['AB:', 'AB:-uri', '-uri:', 'user:1-', '%25', '\\\\u', '::'])(
    'does not take longer to redact if it nearly matches: %s',
    { timeout: 5000 },
    async (word) => {
      const server = await rawServer(
        answering(400, { error: word.repeat(900_000 / JSON.stringify(word).length) }),
      );
      const { exitCode } = await runCli(['upload', night.file, '--json'], { env: server.env });
      expect(exitCode).toBe(1);
    },
  );
});

describe('the token appears nowhere when a server sends it back', () => {
  const spellings = [token, encodeURIComponent(token), 'user%3a1234-abcdef', 'USER:1234-ABCDEF'];

  it.each(spellings)('in any place, as %s', async (text) => {
    const { json, text: plain } = await uploadEach(
      [
        ['the error of a refusal', answering(403, { error: `no such token: ${text}!` })],
        ['the error beside a reference', answering(200, { imageRef: reference, error: text })],
        ['the error of a 200', answering(200, { error: `${'x'.repeat(290)}${text}` })],
        ['Location', answeringBytes(302, '', { location: `https://evil.example/?token=${text}` })],
        ['HTML', answeringBytes(502, `<h1>Bearer ${text}</h1>`, {})],
        ['the account', answering(200, { imageRef: reference, account: text })],
        ['the reference', answering(200, { imageRef: `ref/${text}` })],
        // This one ends the batch.
        ['a refusal of the token', answering(401, { error: `Bearer ${text} is not known` })],
      ],
      '-v',
    );
    for (const output of [json.stdout, json.stderr, plain.stdout, plain.stderr]) {
      expect(output.toLowerCase()).not.toContain(secret);
    }
  });

  it('escaped in JSON', async () => {
    const body = String.raw`{"error":"user\u003a1234\u002Dabc\u0064ef"}`;
    const { everything } = await uploadTo(answeringBytes(400, body), '-v');
    expect(everything).toContain('[token]');
    expect(everything).not.toContain(secret);
  });

  it('not even in part, wherever the text is cut', async () => {
    const long = 'user:4711-Sup3rS3cretT0k3nOf40Characters9';
    const server = await rawServer((response, _request, ordinal) =>
      sendJson(response, 403, {
        error: `${'x'.repeat(250 + ordinal)} ${long} ${long.slice(0, 20)}… …${long.slice(-12)}`,
      }),
    );
    const { stdout, stderr, json } = await runCli(['upload', '-r', '.', '-c', '1', '--json', '-v'], {
      cwd: await imageFolder(45),
      env: { ...server.env, DREAMINA_TOKEN: long },
    });
    expect(stdout + stderr).not.toMatch(/Sup3r|Characters9/);
    expect(json<FailedRecord[]>().map(({ error }) => error.message)).toEqual(
      Array(45).fill(expect.stringContaining('xxx [t')),
    );
  });

  it.each(['uploaded', 'imageRef', 'image', 'US', 'name@example.com'])(
    'but a token that is an ordinary word stays in results: %s',
    async (word) => {
      const answer = { imageRef: reference, account: 'US:name@example.com' };
      const server = await rawServer(answering(200, answer));
      const env = { ...server.env, DREAMINA_TOKEN: word };
      const json = await runCli(['upload', night.file, '--json'], { env });
      expect(json.json()).toMatchObject([{ status: 'uploaded', ...answer }]);
      expect((await runCli(['upload', night.file], { env })).lines).toEqual([reference]);
    },
  );

  it('but the rest of the message stays', async () => {
    const { record } = await uploadTo(answering(403, { error: `Token ${token} is blocked` }));
    expect(record).toMatchObject({
      error: { message: 'the server refused it (HTTP 403: Token [token] is blocked)' },
    });
  });

  it('even with characters that are special in patterns and JSON', async () => {
    const odd = String.raw`a+b(c)*"d\e$/.[`;
    const server = await rawServer(answering(403, { error: `Token ${odd} is blocked` }));
    const result = await runCli(['upload', night.file, '--json'], {
      env: { ...server.env, DREAMINA_TOKEN: odd },
    });
    expect(result.json()).toMatchObject([
      { error: { message: 'the server refused it (HTTP 403: Token [token] is blocked)' } },
    ]);
    expect(result.stderr).not.toContain(odd);
  });
});

/** Writes until the other side disconnects. */
function pump(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, '{"a":');
  const write = () => {
    while (!response.destroyed && response.write(chunk)) {
      // As long as the other side reads.
    }
  };
  response.on('drain', write);
  write();
}

/** A PNG of exactly the limit. */
async function bigImage(): Promise<Buffer> {
  return Buffer.concat([await readFile(night.file)], 10_485_760);
}
