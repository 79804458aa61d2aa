import { expect, it } from 'vitest';
import type { Environment } from '../../../src/host.ts';
import { isColoured } from '../../../src/report/colours.ts';

it.each<readonly [what: string, isTTY: boolean, env: Environment, expected: boolean]>([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR on a dumb terminal', true, { TERM: 'dumb', FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ['FORCE_COLOR=false', true, { FORCE_COLOR: 'false' }, false],
  ['an empty FORCE_COLOR on a dumb terminal', true, { TERM: 'dumb', FORCE_COLOR: '' }, false],
  ['NO_COLOR and FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('%s', (_what, isTTY, env, expected) => {
  expect(isColoured({ isTTY }, env)).toBe(expected);
});

it('a stream that is not there has no colour', () => {
  expect(isColoured(undefined, {})).toBe(false);
});
