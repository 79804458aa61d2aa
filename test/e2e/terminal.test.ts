import { copyFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
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
    return terminal.lines().slice(0, -1);
  }

  it('of several files follow their paths, aligned', async () => {
    const lines = await uploadNamed(['a.png', 'second shot.png', '夜景.png', wave, 'x\x1b[2J.png']);
    const reference = /US:sandbox@example\.com-image:\S+$/;
    expect(lines.map((line) => line.replace(reference, '|'))).toEqual([
      'a.png            |',
      'second shot.png  |',
      '夜景.png         |',
      `${wave}           |`,
      'x\\x1b[2J.png     |',
    ]);
  });

  it('of a single file have no path before them', async () => {
    expect(await uploadNamed(['a.png'])).toEqual([expect.stringMatching(/^US:\S+$/)]);
  });

  it.each(['"$@" | cat', '"$@" > refs.txt; cat refs.txt'])(
    'have no path before them in %s',
    async (shell) => {
      const lines = await uploadNamed(['a.png', 'b.png'], shell);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => !/^(US:\S+|2 uploaded .*)$/.test(line))).toEqual([]);
    },
  );
});

describe('colour', () => {
  const failing = ['upload', '--sandbox', import.meta.filename, '--no-progress'];

  it.each([
    ['a terminal', {}, true],
    ['NO_COLOR', { NO_COLOR: '1' }, false],
    ['TERM=dumb', { TERM: 'dumb' }, false],
    ['FORCE_COLOR on a dumb terminal', { TERM: 'dumb', FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, true],
    ['an empty FORCE_COLOR on a dumb terminal', { TERM: 'dumb', FORCE_COLOR: '' }, false],
  ])('%s', async (_what, env, coloured) => {
    const terminal = openTerminal(failing, { columns: 80, env });
    expect(await terminal.ended).toBe(1);
    expect(terminal.raw().includes('\x1b[31m')).toBe(coloured);
  });
});

describe('help', () => {
  const withoutStyle = (text: string) => text.replaceAll(/\x1b\[\d+m/g, '');

  it.each([40, 200])('breaks no word on %i columns', async (columns) => {
    const terminal = openTerminal(['upload', '--help'], { columns });
    expect(await terminal.ended).toBe(0);
    const widths = withoutStyle(terminal.raw())
      .split('\r\n')
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(Math.min(columns, 100));
    expect(Math.max(...widths)).toBeGreaterThan(Math.min(columns, 80) * 0.8);
  });

  it.each([
    ['a terminal', [], {}, true],
    ['NO_COLOR', [], { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', [], { NO_COLOR: '' }, true],
    ['--no-color', ['--no-color'], {}, false],
    ['TERM=dumb', [], { TERM: 'dumb' }, false],
    ['FORCE_COLOR on a dumb terminal', [], { TERM: 'dumb', FORCE_COLOR: '1' }, true],
  ])('has bold headings only where colour is allowed: %s', async (_what, flags, env, isBold) => {
    const terminal = openTerminal(['upload', ...flags, '--help'], { columns: 80, env });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw().includes('\x1b[1mUsage:\x1b[22m')).toBe(isBold);
    expect(terminal.raw().includes('\x1b[1mExit codes:\x1b[22m')).toBe(isBold);
    expect(terminal.raw().includes('\x1b[')).toBe(isBold);
  });

  it.each([
    ['a pipe', '"$@" | cat', {}, false],
    ['a pipe and FORCE_COLOR', '"$@" | cat', { FORCE_COLOR: '1' }, true],
  ])('has at most 80 columns in %s', async (_what, shell, env, isBold) => {
    const terminal = openTerminal(['--help'], { columns: 200, env, shell });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw().includes('\x1b[1mUsage:')).toBe(isBold);
    expect(Math.max(...terminal.lines().map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

it('doctor breaks no word and no line on a narrow terminal', async () => {
  const { env } = await sandboxWith();
  const folder = await tempDir();
  await writeFile(join(folder, 'dreamina'), '', { mode: 0o755 });
  const path = `${folder}${delimiter}${process.env.PATH}`;
  const terminal = openTerminal(['doctor', '--no-color'], { columns: 44, env: { ...env, PATH: path } });
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

describe('standard input', () => {
  it('is announced if it is the terminal: -', async () => {
    const terminal = openTerminal(['upload', '--sandbox', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for a file on standard input; Ctrl-D ends it, Ctrl-C cancels\.$/);
    terminal.type('text\r\x04');
    expect(await terminal.ended).toBe(1);
    expect(terminal.lines().join('\n')).toMatch(/standard input: /);
  });

  it('is announced if it is the terminal: --files-from -', async () => {
    const terminal = openTerminal(['upload', '--sandbox', '--files-from', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for paths, one a line, on standard input;/);
    terminal.type(`${fixture('night.png').file}\r\x04`);
    expect(await terminal.ended).toBe(0);
  });

  it.each([
    ['a file', '"$@" <"$0"'],
    ['a pipe', 'cat "$0" | "$@"'],
  ])('is not announced if it is %s', async (_what, shell) => {
    const terminal = openTerminal(['upload', '--sandbox', '-'], {
      columns: 80,
      shell: shell.replaceAll('"$0"', `'${fixture('night.png').file}'`),
    });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toContain('Waiting');
  });
});
