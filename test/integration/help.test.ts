import { expect, it } from 'vitest';
import { version } from '../../src/version.ts';
import { runCli } from '../harness/run-cli.ts';

// Except completion: its commands are for copying, and so are never wrapped.
const commands = ['', ' upload', ' login', ' logout', ' accounts', ' config', ' doctor', ' sandbox'];

it.each(commands.flatMap((command) => [40, 57, 80, 200].map((columns) => [command, columns] as const)))(
  'dreamina%s --help breaks no word on %i columns',
  async (command, helpColumns) => {
    const argv = [...command.split(' ').slice(1), '--help'];
    const { stdout, exitCode } = await runCli(argv, { helpColumns });
    expect(exitCode).toBe(0);
    const widths = stdout.split('\n').map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(Math.min(helpColumns, 100));
    expect(Math.max(...widths)).toBeGreaterThan(Math.min(helpColumns, 80) * 0.8);
  },
);

it.each([[['--help']], [['upload', '--help']], [['sandbox', '-h']], [[]]])(
  'dreamina %j prints help with examples, under 80 columns',
  async (argv) => {
    const { stdout, stderr, exitCode } = await runCli(argv);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stderr).toBe('');
  },
);

it.each(['--version', '-V', 'upload --version', 'sandbox -V'])(
  'dreamina %s prints the version',
  async (command) => {
    expect(await runCli(command.split(' '))).toMatchObject({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  },
);
