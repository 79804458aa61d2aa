import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { openBash, openTerminal, type Terminal } from '../harness/terminal.ts';

const showCursor = '\x1b[?25h';
const hideCursor = '\x1b[?25l';
const ctrlC = '\x03';
const neverMs = 600_000;

const progress = /\d+\/\d+ files/;

describe.each([40, 80, 200])('on a terminal of %i columns', (columns) => {
  it('one line shows the progress, and is removed at the end', async () => {
    const { env } = await sandboxWith({ latencyMs: 150 });
    const folder = await imageFolder(6);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '2'], { columns, env });
    const during = await terminal.waitFor(/[2-5]\/6 files/);
    expect(during.filter((line) => progress.test(line))).toHaveLength(1);
    if (columns >= 80) {
      expect(during.find((line) => progress.test(line))).toMatch(/\/6 files +[\d.]+ kB of 20\.7 kB/);
    }
    expect(await terminal.ended).toBe(0);
    const after = terminal.lines().join('\n');
    expect(after).not.toMatch(progress);
    expect(after).toMatch(/6 uploaded \(20\.7 kB in [\d.]+m?s\)$/);
    expect(after.replaceAll('\n', '').match(/US:sandbox@example\.com-image/g)).toHaveLength(6);
  });

  it('a failure stands above the progress, with its advice', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const folder = await imageFolder(2);
    const bad = join(folder, 'bad.bmp');
    await writeFile(bad, 'BM');
    const terminal = openTerminal(['upload', bad, join(folder, '0.png')], { columns, env });
    await terminal.waitFor(/renaming/);
    const lines = await terminal.waitFor(progress);
    expect(lines[0]).toMatch(/^error: /);
    expect(lines.findIndex((line) => progress.test(line))).toBe(lines.length - 1);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });
});

it('Ctrl-C ends it and gives the cursor back', async () => {
  const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
  const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 80, env });
  await terminal.waitFor(progress);
  expect(terminal.raw()).toContain(hideCursor);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.raw().lastIndexOf(showCursor)).toBeGreaterThan(terminal.raw().lastIndexOf(hideCursor));
  expect(terminal.lines().at(-1)).toBe('1 cancelled');
});

it('says why the batch waits and when it continues', async () => {
  const { env } = await sandboxWith({ faults: [{ kind: '429', rate: 1 }], retryAfterSeconds: 200 });
  const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 80, env });
  await terminal.waitFor(/server busy, resuming in 3m \d+s/);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
});

it('stays one line when the terminal becomes narrow', async () => {
  const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
  const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 120, env });
  await terminal.waitFor(/of 3\.44 kB/);
  terminal.resize(24);
  await terminal.waitFor(/^. +0\/1 files$/);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
});

it('on a terminal of unknown width there is no progress, and all the rest', async () => {
  const { env } = await sandboxWith();
  const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 0, env });
  expect(await terminal.ended).toBe(0);
  expect(terminal.raw()).not.toContain(hideCursor);
  expect(terminal.lines().at(-1)).toMatch(/^1 uploaded/);
});

it.each([
  ['--no-progress', ['--no-progress'], {}],
  ['--quiet', ['--quiet'], {}],
  ['CI', [], { CI: 'true' }],
  ['TERM=dumb', [], { TERM: 'dumb' }],
])('%s: nothing moves', async (_what, flags, more) => {
  const { env } = await sandboxWith();
  const terminal = openTerminal(['upload', fixture('night.png').file, ...flags], {
    columns: 80,
    env: { ...env, ...more },
  });
  expect(await terminal.ended).toBe(0);
  expect(terminal.raw()).not.toContain(hideCursor);
  expect(terminal.raw()).not.toMatch(progress);
});

it.each([
  ['an empty CI', { CI: '' }],
  ['CI=false', { CI: 'false' }],
])('%s does not keep it from moving', async (_what, more) => {
  const { env } = await sandboxWith({ latencyMs: 300 });
  const terminal = openTerminal(['upload', fixture('night.png').file], {
    columns: 80,
    env: { ...env, ...more },
  });
  await terminal.waitFor(progress);
  expect(await terminal.ended).toBe(0);
});

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

  it('of several files stand behind their paths, aligned', async () => {
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

  it('of one file stands alone', async () => {
    expect(await uploadNamed(['a.png'])).toEqual([expect.stringMatching(/^US:\S+$/)]);
  });

  it.each(['"$@" | cat', '"$@" > refs.txt; cat refs.txt'])('stand alone in %s', async (shell) => {
    const lines = await uploadNamed(['a.png', 'b.png'], shell);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !/^(US:\S+|2 uploaded .*)$/.test(line))).toEqual([]);
  });
});

