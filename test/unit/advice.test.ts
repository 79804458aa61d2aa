import { expect, test } from 'vitest';
import { adviseOn } from '../../src/advice.ts';
import { ApiError, FileError } from '../../src/errors.ts';

test('advice depends on what was asked', () => {
  const error = new ApiError('account_not_found', 'not found');
  expect(adviseOn('upload', error)).toContain('--account');
  expect(adviseOn('accounts', error)).toBe('Check that apiUrl points at the Dreamina API.');
});

test('a request for the accounts takes the advice of an upload where it has none of its own', () => {
  const error = new ApiError('session_expired', 'expired');
  expect(adviseOn('accounts', error)).toBe(adviseOn('upload', error));
});

test.each([
  new FileError('empty', 'it is empty', { hint: 'Look at it.' }),
  new ApiError('network', 'lost', { hint: 'Look at it.' }),
])('the hint of one failure replaces the advice for its kind: $code', (error) => {
  expect(adviseOn('upload', error)).toBe('Look at it.');
  expect(adviseOn('accounts', error)).toBe('Look at it.');
});

test('an answer that only the server can explain has no advice', () => {
  expect(adviseOn('upload', new ApiError('rejected', 'refused'))).toBeUndefined();
});
