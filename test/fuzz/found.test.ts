import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readAnswerBody } from '../../src/client/read-answer-body.ts';
import { spellingsOf } from '../../src/secrets.ts';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

// Cases that fuzzing found.

it.each(['constructor', '__proto__'])(
  'a content coding named %s, like a property of every object, is unknown',
  async (encoding) => {
    const body = (async function* () {
      yield Buffer.from('{}');
    })();
    expect(await readAnswerBody(body, encoding)).toEqual({ text: '{}', ending: 'whole' });
  },
);

it.each([
  String.raw`{"error":"{\"authorization\":\"Bearer us\\u0065r:1-a\"}"}`,
  String.raw`\\u0075\\u0073\\u0065\\u0072\\u003a\\u0031\\u002d\\u0061`,
  String.raw`us\\\\u0065r:1-a`,
  'user%253A1-a',
  '%252575ser:1-a',
])('a token that is escaped more than once is not shown: %s', (text) => {
  expect(text.replaceAll(spellingsOf('user:1-a'), '[token]')).toMatch(/^[^1]*\[token\][^1]*$/);
});

it('the search for a token with backslashes takes no time', () => {
  const token = `${'\\'.repeat(40)}x`;
  expect('\\'.repeat(100_000).replaceAll(spellingsOf(token), '')).toBe('\\'.repeat(100_000));
  expect(JSON.stringify(`"${token}"`).replaceAll(spellingsOf(token), '')).not.toContain('x');
});

it.each([
  ['*', 65_537],
  ['(', 20_000],
])('%j, %d times, is too long for a pattern', async (character, times) => {
  const { exitCode, stderr } = await runCli(['upload', '--dry-run', character.repeat(times)]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('it is too long for a pattern');
});

it.each([['--dry-run'], ['--sandbox']])('a manifest of a terabyte is too large, with %s', async (flag) => {
  const file = join(await tempDir(), 'manifest');
  await writeFile(file, '');
  await truncate(file, 2 ** 40);
  const { exitCode, stderr } = await runCli(['upload', flag, '--manifest', file, night]);
  expect(exitCode).toBe(2);
  expect(stderr).toBe(`error: --manifest ${file}: it is larger than 2 GiB\n`);
});

it.each([
  ['upload', '--token=user:1234-abcdef', night],
  ['login', '--token=user:1234-abcdef'],
  ['login', 'user:1234-abcdef'],
  ['user:1234-abcdef'],
  ['accounts', '-tuser:1234-abcdef'],
  ['upload', '--format', 'user:1234-abcdef', night],
  ['upload', '--manifest', 'x', '--max-age', 'user:1234-abcdef', night],
  ['upload', 'user:1234-abcdef'],
])('a token among the arguments is not repeated: %j', async (...argv) => {
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect(exitCode).toBe(2);
  expect(stdout + stderr).not.toContain('abcdef');
});

it('a token of 120,000 characters does not crash the run', async () => {
  const { exitCode, stdout, stderr } = await runCli(['config'], {
    env: { DREAMINA_TOKEN: 'a*'.repeat(60_000) },
  });
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toContain('a*a*');
});
