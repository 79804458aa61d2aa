import { expect, test } from 'vitest';
import { describeErrno } from '../../src/errno.ts';

test.each([
  [Object.assign(new Error('open'), { code: 'EACCES' }), 'permission denied'],
  [Object.assign(new Error('open'), { code: 'ENOSPC' }), 'no space is left on the disk'],
  [Object.assign(new Error('open'), { code: 'ERR_INVALID_ARG_VALUE' }), 'its path contains a NUL byte'],
  [Object.assign(new Error('open'), { code: 'EXOTIC' }), 'EXOTIC'],
  [Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }), 'Premature close'],
  [new Error('no code'), 'no code'],
])('%s is described as: %s', (error, words) => {
  expect(describeErrno(error)).toBe(words);
});
