import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { exampleReference } from '../harness/raw-server.ts';
import { damaged, fewOf, hostileText, jsonOf, spelledToken, textWithToken } from './hostile-text.ts';

/** Statuses: all that the client knows by name, any other of three digits, and texts that are not a status. */
export const status: fc.Arbitrary<number> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(200) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[201, 204, 301, 304, 307, 400, 401, 402, 404, 408, 413, 425, 429, 500, 502, 503, 520, 596, 999],
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
);

const known = (name: string) =>
  fc.oneof(
    { weight: 1, arbitrary: jsonOf(textWithToken) },
    {
      weight: 2,
      arbitrary:
        name.endsWith('Ref') || name === 'account'
          ? fc.constantFrom(exampleReference, 'US:name@example.com')
          : fc.constantFrom(0, 1, 685, '2026-12-01T00:00:00Z', '2026-12-01junk', '9999-99-99'),
    },
  );

/** The body of an answer to an upload as an object: the fields that are read, and others. */
const uploadFields = fc.tuple(
  fc.record(
    {
      imageRef: known('imageRef'),
      assetRef: known('assetRef'),
      account: known('account'),
      error: fc.oneof(textWithToken, jsonOf(textWithToken)),
      width: known('width'),
      height: known('height'),
      size: known('size'),
    },
    { requiredKeys: [] },
  ),
  fc.dictionary(textWithToken, jsonOf(textWithToken), { maxKeys: 2 }),
);

/** The map of GET /accounts. */
const accountMap = fc.dictionary(
  fc.oneof(fc.constantFrom('US:name@example.com', 'CA:b@example.com', '__proto__', ':'), textWithToken),
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        {
          account: known('account'),
          email: jsonOf(textWithToken),
          region: jsonOf(textWithToken),
          maxJobs: known('maxJobs'),
          sessionExpires: known('sessionExpires'),
          error: textWithToken,
        },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: jsonOf(textWithToken) },
  ),
  { maxKeys: 4 },
);

const page = textWithToken.map((text) => `<!DOCTYPE html><title>502</title><h1>${text}</h1>`);

/** JSON as it is, cut off, with keys that JavaScript treats in its own way, or nested deeply. */
function bodyOf(json: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const text = json.map((value) => JSON.stringify(value) ?? 'null');
  return fc.oneof(
    { weight: 6, arbitrary: text },
    {
      weight: 1,
      arbitrary: fc.tuple(text, fc.nat(60)).map(([whole, cut]) => whole.slice(0, -cut - 1)),
    },
    {
      weight: 1,
      arbitrary: text.map((whole) => `{"__proto__":{"imageRef":"${exampleReference}"},"x":${whole}}`),
    },
    { weight: 1, arbitrary: text.map((whole) => `\ufeff${whole}\r\n`) },
    // A number that JSON allows and JavaScript cannot represent.
    {
      weight: 1,
      arbitrary: text.map(
        (whole) => `{"size":1e999,"width":1e999,"US:a@b.c":{"maxJobs":1e999},"x":${whole}}`,
      ),
    },
    { weight: 1, arbitrary: page },
    { weight: 1, arbitrary: textWithToken },
    // The token inside a JSON text, spelled in ways that may break the JSON.
    { weight: 1, arbitrary: spelledToken.map((spelled) => `{"error":"Bearer ${spelled} is unknown"}`) },
    { weight: 1, arbitrary: fc.nat(5000).map((depth) => `${'{"error":['.repeat(depth)}`) },
  );
}

/** Bodies of answers to an upload. */
export const uploadBody: fc.Arbitrary<string> = bodyOf(
  uploadFields.map(([fields, more]) => ({ ...more, ...fields })),
);

/** Bodies of answers to GET /accounts. */
export const accountsBody: fc.Arbitrary<string> = bodyOf(accountMap);

/** `Retry-After`, right and wrong. */
export const retryAfter: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('0', '7', '-5', '1e3', '9'.repeat(400), 'Mon, 23 Nov 2026 00:00:09 GMT', 'Mon, 99', ' 7 '),
  fc.nat().map(String),
  hostileText,
);

const encoding = fc.oneof(
  fc.constantFrom(
    'gzip',
    'x-gzip',
    'deflate',
    'br',
    'GZIP',
    'identity',
    'constructor',
    '__proto__',
    'gzip, br',
  ),
  hostileText,
);

/** Header values may hold nearly anything but the end of the line. */
const oneLine = (text: string) => text.replaceAll(/[\r\n]/g, ' ');

const headers = fewOf(
  {
    'retry-after': retryAfter,
    location: textWithToken.map((text) => `https://other.example/${text}`),
    'content-encoding': encoding,
    'content-type': fc.constantFrom('application/json', 'text/html', 'image/png'),
    'content-length': fc.oneof(fc.constantFrom('0', '5', '999999', '-1', 'x', '9'.repeat(30)), hostileText),
    'transfer-encoding': fc.constantFrom('chunked', 'gzip', 'x'),
    connection: fc.constantFrom('close', 'keep-alive', 'upgrade'),
    'set-cookie': hostileText,
    'x-filler': fc.constantFrom('y'.repeat(9000), 'y'.repeat(70_000)),
  },
  3,
).map((fields) =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${oneLine(value)}\r\n`)
    .join(''),
);

/** A correct length in four of five answers, so that the parser accepts most of them. */
const framing = fc.constantFrom(
  'length',
  'length',
  'length',
  'length',
  'chunked',
  'chunks-without-end',
  'none',
);

function frame(kind: string, body: Buffer): Buffer {
  switch (kind) {
    case 'length':
      return Buffer.concat([Buffer.from(`content-length: ${body.length}\r\n\r\n`), body]);
    case 'chunked':
    case 'chunks-without-end': {
      const end = kind === 'chunked' ? '0\r\n\r\n' : '';
      const size = `transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`;
      return Buffer.concat([Buffer.from(size), body, Buffer.from(`\r\n${end}`)]);
    }
    default:
      return Buffer.concat([Buffer.from('\r\n'), body]);
  }
}

const interim = fc.constantFrom(
  '',
  '',
  '',
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  'HTTP/1.1 199 \r\n\r\n',
);

const reason = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', 'OK', "I'm a teapot") },
  { weight: 1, arbitrary: hostileText.map((text) => oneLine(text).slice(0, 20)) },
);

/** Whole answers, byte for byte: mostly HTTP with something odd about it, some damaged, some not HTTP at all. */
export function answerBytes(body: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const answer = fc
    .tuple(interim, status, reason, headers, framing, body, fc.constantFrom('', '', '', 'gzip'))
    .map(([before, code, phrase, fields, kind, text, coding]) => {
      const bytes = coding === 'gzip' ? gzipSync(text) : Buffer.from(text);
      const more = coding === 'gzip' ? 'content-encoding: gzip\r\n' : '';
      const head = `${before}HTTP/1.1 ${code} ${phrase}\r\n${fields}${more}`;
      return Buffer.concat([Buffer.from(head), frame(kind, bytes)]);
    });
  // Without headers that break the answer: it should be read rather than refused.
  const plain = fc
    .tuple(status, body)
    .map(([code, text]) =>
      Buffer.concat([Buffer.from(`HTTP/1.1 ${code} x\r\n`), frame('length', Buffer.from(text))]),
    );
  return fc.oneof(
    { weight: 4, arbitrary: answer },
    { weight: 12, arbitrary: plain },
    { weight: 1, arbitrary: damaged(answer) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  );
}
