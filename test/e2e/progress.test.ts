import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { openTerminal } from '../harness/terminal.ts';

const showCursor = '\x1b[?25h';
const hideCursor = '\x1b[?25l';
const cyan = '\x1b[36m';
const ctrlC = '\x03';
const neverMs = 600_000;
const progress = /\d+\/\d+ files/;

it.each([40, 200])(
  'on %i columns, one line below the failures shows the progress, and is removed at the end',
  async (columns) => {
    const { env } = await sandboxWith({ latencyMs: 150 });
    const folder = await imageFolder(6);
    const bad = join(folder, 'bad.bmp');
    await writeFile(bad, 'BM');
    const terminal = openTerminal(['upload', bad, '-r', folder, '-c', '2'], { columns, env });
    const during = await terminal.waitFor(/[2-5]\/6 files/);
    expect(during[0]).toMatch(/^error: /);
    expect(during.join('')).toContain('renaming it does not help');
    expect(during.filter((line) => progress.test(line))).toEqual([
      expect.stringMatching(/\/6 files +[\d.]+ kB of 20\.7 kB/),
    ]);
    expect(during.at(-1)).toMatch(progress);
    expect(await terminal.ended).toBe(3);
    expect(terminal.raw()).toContain(cyan);
    const after = terminal.lines().join('\n');
    expect(after).not.toMatch(progress);
    expect(after).toMatch(/6 uploaded, 1 failed \(20\.7 kB in [\d.]+m?s\)$/);
    expect(after.replaceAll('\n', '').match(/US:sandbox@example\.com-image/g)).toHaveLength(6);
  },
);

it('without colour, it stays one line when the terminal becomes narrow, and Ctrl-C removes it', async () => {
  const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });

  const terminal = openTerminal(['upload', fixture('night.png').file], {
    columns: 120,
    env: { ...env, NO_COLOR: '1' },
  });
  await terminal.waitFor(/of 3\.44 kB/);
  terminal.resize(24);
  await terminal.waitFor(/^. +0\/1 files$/);
  expect(terminal.raw()).toContain(hideCursor);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.raw().lastIndexOf(showCursor)).toBeGreaterThan(terminal.raw().lastIndexOf(hideCursor));
  expect(terminal.lines().at(-1)).toBe('1 cancelled');
  expect(terminal.raw()).not.toMatch(/\x1b\[\d+m/);
});

it('counts no bytes of a file that failed or is sent again later', async () => {
  const server = await rawServer((response, _request, ordinal) => {
    if (ordinal === 0) {
      sendJson(response, 400, { error: 'no' });
    } else {
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

it('a terminal that loses its width keeps the uploads running, and shows the progress once it has one', async () => {
  const { env } = await sandboxWith({ latencyMs: 400 });
  const folder = await imageFolder(20);
  const terminal = openTerminal(['upload', '-r', folder, '-c', '1'], { columns: 80, env });
  await terminal.waitFor(/1\/20 files/);
  terminal.resize(0);
  await terminal.waitFor(/2\.png +US:sandbox/);
  terminal.resize(100);
  await terminal.waitFor(/\d+\/20 files/);
  terminal.resize(0);
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.lines().at(-1)).toMatch(/^\d+ uploaded, \d+ cancelled/);
});
