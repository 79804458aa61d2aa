import { expect, it } from 'vitest';
import { isClosedConnection, toNetworkError } from '../../../src/client/network-error.ts';
import { ApiError } from '../../../src/errors.ts';

const withCode = (code: string, message = 'words', more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

// https://nodejs.org/api/tls.html#x509-certificate-error-codes
it.each([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'OUT_OF_MEM',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'UNSPECIFIED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])('an attempt with the certificate error %s is not repeated', (code) => {
  const error = toNetworkError(withCode(code), 'example.com');
  expect(error).toMatchObject({ code: 'network', retryable: false, isUnreachable: false });
  expect(error.hint).toBeTruthy();
});

it.each([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'UNSPECIFIED',
])('the advice for %s does not suggest a CA file', (code) => {
  expect(toNetworkError(withCode(code), 'example.com').hint).not.toContain('CA file');
});

it.each([
  [withCode('ECONNREFUSED'), true],
  [withCode('ENOTFOUND'), true],
  [withCode('EAI_AGAIN'), true],
  [withCode('EHOSTUNREACH'), true],
  [withCode('ENETUNREACH'), true],
  [withCode('ECONNRESET'), false],
  [withCode('EPIPE'), false],
  [withCode('ETIMEDOUT'), false],
  [withCode('EPROTO'), false],
  [withCode('UND_ERR_SOCKET'), false],
  [withCode('HPE_INVALID_CONSTANT'), false],
  [withCode('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'), false],
  [new Error('wrapped', { cause: withCode('ECONNREFUSED') }), true],
])('%s is a network error, and is retried', (error, isUnreachable) => {
  expect(toNetworkError(error, 'example.com')).toMatchObject({ retryable: true, isUnreachable });
});

it.each([
  [new RangeError('Array buffer allocation failed'), 'Array buffer allocation failed'],
  [new TypeError('x is not a function'), 'x is not a function'],
  [new RangeError('WebAssembly.Instance(): Out of memory'), 'WebAssembly.Instance(): Out of memory'],
  [withCode('ENOMEM', 'connect ENOMEM', { syscall: 'connect' }), 'there is not enough memory'],
  [withCode('EACCES', 'connect EACCES', { syscall: 'connect' }), 'permission denied'],
  [withCode('ERR_INVALID_ARG_TYPE', 'The "x" argument must be'), 'The "x" argument must be'],
  [withCode('UND_ERR_INVALID_ARG', 'invalid method'), 'invalid method'],
])('%s is not a network error: it is not retried, and keeps its message', (error, words) => {
  expect(toNetworkError(error, 'example.com')).toMatchObject({
    message: `the request could not be made: ${words}`,
    retryable: false,
    isUnreachable: false,
  });
});

it.each(['EMFILE', 'ENFILE'])('%s is temporary', (code) => {
  const error = toNetworkError(withCode(code, `connect ${code}`, { syscall: 'connect' }), 'example.com');
  expect(error).toMatchObject({ retryable: true, isUnreachable: false });
  expect(error.message).toContain('too many files are open');
});

it('returns an ApiError unchanged', () => {
  const told = new ApiError('timeout', 'too late');
  expect(toNetworkError(told, 'example.com')).toBe(told);
});

it.each([
  ['ECONNRESET', true],
  ['EPIPE', true],
  ['UND_ERR_SOCKET', true],
  ['ECONNREFUSED', false],
  ['UND_ERR_HEADERS_OVERFLOW', false],
  ['CERT_HAS_EXPIRED', false],
])('%s means that the connection was closed: %s', (code, expected) => {
  expect(isClosedConnection(withCode(code))).toBe(expected);
});