describe('after Ctrl-C', () => {
  it.each([
    [
      'with a manifest',
      ['--manifest', 'refs.ndjson'],
      1,
      'Interrupted, with 2 of 3 files left. Run the same command again: what is in refs.ndjson is not sent again.',
    ],
    [
      'without one',
      [],
      1,
      'Interrupted, with 2 of 3 files left. The same command would send all 3 again; with --manifest <file>, a run remembers what it has sent.',
    ],
    ['before the first', [], 0, 'Interrupted before any file was uploaded. Run the same command again.'],
  ])('%s, it says how to go on', async (_what, flags, uploaded, words) => {
    const server = await rawServer((response, _request, ordinal) => {
      if (ordinal < uploaded) {
        sendJson(response, 200, { imageRef: exampleReference });
      }
    });
    const folder = await imageFolder(3);
    const terminal = openTerminal(['upload', '0.png', '1.png', '2.png', '-c', '1', ...flags], {
      columns: 200,
      env: server.env,
      shell: `cd '${folder}'; exec "$@"`,
    });
    await server.received(uploaded + 1);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(terminal.lines().at(-2)).toBe(words);
    expect(terminal.lines().at(-1)).toMatch(/[23] cancelled/);
  });
});

describe('what the progress says', () => {
  it('counts no byte of a file that failed, and none of one that is to be sent again', async () => {
    const server = await rawServer(async (response, _request, ordinal) => {
      if (ordinal === 0) {
        sendJson(response, 400, { error: 'no' });
      } else if (ordinal === 1) {
        sendJson(response, 503, { error: 'later' }, { 'retry-after': '200' });
      }
    });
    const folder = await imageFolder(2);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], { columns: 120, env: server.env });
    await terminal.waitFor(/1\/2 files +0 B of 3\.4\d kB {2}server trouble, resuming in 3m \d+s/);
    expect(terminal.lines().join('\n')).toContain(`(503 from ${new URL(server.apiUrl).host})`);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });

  it('says what is retried while others are sent', async () => {
    const server = await rawServer((response, _request, ordinal) => {
      if (ordinal === 0) {
        sendJson(response, 503, { error: 'later' }, { 'retry-after': '200' });
      }
    });
    const folder = await imageFolder(2);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '2'], { columns: 120, env: server.env });
    await terminal.waitFor(/1 to retry \(503 from 127\.0\.0\.1:\d+\)/);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });

  it('waits for answers once all bytes are away, and never has 0 ms left', async () => {
    const { env } = await sandboxWith({ latencyMs: 2000 });
    const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 120, env });
    await terminal.waitFor(/3\.44 kB of 3\.44 kB.* waiting for the last answers/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toMatch(/\b0m?s left/);
  });
});

describe('a terminal that loses its width', () => {
  it('keeps the uploads going, and shows the progress again when it has one', async () => {
    const { env } = await sandboxWith({ latencyMs: 400 });
    const folder = await imageFolder(8);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], { columns: 80, env });
    await terminal.waitFor(/1\/8 files/);
    terminal.resize(0);
    await terminal.waitFor(/3\.png +US:sandbox/);
    terminal.resize(100);
    await terminal.waitFor(/[4-7]\/8 files/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines().at(-1)).toMatch(/^8 uploaded/);
  });

  it('responds to a signal', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 80, env });
    await terminal.waitFor(progress);
    terminal.resize(0);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });
});

