import { createReadStream } from 'node:fs';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';

const night = fixture('night.png').file;

it.skipIf(process.platform === 'win32').each([
  [['-'], 1, 'standard input: it cannot be read: it is a directory'],
  [['--fit', '-'], 1, 'it is a directory'],
  [['--files-from', '-'], 2, '--files-from -: it cannot be read: it is a directory'],
])('reports that standard input is a directory: upload %j', async (args, exitCode, words) => {
  const result = await runCli(['upload', '--sandbox', ...args], { stdin: createReadStream('/') });
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).toContain(words);
});

it.each([
  [['a.png']],
  [['*.png']],
  [['-r', '.']],
  [['--files-from', 'list']],
  [['--manifest', 'm', night]],
  [['--config', 'c.json', night]],
])('reports that the working directory is gone: upload --sandbox %j', async (args) => {
  const result = await runCli(['upload', '--sandbox', ...args], { cwd: undefined });
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(/^error: \S+: the working directory is gone/);
  expect(result.stdout).toBe('');
});
