import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { openTerminal } from '../harness/terminal.ts';

describe('the references', () => {
  const wave = '\u{1f30a}.png';

  async function uploadNamed(names: readonly string[], shell?: string): Promise<readonly string[]> {
    const { env } = await sandboxWith();
    const folder = await tempDir();
    for (const name of names) {
      await copyFile(fixture('night.png').file, join(folder, name));
    }
    const terminal = openTerminal(['upload', ...names, '--no-progress'], {
      columns: 200,
      env,
      shell: `cd '${folder}'; ${shell ?? 'exec "$@"'}`,
    });
    expect(await terminal.ended).toBe(0);
    return terminal.lines();
  }

  it('of several files follow their paths, aligned', async () => {
    const lines = await uploadNamed(['a.png', 'second shot.png', '夜景.png', wave, 'x\x1b[2J.png']);
    const reference = /US:sandbox@example\.com-image:\S+$/;
    expect(lines.map((line) => line.replace(reference, '|')).slice(0, -1)).toEqual([
      'a.png            |',
      'second shot.png  |',
      '夜景.png         |',
      `${wave}           |`,
      'x\\x1b[2J.png     |',
    ]);
  });

  it('have no path before them in a file', async () => {
    const lines = await uploadNamed(['a.png', 'b.png'], '"$@" > refs.txt; cat refs.txt');
    const reference = expect.stringMatching(/^US:\S+$/);
    expect(lines).toEqual([expect.stringMatching(/^2 uploaded /), reference, reference]);
  });

  it('of standard input has no path before it, and a file on it is not announced', async () => {
    const terminal = openTerminal(['upload', '--sandbox', '-', '--no-progress'], {
      columns: 200,
      shell: `"$@" <'${fixture('night.png').file}'`,
    });
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines()).toEqual([
      expect.stringMatching(/^US:\S+$/),
      expect.stringMatching(/^1 uploaded /),
    ]);
  });
});

it('errors are red', async () => {
  const terminal = openTerminal(['upload', 'absent.png'], { columns: 80 });
  expect(await terminal.ended).toBe(2);
  expect(terminal.raw()).toContain('\x1b[31merror:');
});

describe('help', () => {
  it.each([
    ['a wide terminal, with bold headings', [], 'exec "$@"', 200, [80, 100], true],
    ['a narrow terminal, without colour', ['--no-color'], 'exec "$@"', 40, [30, 40], false],
    ['a pipe', [], '"$@" | cat', 200, [60, 80], false],
  ] as const)('fits %s', async (_what, flags, shell, columns, [min, max], isBold) => {
    const terminal = openTerminal(['upload', ...flags, '--help'], { columns, shell });
    expect(await terminal.ended).toBe(0);
    for (const heading of ['Usage:', 'Exit codes:']) {
      expect(terminal.raw().includes(`\x1b[1m${heading}\x1b[22m`)).toBe(isBold);
    }
    expect(terminal.raw().includes('\x1b[')).toBe(isBold);
    const widths = terminal
      .raw()
      .replaceAll(/\x1b\[\d+m/g, '')
      .split('\r\n')
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeGreaterThan(min);
    expect(Math.max(...widths)).toBeLessThanOrEqual(max);
  });
});

it('doctor breaks no word and no line on a narrow terminal', async () => {
  const { env } = await sandboxWith();
  const folder = await tempDir();
  await writeFile(join(folder, 'dreamina'), '', { mode: 0o755 });
  const terminal = openTerminal(['doctor', '--no-color'], { columns: 44, env: { ...env, PATH: folder } });
  expect(await terminal.ended).toBe(0);
  const lines = terminal.lines();
  expect(lines).toContain('ok       proxy');
  expect(lines).toContain('    none');
  expect(lines.slice(-2)).toEqual(['No problem, but 1 warning: uploads should', 'work.']);
  expect(
    terminal
      .raw()
      .split('\r\n')
      .filter((line) => line.length > 44),
  ).toEqual([]);
});

describe('standard input is announced if it is the terminal', () => {
  it('that a file is read from', async () => {
    const terminal = openTerminal(['upload', '--dry-run', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for a file on standard input; Ctrl-D ends it, Ctrl-C cancels\.$/);
    terminal.type('text\r\x04');
    expect(await terminal.ended).toBe(1);
    expect(terminal.lines().join('\n')).toMatch(/standard input: /);
  });

  it('that a list is read from', async () => {
    const terminal = openTerminal(['upload', '--dry-run', '--files-from', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for paths, one a line, on standard input;/);
    terminal.type(`${fixture('night.png').file}\r\x04`);
    expect(await terminal.ended).toBe(0);
  });
});
