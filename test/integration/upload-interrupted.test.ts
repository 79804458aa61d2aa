import { expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';

it.each([
  [
    'with a manifest',
    ['--manifest', 'refs.ndjson'],
    1,
    [
      'Interrupted, with 2 of 3 files left. Run the same command again: it skips files that are already in refs.ndjson.',
      '1 uploaded, 2 cancelled',
    ],
  ],
  [
    'without a manifest',
    [],
    1,
    [
      'Interrupted, with 2 of 3 files left. The same command would send all 3 again; with --manifest <file>, a run remembers what it has sent.',
      '1 uploaded, 2 cancelled',
    ],
  ],
  [
    'before the first upload',
    [],
    0,
    ['Interrupted before any file was uploaded. Run the same command again.', '3 cancelled'],
  ],
])('an interrupted run says how to continue: %s', async (_what, flags, uploaded, words) => {
  const interruption = new AbortController();
  const { env } = await rawServer((response, _request, ordinal) => {
    if (ordinal < uploaded) {
      sendJson(response, 200, { imageRef: exampleReference });
    } else {
      interruption.abort(new Interruption('SIGINT'));
    }
  });
  const { exitCode, stderr } = await runCli(['upload', '0.png', '1.png', '2.png', '-c', '1', ...flags], {
    env,
    cwd: await imageFolder(3),
    signal: interruption.signal,
  });
  expect(exitCode).toBe(130);
  expect(
    stderr
      .replace(/ \([^)]*\)$/m, '')
      .split('\n')
      .slice(-3, -1),
  ).toEqual(words);
});
