import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAccountsAnswer } from '../../src/client/accounts-answer.ts';
import type { Answer } from '../../src/client/answer.ts';
import { readAnswerBody } from '../../src/client/read-answer-body.ts';
import { readUploadAnswer } from '../../src/client/upload-answer.ts';
import { ApiError } from '../../src/errors.ts';
import { spellingsOf } from '../../src/secrets.ts';
import { backoffMs } from '../../src/upload/backoff.ts';
import type { UploadRecord } from '../../src/upload/record.ts';
import { fixture } from '../fixtures.ts';
import { byteServer } from '../harness/byte-server.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { accountsBody, answerBytes, retryAfter, status, uploadBody } from './answer-bytes.ts';
import { casesOf } from './cases.ts';
import { damaged, hostileText, spelledToken, textWithToken, token } from './hostile-text.ts';
import { expectCleanPrototype, expectNoSecret, runAndExpect } from './promises.ts';

const now = Date.UTC(2026, 10, 23);
const account = 'US:name@example.com';
const night = fixture('night.png').file;

const redact = (text: string) => text.replaceAll(spellingsOf(token), '[token]');

/** Longer than any message that quotes a server. */
const maxMessageLength = 700;

function answerOf(body: fc.Arbitrary<string>): fc.Arbitrary<Answer> {
  return fc.record({
    status: fc.oneof(fc.constant(200), status),
    headers: fc.record(
      {
        'retry-after': fc.oneof(retryAfter, fc.array(retryAfter, { maxLength: 2 })),
        location: fc.oneof(hostileText, fc.array(hostileText, { maxLength: 2 })),
      },
      { requiredKeys: [] },
    ),
    text: body,
    ending: fc.constantFrom('whole', 'whole', 'whole', 'lost', 'too-long'),
    receivedAtMs: fc.constant(now),
    redact: fc.constant(redact),
  });
}

/** The result of reading it; every error but an ApiError is thrown on. */
function readOrRefuse<Value>(read: () => Value, { status }: Answer): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ApiError)) {
      throw error;
    }
    expect(error.httpStatus).toBe(status);
    expect(error.message.length).toBeLessThan(maxMessageLength);
    const waitMs = backoffMs(1, error.retryAfterMs, () => 0.5);
    expect(waitMs >= 0 && waitMs <= 300_000).toBe(true);
    return undefined;
  }
}

test('an answer to an upload is a reference or a refusal', () => {
  fc.assert(
    fc.property(answerOf(uploadBody), (answer) => {
      const asset = readOrRefuse(() => readUploadAnswer(answer, { account, sizeBytes: 3443 }), answer);
      if (asset !== undefined) {
        expect(asset.assetRef).toMatch(/^[\x21-\x7e]+$/);
        expect(asset.account).not.toBe('');
        for (const pixels of [asset.width ?? 1, asset.height ?? 1]) {
          expect(Number.isSafeInteger(pixels) && pixels >= 0).toBe(true);
        }
        expect(asset.warnings.every((text) => text.length < maxMessageLength)).toBe(true);
      }
      expectCleanPrototype();
    }),
    casesOf('answer to an upload'),
  );
});

test('an answer to GET /accounts is a list or a refusal', () => {
  fc.assert(
    fc.property(answerOf(accountsBody), (answer) => {
      const accounts = readOrRefuse(() => readAccountsAnswer(answer), answer) ?? [];
      for (const { account: name, sessionExpires } of accounts) {
        expect(name).toContain(':');
        expect(sessionExpires === undefined || Date.parse(sessionExpires) > 0).toBe(true);
      }
      expectCleanPrototype();
    }),
    casesOf('list of accounts'),
  );
});

