import { describe, expect, it } from 'vitest';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';

describe('a usage error of dreamina sandbox', () => {
  it.each([
    [['--port', 'x'], '--port must be a whole number from 0 to 65535'],
    [['--port', '65536'], '--port must be a whole number from 0 to 65535'],
    [['--latency', '-1'], '--latency must be'],
    [['--fault', 'fire:1'], '--fault: '],
    [['--fault', '429:0.7', '--fault', '500:0.7'], 'rates'],
    [['--api', 'newest'], '--api must be legacy, current or both; it is "newest"'],
  ])('is %j', async (args, words) => {
    const { exitCode, stdout, stderr } = await runCli(['sandbox', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
  });

  it('is a port that is taken', async () => {
    const { sandbox } = await sandboxWith();
    const { port } = new URL(sandbox.apiUrl);
    expect(await runCli(['sandbox', '--port', port])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `error: --port ${port}: another program listens there\n`,
    });
  });
});