describe('a pipe that ends on the same terminal', () => {
  it.each([
    '| cat',
    '| tee /dev/null',
    '| tee /dev/tty >/dev/null',
    '| grep --line-buffered US: | cat',
    '| while read -r line; do sleep 0.2; echo "$line"; done',
  ])('%s has its lines to itself', async (pipe) => {
    const { env } = await sandboxWith({ latencyMs: 200 });
    const folder = await imageFolder(4);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], {
      columns: 200,
      env,
      shell: `"$@" ${pipe}`,
    });
    expect(await terminal.ended).toBe(0);
    const printed = terminal.lines().filter((line) => line.includes('US:sandbox'));
    expect(printed.filter((line) => /^US:sandbox@example\.com-image:\S+$/.test(line))).toHaveLength(4);
    expect(terminal.raw()).not.toMatch(/US:sandbox[^\n]*files|files[^\n]*US:sandbox/);
  });

  it.each([
    ['a file', '>/dev/null'],
    ['a filter into a file', '| cat >/dev/null'],
    ['a variable', ''],
  ])('but output into %s leaves the terminal to the progress', async (_what, redirection) => {
    const { env } = await sandboxWith({ latencyMs: 200 });
    const folder = await imageFolder(4);
    const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], {
      columns: 120,
      env,
      shell: redirection === '' ? 'refs=$("$@"); exit $?' : `"$@" ${redirection}`,
    });
    await terminal.waitFor(/[1-3]\/4 files/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines()).toEqual([expect.stringMatching(/^4 uploaded/)]);
  });
});

describe('in a shell that controls jobs', () => {
  const isCursorShown = (terminal: Terminal) =>
    terminal.raw().lastIndexOf(showCursor) > terminal.raw().lastIndexOf(hideCursor);

  async function openShell() {
    const { env } = await sandboxWith({ latencyMs: 300 });
    const folder = await imageFolder(12);
    const terminal = openBash({ columns: 120, env });
    return { terminal, upload: `dreamina upload -r '${folder}' -c 1 >/dev/null` };
  }

  it('Ctrl-Z leaves a usable terminal, and fg continues', async () => {
    const { terminal, upload } = await openShell();
    terminal.type(`${upload}\r`);
    await terminal.waitFor(/[1-9]\/12 files/);
    terminal.type('\x1a');
    const stopped = await terminal.waitFor(/Stopped/);
    expect(stopped.join('\n')).not.toMatch(progress);
    expect(isCursorShown(terminal)).toBe(true);
    terminal.type('echo typed\r');
    await terminal.waitFor(/^typed$/);
    terminal.type('fg\r');
    await terminal.waitFor(/\d\/12 files/);
    await terminal.waitFor(/^12 uploaded/);
    expect(isCursorShown(terminal)).toBe(true);
    expect(terminal.lines().join('\n')).not.toMatch(progress);
  });

  it('bg draws nothing until fg', async () => {
    const { terminal, upload } = await openShell();
    terminal.type(`${upload}\r`);
    await terminal.waitFor(/[1-9]\/12 files/);
    terminal.type('\x1a');
    await terminal.waitFor(/Stopped/);
    const before = terminal.raw().split(hideCursor).length;
    terminal.type('bg; sleep 0.8; echo slept\r');
    await terminal.waitFor(/^slept$/);
    expect(terminal.raw().split(hideCursor)).toHaveLength(before);
    terminal.type('fg\r');
    await terminal.waitFor(/\d+\/12 files/);
    await terminal.waitFor(/^12 uploaded/);
  });

  it('a background job draws nothing, and prints its result', async () => {
    const { terminal, upload } = await openShell();
    terminal.type(`${upload} &\r`);
    await terminal.waitFor(/12 uploaded/);
    expect(terminal.raw()).not.toMatch(progress);
    expect(terminal.raw()).not.toContain(hideCursor);
    // Nothing but the summary stands behind the prompt.
    expect(terminal.lines().at(-1)).toMatch(/^(\$ )?12 uploaded \([^)]+\)$/);
  });

  it('Ctrl-Z without a shell that could continue it stops nothing', async () => {
    const { env } = await sandboxWith({ latencyMs: 300 });
    const terminal = openTerminal(['upload', '-r', await imageFolder(4), '-c', '1'], { columns: 200, env });
    await terminal.waitFor(/1\/4 files/);
    terminal.type('\x1a');
    await terminal.waitFor(/[23]\/4 files/);
    expect(await terminal.ended).toBe(0);
  });
});