test('a body is text of at most 1 MiB, however it is compressed', async () => {
  const packed = fc.oneof(
    fc.tuple(fc.constantFrom('gzip', 'deflate', 'br', 'GZIP', 'constructor', '__proto__', ''), hostileText),
    fc.tuple(hostileText, hostileText),
  );
  const chunks = packed.chain(([encoding, text]) =>
    fc.tuple(
      fc.constant(encoding),
      fc.oneof(
        damaged(fc.constant(Buffer.from(text))),
        damaged(fc.constant(gzipSync(text))),
        damaged(fc.constant(deflateSync(text))),
        fc.constant(gzipSync(Buffer.alloc(text.length * 2000))),
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(chunks, fc.nat(40), fc.boolean(), async ([encoding, bytes], cut, isLost) => {
      const body = await readAnswerBody(
        (async function* () {
          yield bytes.subarray(0, cut);
          yield bytes.subarray(cut);
          if (isLost) {
            throw new Error('lost');
          }
        })(),
        encoding,
      );
      expect(body.text.length).toBeLessThanOrEqual(1024 * 1024);
      if (!/^(x-)?gzip$|^deflate$|^br$/i.test(encoding)) {
        expect(body).toEqual({ text: bytes.toString('utf8'), ending: isLost ? 'lost' : 'whole' });
      }
    }),
    casesOf('answer in bytes'),
  );
});

test('the token is found in any text, however it is spelled', () => {
  const repetitive = fc
    .tuple(fc.constantFrom('\\', '%', 'u', '\\u005c', '%5c', '0'), fc.integer({ min: 1, max: 400 }))
    .map(([unit, times]) => unit.repeat(times));
  fc.assert(
    fc.property(fc.array(fc.oneof(textWithToken, spelledToken, repetitive), { maxLength: 4 }), (pieces) => {
      const text = pieces.join('');
      expectNoSecret(redact(text));
      expectNoSecret(redact(JSON.stringify(text)));
      expectNoSecret(redact(JSON.stringify({ error: JSON.stringify(text) })));
    }),
    casesOf('token in a text'),
  );
});

test('an upload keeps its promises, whatever the server answers', async () => {
  const server = await byteServer();
  const homeDir = await tempDir();
  const env = {
    DREAMINA_API_URL: `http://127.0.0.1:${server.port}/v1`,
    DREAMINA_TOKEN: token,
    DREAMINA_ACCOUNT: account,
  };
  await fc.assert(
    fc.asyncProperty(
      answerBytes(uploadBody),
      fc.constantFrom('json', 'ndjson', 'text', 'frames'),
      fc.subarray(['-v', '-q', '--fail-fast'], { maxLength: 1 }),
      fc.nat(2),
      fc.boolean(),
      async (bytes, format, flags, retries, isGitHub) => {
        server.answer = bytes;
        const argv = ['upload', night, '--format', format, '--retries', String(retries), ...flags];
        const { stdout, exitCode } = await runAndExpect(
          argv,
          { env: { ...env, ...(isGitHub && { GITHUB_ACTIONS: 'true' }) }, homeDir },
          { exitCodes: [0, 1, 4], form: format === 'ndjson' || format === 'text' ? format : 'json' },
        );
        if (format === 'json' || format === 'ndjson') {
          const records = [JSON.parse(stdout)].flat() as UploadRecord[];
          expect(records).toHaveLength(1);
          expect(records[0]).toMatchObject({
            index: 0,
            path: night,
            status: exitCode === 0 ? 'uploaded' : 'failed',
          });
        } else {
          expect(stdout !== '').toBe(exitCode === 0);
        }
      },
    ),
    casesOf('upload to a server'),
  );
});

test('every other command with a request keeps its promises, whatever the server answers', async () => {
  const server = await byteServer();
  const homeDir = await tempDir();
  const env = { DREAMINA_API_URL: `http://127.0.0.1:${server.port}`, DREAMINA_TOKEN: token };
  const named = { ...env, DREAMINA_ACCOUNT: account };
  const runs = [
    { argv: ['accounts'], env, exitCodes: [0, 1, 4], form: 'text' },
    { argv: ['accounts', '--json', '-v'], env, exitCodes: [0, 1, 4], form: 'json' },
    { argv: ['doctor'], env: named, exitCodes: [0, 1, 4], form: 'text' },
    { argv: ['doctor', '--json'], env, exitCodes: [0, 1, 4], form: 'json' },
    // Without an account, it asks for the list of accounts.
    { argv: ['upload', night], env, exitCodes: [4], form: 'text' },
    { argv: ['login', '--with-token'], env, exitCodes: [0, 1, 4], form: 'text' },
    { argv: ['login', '--with-token', '-a', account], env, exitCodes: [0, 1, 4], form: 'text' },
  ] as const;
  await fc.assert(
    fc.asyncProperty(answerBytes(accountsBody), fc.constantFrom(...runs), async (bytes, run) => {
      server.answer = bytes;
      // The next run must not read what `login` writes.
      const world = { env: run.env, homeDir, cwd: '/', stdin: token };
      await runAndExpect([...run.argv, ...(run.argv[0] === 'upload' ? ['--no-config'] : [])], world, run);
    }),
    casesOf('other command to a server'),
  );
});
