import { expect, test } from 'vitest';
import { adviseOn } from '../../src/advice.ts';
import { ApiError, FileError } from '../../src/errors.ts';
import type { Source } from '../../src/settings/source.ts';

test('advice depends on the request', () => {
  const error = new ApiError('account_not_found', 'not found');
  expect(adviseOn('upload', error)).toContain('--account');
  expect(adviseOn('accounts', error)).toBe('Check that apiUrl points at the Dreamina API.');
});

test('a request for the accounts gets the advice of an upload if it has no advice of its own', () => {
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

test('a file that a conversion may fix is sent to --fit', () => {
  const error = new FileError('bad_duration', 'it lasts 20 s', { hint: 'Trim it.', fittable: true });
  expect(adviseOn('upload', error)).toBe('Trim it. Or let --fit do it.');
});

test('an answer that only the server can explain gets no advice', () => {
  expect(adviseOn('upload', new ApiError('rejected', 'refused'))).toBeUndefined();
});

test.each<[Source | undefined, string]>([
  [
    { kind: 'environment', name: 'DREAMINA_TOKEN' },
    'The token is from environment variable DREAMINA_TOKEN. ',
  ],
  [{ kind: 'project', path: '/p/.dreaminarc' }, 'The token is from project config /p/.dreaminarc. '],
  [{ kind: 'config-file', path: '/c.json' }, 'The token is from config file /c.json. '],
  [{ kind: 'user', path: '/u/config.json' }, 'The token is from user config /u/config.json. '],
  [{ kind: 'options' }, ''],
  [undefined, ''],
])('advice about a refused token names its source, if that is known (%#)', (tokenSource, words) => {
  const error = new ApiError('unauthorized', 'refused');
  for (const asked of ['upload', 'accounts'] as const) {
    expect(adviseOn(asked, error, { tokenSource })).toMatch(`${words}Copy the whole token again`);
  }
});

test.each([
  new ApiError('network', 'none', { cause: Object.assign(new Error('connect'), { code: 'EMFILE' }) }),
  new FileError('unreadable', 'none', { cause: Object.assign(new Error('open'), { code: 'ENFILE' }) }),
])('gives advice about too many open files: $code', (error) => {
  expect(adviseOn('upload', error)).toContain('ulimit -n');
});