it.each([
  ['NO_COLOR', [], { NO_COLOR: '1' }],
  ['--no-color', ['--no-color'], {}],
])('%s leaves the progress without colour', async (_what, flags, more) => {
  const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
  const terminal = openTerminal(['upload', fixture('night.png').file, ...flags], {
    columns: 80,
    env: { ...env, ...more },
  });
  await terminal.waitFor(progress);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.raw()).not.toMatch(/\x1b\[\d+m/);
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
  const helps = ['', ' upload', ' login', ' accounts', ' config', ' doctor', ' sandbox'];
  const withoutStyle = (text: string) => text.replaceAll(/\x1b\[\d+m/g, '');

  it.each(helps.flatMap((command) => [40, 57, 80, 200].map((columns) => [command, columns] as const)))(
    'dreamina%s --help breaks no word on %i columns',
    async (command, columns) => {
      const terminal = openTerminal([...command.split(' ').slice(1), '--help'], { columns });
      expect(await terminal.ended).toBe(0);
      const widths = withoutStyle(terminal.raw())
        .split('\r\n')
        .map((line) => line.length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(Math.min(columns, 100));
      expect(Math.max(...widths)).toBeGreaterThan(Math.min(columns, 80) * 0.8);
    },
  );

  it.each([
    ['a terminal', [], {}, true],
    ['NO_COLOR', [], { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', [], { NO_COLOR: '' }, true],
    ['--no-color', ['--no-color'], {}, false],
    ['TERM=dumb', [], { TERM: 'dumb' }, false],
    ['FORCE_COLOR on a dumb terminal', [], { TERM: 'dumb', FORCE_COLOR: '1' }, true],
  ])('%s: bold headings', async (_what, flags, env, isBold) => {
    const terminal = openTerminal(['upload', ...flags, '--help'], { columns: 80, env });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw().includes('\x1b[1mUsage:\x1b[22m')).toBe(isBold);
    expect(terminal.raw().includes('\x1b[1mExit codes:\x1b[22m')).toBe(isBold);
    expect(terminal.raw().includes('\x1b[')).toBe(isBold);
  });

  it.each([
    ['a pipe', '"$@" | cat', {}, false],
    ['a pipe and FORCE_COLOR', '"$@" | cat', { FORCE_COLOR: '1' }, true],
  ])('into %s', async (_what, shell, env, isBold) => {
    const terminal = openTerminal(['--help'], { columns: 200, env, shell });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw().includes('\x1b[1mUsage:')).toBe(isBold);
    expect(Math.max(...terminal.lines().map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

it('doctor breaks no word on a narrow terminal', async () => {
  const { env } = await sandboxWith();
  const terminal = openTerminal(['doctor', '--no-color'], { columns: 44, env });
  expect(await terminal.ended).toBe(0);
  const lines = terminal.lines();
  expect(lines).toContain('ok       proxy');
  expect(lines).toContain('    none');
  expect(
    terminal
      .raw()
      .split('\r\n')
      .filter((line) => line.length > 44),
  ).toEqual([]);
});

describe('standard input that is the terminal', () => {
  it('prints that it is waited for: -', async () => {
    const terminal = openTerminal(['upload', '--sandbox', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for a file on standard input; Ctrl-D ends it, Ctrl-C gives up\.$/);
    terminal.type('text\r\x04');
    expect(await terminal.ended).toBe(1);
    expect(terminal.lines().join('\n')).toMatch(/standard input: /);
  });

  it('prints that it is waited for: --files-from -', async () => {
    const terminal = openTerminal(['upload', '--sandbox', '--files-from', '-'], { columns: 80 });
    await terminal.waitFor(/^Waiting for paths, one a line, on standard input;/);
    terminal.type(`${fixture('night.png').file}\r\x04`);
    expect(await terminal.ended).toBe(0);
  });

  it.each([
    ['a file', '"$@" <"$0"'],
    ['a pipe', 'cat "$0" | "$@"'],
  ])('is not waited for where it is %s', async (_what, shell) => {
    const terminal = openTerminal(['upload', '--sandbox', '-'], {
      columns: 80,
      shell: shell.replaceAll('"$0"', `'${fixture('night.png').file}'`),
    });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toContain('Waiting');
  });
});
