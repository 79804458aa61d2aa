import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';

it.each<readonly [flags: readonly string[], env: Readonly<Record<string, string>>, shows: boolean]>([
  [[], {}, true],
  [['--no-progress'], {}, false],
  [['--quiet'], {}, false],
  [[], { TERM: 'dumb' }, false],
  [[], { CI: 'true' }, false],
  [[], { CI: '' }, true],
  [[], { CI: 'false' }, true],
])('with %j and %j, progress is shown on a terminal: %s', async (flags, env, shows) => {
  let isShown = false;
  const job = {
    isForeground: () => true,
    hasFilterOnTerminal: () => {
      // The last question before it is drawn. So it is not drawn in the test.
      isShown = true;
      return true;
    },
    onSuspend: () => () => {},
  };
  const args = ['upload', '--sandbox', fixture('night.png').file, ...flags];
  expect((await runCli(args, { env, job })).exitCode).toBe(0);
  expect(isShown).toBe(shows);
});
