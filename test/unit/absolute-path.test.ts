import { expect, it } from 'vitest';
import { absolutePath } from '../../src/absolute-path.ts';
import { UsageError } from '../../src/errors.ts';

it('an absolute path needs no working directory, a relative one does', () => {
  expect(absolutePath('/a/b.png', { cwd: undefined })).toBe('/a/b.png');
  expect(absolutePath('b.png', { cwd: '/a' })).toBe('/a/b.png');
  expect(() => absolutePath('b.png', { cwd: undefined })).toThrow(UsageError);
  expect(() => absolutePath('b.png', { cwd: undefined })).toThrow('b.png: the working directory is gone');
});
