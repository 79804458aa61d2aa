import { describe, expect, it } from 'vitest';
import { imageFolder } from '../harness/image-folder.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { openBash, openTerminal, type Terminal } from '../harness/terminal.ts';

const showCursor = '\x1b[?25h';
const hideCursor = '\x1b[?25l';
const progress = /\d+\/\d+ files/;

describe('a pipe that ends on the same terminal', () => {
  it.each([
    '| cat',
    '| tee /dev/tty >/dev/null',
    '| grep --line-buffered US: | while read -r line; do sleep 0.2; echo "$line"; done',
  ])('%s has its lines to itself', async (pipe) => {
    const { env } = await sandboxWith({ latencyMs: 200 });
    const folder = await imageFolder(3);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], {
      columns: 200,
      env,
      shell: `"$@" ${pipe}`,
    });
    expect(await terminal.ended).toBe(0);
    const printed = terminal.lines().filter((line) => line.includes('US:sandbox'));
    expect(printed.filter((line) => /^US:sandbox@example\.com-image:\S+$/.test(line))).toHaveLength(3);
    expect(terminal.raw()).not.toMatch(/US:sandbox[^\n]*files|files[^\n]*US:sandbox/);
  });

  it.each([
    ['a filter into a file', '"$@" | cat >/dev/null'],
    ['a variable', 'refs=$("$@"); exit $?'],
  ])('output into %s leaves the terminal to the progress', async (_what, shell) => {
    const { env } = await sandboxWith({ latencyMs: 200 });
    const folder = await imageFolder(4);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], { columns: 120, env, shell });
    await terminal.waitFor(/[1-3]\/4 files/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines()).toEqual([expect.stringMatching(/^4 uploaded/)]);
  });
});

describe('in a shell that controls jobs', () => {
  const isCursorShown = (terminal: Terminal) =>
    terminal.raw().lastIndexOf(showCursor) > terminal.raw().lastIndexOf(hideCursor);

  async function openShell(files: number) {
    const { env } = await sandboxWith({ latencyMs: 300 });
    const folder = await imageFolder(files);
    const terminal = openBash({ columns: 120, env });
    return { terminal, upload: `dreamina upload -r '${folder}' -c 1 >/dev/null` };
  }

  it('Ctrl-Z leaves a usable terminal, fg continues, and bg draws nothing until fg', async () => {
    const { terminal, upload } = await openShell(30);
    terminal.type(`${upload}\r`);
    await terminal.waitFor(/[1-9]\/30 files/);
    terminal.type('\x1a');
    const stopped = await terminal.waitFor(/Stopped/);
    expect(stopped.join('\n')).not.toMatch(progress);
    expect(isCursorShown(terminal)).toBe(true);
    terminal.type('echo typed\r');
    await terminal.waitFor(/^typed$/);
    terminal.type('fg\r');
    await terminal.waitFor(progress);
    terminal.type('\x1a');
    await terminal.waitFor(/Stopped.*Stopped/);
    const before = terminal.raw().split(hideCursor).length;
    terminal.type('bg; sleep 0.8; echo slept\r');
    await terminal.waitFor(/^slept$/);
    expect(terminal.raw().split(hideCursor)).toHaveLength(before);
    terminal.type('fg\r');
    await terminal.waitFor(progress);
    terminal.type('\x03');
    await terminal.waitFor(/^\d+ uploaded, \d+ cancelled/);
    expect(isCursorShown(terminal)).toBe(true);
    expect(terminal.lines().join('\n')).not.toMatch(progress);
  });

  it('a background job draws nothing, and prints its result', async () => {
    const { terminal, upload } = await openShell(3);
    terminal.type(`${upload} &\r`);
    await terminal.waitFor(/3 uploaded/);
    expect(terminal.raw()).not.toMatch(progress);
    expect(terminal.raw()).not.toContain(hideCursor);
    // Only the summary follows the prompt.
    expect(terminal.lines().at(-1)).toMatch(/^(\$ )?3 uploaded \([^)]+\)$/);
  });

  it('Ctrl-Z stops nothing without a shell that could continue it', async () => {
    const { env } = await sandboxWith({ latencyMs: 300 });
    const terminal = openTerminal(['upload', '-r', await imageFolder(4), '-c', '1'], { columns: 200, env });
    await terminal.waitFor(/1\/4 files/);
    terminal.type('\x1a');
    await terminal.waitFor(/[23]\/4 files/);
    expect(await terminal.ended).toBe(0);
  });
});
