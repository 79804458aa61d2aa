import { expect, it } from 'vitest';
import { exitCodeOf } from '../../src/cli.ts';
import { ApiError, ConfigError, FileError, Interruption, OutputError, UsageError } from '../../src/errors.ts';
import { faultKinds } from '../../src/sandbox/index.ts';
import { runCli } from '../harness/run-cli.ts';

it.each([
  [new UsageError(['one', 'two']), 2],
  [new ConfigError('there is no token'), 4],
  [new OutputError('no space is left on the disk'), 1],
  [new Interruption('SIGINT'), 130],
  [new Interruption('SIGTERM'), 143],
  [new Interruption('SIGHUP'), 129],
  [new Interruption('stdout-closed'), 1],
  [new ApiError('unauthorized', 'the token was refused'), 4],
  [new ApiError('server_error', 'the service failed'), 1],
])('%s, thrown, has the exit code %i', (error, exitCode) => {
  expect(exitCodeOf(error)).toBe(exitCode);
});

// The failure of a file is in its record, and a bug has no own exit code.
it.each([[new FileError('empty', 'it is empty')], [new TypeError('x is not a function')], ['text'], [null]])(
  '%s, thrown, has no exit code',
  (error) => {
    expect(exitCodeOf(error)).toBeUndefined();
  },
);

it.each([
  [['--help'], 0],
  [['-V'], 0],
  [['upload', '--version'], 0],
  [[], 0],
  [['--unknown'], 2],
  [['unknown'], 2],
  [['upload', '--unknown'], 2],
  [['upload', '-c'], 2],
  [['completion', 'tcsh'], 2],
  [['config', 'excess'], 2],
])('%j has the exit code %i', async (argv, exitCode) => {
  expect((await runCli(argv)).exitCode).toBe(exitCode);
});

it.each([
  [['config'], true],
  [['config', '--no-color'], false],
  [['upload', '--no-color'], false],
  // Here, it is the name of a file.
  [['upload', '--', '--no-color'], true],
])('errors of %j are coloured: %s', async (argv, isColoured) => {
  const env = { FORCE_COLOR: '1', DREAMINA_RETRIES: 'many' };
  const { stderr } = await runCli(argv, { env });
  expect(stderr).toContain('error:');
  expect(stderr.includes('\x1b[')).toBe(isColoured);
});

it('names the source of the token and the documentation in the help', async () => {
  const { stdout } = await runCli(['--help']);
  expect(stdout).toMatch(/^Token: .*DREAMINA_TOKEN/m);
  expect(stdout).toMatch(/^Documentation: https:\/\/useapi\.net\/docs\/api-dreamina-v1$/m);
});

it('lists the effect of each fault in the help of the sandbox', async () => {
  const { lines } = await runCli(['sandbox', '--help']);
  for (const kind of faultKinds) {
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${kind} {2,}\\w+s .+`)));
  }
});
