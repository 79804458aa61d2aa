import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { openTerminal } from '../harness/terminal.ts';

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

  it('a failure is shown above the progress, with its advice', async () => {
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

it('Ctrl-C ends the run and shows the cursor again', async () => {
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

it('a terminal of unknown width shows everything but the progress', async () => {
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
])('shows no progress with %s', async (_what, flags, more) => {
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
])('shows the progress despite %s', async (_what, more) => {
  const { env } = await sandboxWith({ latencyMs: 300 });
  const terminal = openTerminal(['upload', fixture('night.png').file], {
    columns: 80,
    env: { ...env, ...more },
  });
  await terminal.waitFor(progress);
  expect(await terminal.ended).toBe(0);
});

describe('after Ctrl-C', () => {
  it.each([
    [
      'with a manifest',
      ['--manifest', 'refs.ndjson'],
      1,
      'Interrupted, with 2 of 3 files left. Run the same command again: it skips files that are already in refs.ndjson.',
    ],
    [
      'without a manifest',
      [],
      1,
      'Interrupted, with 2 of 3 files left. The same command would send all 3 again; with --manifest <file>, a run remembers what it has sent.',
    ],
    [
      'before the first upload',
      [],
      0,
      'Interrupted before any file was uploaded. Run the same command again.',
    ],
  ])('%s, it says how to continue', async (_what, flags, uploaded, words) => {
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

describe('the progress', () => {
  it('counts no bytes of a file that failed or is sent again later', async () => {
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

  it('reports a retry while other files are sent', async () => {
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

  it('shows that it waits for answers once all bytes are sent', async () => {
    const { env } = await sandboxWith({ latencyMs: 2000 });
    const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 120, env });
    await terminal.waitFor(/3\.44 kB of 3\.44 kB.* waiting for the last answers/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toMatch(/\b0m?s left/);
  });
});

describe('a terminal that loses its width', () => {
  it('keeps the uploads running, and shows the progress again once it has a width', async () => {
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

  it('still ends the run after Ctrl-C', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const terminal = openTerminal(['upload', fixture('night.png').file], { columns: 80, env });
    await terminal.waitFor(progress);
    terminal.resize(0);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });
});

it.each([
  ['NO_COLOR', [], { NO_COLOR: '1' }],
  ['--no-color', ['--no-color'], {}],
])('%s removes the colour from the progress', async (_what, flags, more) => {
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
