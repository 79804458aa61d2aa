import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { openTerminal } from '../harness/terminal.ts';

const showCursor = '\x1b[?25h';
const hideCursor = '\x1b[?25l';
const ctrlC = '\x03';
const neverMs = 600_000;

const progress = /\d+\/\d+ files/;

describe.each([40, 80, 200])('on a terminal of %i columns', (columns) => {
  it('one line tells how far it is, and leaves no trace', async () => {
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

it('says why nothing moves and when it goes on', async () => {
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
  ])('%s', async (_what, env, coloured) => {
    const terminal = openTerminal(failing, { columns: 80, env });
    expect(await terminal.ended).toBe(1);
    expect(terminal.raw().includes('\x1b[31m')).toBe(coloured);
  });
});
