import { describe, expect, it } from 'vitest';
import { adviseOn } from '../../../src/advice.ts';
import type { Answer } from '../../../src/client/answer.ts';
import { readUploadAnswer } from '../../../src/client/upload-answer.ts';
import { ApiError } from '../../../src/errors.ts';

const reference = 'US:name@example.com-image:w685:h900:s86866-uri:tos-useast5/3605b150';
const stillImage = reference.replace('-image:', '-still-image:');
const sent = { account: 'US:name@example.com', sizeBytes: 86_866 };
const now = Date.UTC(2026, 10, 23);

function answer(status: number, body: unknown, more: Partial<Answer> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: {}, text, ending: 'whole', receivedAtMs: now, redact: (words) => words, ...more };
}

function read(given: Answer) {
  return readUploadAnswer(given, sent);
}

function refusalOf(given: Answer): ApiError {
  try {
    read(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  }
  throw new Error('there is no refusal');
}

const whole = {
  assetRef: reference,
  imageRef: reference,
  account: sent.account,
  width: 685,
  height: 900,
  warnings: [],
};

describe('readUploadAnswer accepts', () => {
  const plain = { account: sent.account, width: 685, height: 900, size: 86_866 };

  it.each([
    ['the revision with imageRef', { imageRef: reference, ...plain }, whole],
    ['the revision with assetRef', { assetRef: reference, ...plain }, whole],
    ['both, and prefers the newer', { imageRef: 'old', assetRef: reference, ...plain }, whole],
    ['imageRef where assetRef is null', { imageRef: reference, assetRef: null, ...plain }, whole],
    ['imageRef where assetRef is of another type', { imageRef: reference, assetRef: 7, ...plain }, whole],
    ['imageRef where assetRef is empty', { imageRef: reference, assetRef: '', ...plain }, whole],
    ['imageRef where assetRef breaks the line', { imageRef: reference, assetRef: 'a\nb', ...plain }, whole],
    ['unknown fields', { assetRef: reference, ...plain, type: 'image', duration: 0, x: {} }, whole],
    ['a reference alone', { imageRef: reference }, whole],
    [
      'a reference alone, with a hyphen in the word for its type',
      { assetRef: stillImage },
      { ...whole, assetRef: stillImage, imageRef: stillImage },
    ],
    [
      'the fields of the answer rather than those of the reference',
      { imageRef: reference, width: 1, height: 2 },
      { ...whole, width: 1, height: 2 },
    ],
    [
      'the fields of the reference if those of the answer are wrong',
      { imageRef: reference, width: '685', height: -1, account: 7 },
      whole,
    ],
    [
      'the fields of the reference instead of fractions of pixels',
      { imageRef: reference, width: 0.5, height: 0 },
      whole,
    ],
    [
      'a reference of an unknown form as it is',
      { assetRef: 'asset_0123456789' },
      { assetRef: 'asset_0123456789', account: sent.account, warnings: [] },
    ],
    [
      'a reference with impossible pixels as it is',
      { assetRef: `US:a@b-image:w${'9'.repeat(400)}:h1:s1-uri:x` },
      {
        assetRef: `US:a@b-image:w${'9'.repeat(400)}:h1:s1-uri:x`,
        account: sent.account,
        warnings: [],
      },
    ],
    [
      'another size, with a warning',
      { imageRef: reference, size: 86_865 },
      { ...whole, warnings: ['the server received 86865 bytes, but 86866 were sent'] },
    ],
    [
      'another account, with a warning',
      { imageRef: reference, account: 'CA:other@example.com' },
      {
        ...whole,
        account: 'CA:other@example.com',
        warnings: ['the answer is for account CA:other@example.com, not US:name@example.com'],
      },
    ],
    [
      'an error beside a reference, with a warning',
      { imageRef: reference, error: ' Low on credits ' },
      { ...whole, warnings: ['the server also says: Low on credits'] },
    ],
    ['an empty error', { imageRef: reference, error: '' }, whole],
  ])('%s', (_what, body, expected) => {
    // Strictly: an unknown value is not a property.
    expect(read(answer(200, body))).toStrictEqual(expected);
  });

  it('a size that is only in the reference', () => {
    const other = reference.replace('s86866', 's1');
    expect(read(answer(200, { imageRef: other })).warnings).toEqual([
      'the server received 1 bytes, but 86866 were sent',
    ]);
  });

  it.each([200, 201, 202, 299])('a status of %d', (status) => {
    expect(read(answer(status, { imageRef: reference }))).toEqual(whole);
  });

  it('JSON with white space or a byte order mark around it', () => {
    expect(read(answer(200, `\uFEFF \n{"imageRef":"${reference}"}\n`))).toEqual(whole);
  });

  it('a whole object although the connection was lost after it', () => {
    expect(read(answer(200, { imageRef: reference }, { ending: 'lost' }))).toEqual(whole);
  });
});

describe('readUploadAnswer finds no reference in', () => {
  it.each([
    ['nothing', '', 'the answer is empty'],
    ['white space', ' \n', 'the answer is empty'],
    ['HTML', '<!DOCTYPE html><h1>Hello</h1>', 'the answer is an HTML page, not JSON'],
    ['text', 'OK', 'the answer is not a JSON object'],
    ['null', 'null', 'the answer is not a JSON object'],
    ['a number', '12', 'the answer is not a JSON object'],
    ['a text in JSON', JSON.stringify(reference), 'the answer is not a JSON object'],
    ['an array', JSON.stringify([{ imageRef: reference }]), 'the answer is not a JSON object'],
    ['broken JSON that has an end', '{ imageRef: 1 }', 'the answer is not a JSON object'],
    ['an empty object', '{}', 'the answer contains no reference'],
    ['a null', { imageRef: null }, 'the answer contains no reference'],
    ['a number', { imageRef: 5 }, 'the answer contains no reference'],
    ['an array as the reference', { imageRef: [reference] }, 'the answer contains no reference'],
    ['an object as the reference', { assetRef: { id: reference } }, 'the answer contains no reference'],
    ['an empty text', { imageRef: '' }, 'the answer contains no reference'],
    ['a space', { imageRef: `${reference} x` }, 'the answer contains no reference'],
    ['a line break', { imageRef: `${reference}\n` }, 'the answer contains no reference'],
    ['an escape sequence', { imageRef: `\u001b[31m${reference}` }, 'the answer contains no reference'],
    ['another name of the field', { ImageRef: reference }, 'the answer contains no reference'],
    [
      'an error alone',
      { error: 'Moderation failed' },
      'the answer contains no reference; the server says: Moderation failed',
    ],
  ])('%s: %j', (_what, body, message) => {
    const error = refusalOf(answer(200, body));
    expect(error).toMatchObject({ code: 'bad_response', httpStatus: 200, retryable: false });
    expect(error.message).toBe(`${message} (HTTP 200)`);
  });

  it('an answer that is too long, and does not call for a retry', () => {
    expect(refusalOf(answer(200, '{"imageRef":"US:', { ending: 'too-long' }))).toMatchObject({
      code: 'bad_response',
      retryable: false,
      message: 'the answer is longer than 1 MiB (HTTP 200)',
    });
  });

  it.each([
    ['JSON that was cut off', answer(200, `{"imageRef":"${reference.slice(0, 20)}`)],
    ['JSON that was cut off after a comma', answer(200, `{"imageRef":"${reference}",`)],
    ['a lost connection', answer(200, '', { ending: 'lost' })],
    ['a lost connection in a page', answer(200, '<html>', { ending: 'lost' })],
  ])('%s, and calls for a retry', (_what, given) => {
    expect(refusalOf(given)).toMatchObject({
      code: 'bad_response',
      retryable: true,
      message: 'the answer was cut off before its reference (HTTP 200)',
    });
  });
});

describe('readUploadAnswer reads a refusal', () => {
  it.each([
    [301, 'rejected', false],
    [400, 'rejected', false],
    [401, 'unauthorized', false],
    [402, 'payment_required', false],
    [403, 'rejected', false],
    [404, 'account_not_found', false],
    [408, 'rejected', true],
    [425, 'rejected', true],
    [429, 'rate_limited', true],
    [499, 'rejected', false],
    [500, 'server_error', true],
    [501, 'server_error', false],
    [502, 'server_error', true],
    [503, 'server_error', true],
    [504, 'server_error', true],
    [505, 'server_error', false],
    [519, 'server_error', false],
    [520, 'server_error', true],
    [527, 'server_error', true],
    [528, 'server_error', false],
    [596, 'session_expired', false],
    [599, 'server_error', false],
  ] as const)('with the status %d as %s, which may be retried: %s', (status, code, retryable) => {
    expect(refusalOf(answer(status, {}))).toMatchObject({ code, retryable, httpStatus: status });
  });

  it.each([199, 300, 400, 500])('even if it has a reference: %d', (status) => {
    expect(refusalOf(answer(status, { imageRef: reference })).httpStatus).toBe(status);
  });

  it.each([
    [{ error: 'Image is empty' }, 'the server refused it (HTTP 400: Image is empty)'],
    [{ error: ' \n' }, 'the server refused it (HTTP 400)'],
    [{ error: { code: 5 } }, 'the server refused it (HTTP 400)'],
    ['<h1>Bad request</h1>', 'the server refused it (HTTP 400)'],
    [{ error: 'x'.repeat(300) }, `the server refused it (HTTP 400: ${'x'.repeat(300)})`],
    [{ error: 'x'.repeat(301) }, `the server refused it (HTTP 400: ${'x'.repeat(299)}…)`],
  ])('and words its message for %j', (body, message) => {
    expect(refusalOf(answer(400, body)).message).toBe(message);
  });

  it('and splits no character, at the cut or before it', () => {
    const words = `😀${'x'.repeat(297)}`;
    const { message } = refusalOf(answer(400, { error: `${words}😀😀` }));
    expect(message).toBe(`the server refused it (HTTP 400: ${words}…)`);
  });

  it.each([
    ['that is a number', '7', 7000],
    ['that comes twice', ['7', '8'], 7000],
    ['that is a date', 'Mon, 23 Nov 2026 00:00:09 GMT', 9000],
    ['that cannot be read', 'nonsense', undefined],
    ['that is missing', undefined, undefined],
  ])('with a Retry-After %s', (_what, value, retryAfterMs) => {
    const headers = { 'retry-after': value };
    expect(refusalOf(answer(503, '', { headers })).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([
    [199, 'the server refused it (HTTP 199)', undefined],
    [300, 'the server refused it (HTTP 300)', undefined],
    [301, 'the server redirects (HTTP 301)', 'Redirects are not followed; check apiUrl.'],
    [304, 'the server refused it (HTTP 304)', undefined],
    [308, 'the server redirects (HTTP 308)', 'Redirects are not followed; check apiUrl.'],
    [400, 'the server refused it (HTTP 400)', undefined],
    [500, 'the service failed (HTTP 500)', 'The service has a problem; try again later.'],
  ])('with the status %d and the message: %s', (status, message, hint) => {
    const error = refusalOf(answer(status, ''));
    expect(error.message).toBe(message);
    expect(adviseOn('upload', error)).toBe(hint);
  });

  it('and names the target of a redirect', () => {
    const error = refusalOf(answer(308, '', { headers: { location: 'https://other.example/x' } }));
    expect(error.message).toBe('the server redirects to https://other.example/x (HTTP 308)');
    expect(error.hint).toBe('Redirects are not followed; check apiUrl.');
  });
});
