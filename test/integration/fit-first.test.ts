import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckedFile } from '../../src/upload/checked-file.ts';
import type { UploadEvent } from '../../src/upload/event.ts';
import { FileFitting } from '../../src/upload/file-fitting.ts';
import { prepareAll } from '../../src/upload/prepare-all.ts';
import { tempDir } from '../harness/temp-dir.ts';

/** Opens a fitter that converts files one after the other, and records what happens. */
function openFitting(failFast: boolean) {
  const events: UploadEvent[] = [];
  const { signal } = new AbortController();
  const onEvent = (event: UploadEvent) => events.push(event);
  const fitting = new FileFitting(
    { everyFile: true, edits: {}, fitDir: undefined, beforeSending: true, noLimits: false, failFast },
    {
      machine: {
        env: {},
        platform: process.platform,
        tempDir: tmpdir(),
        userId: process.geteuid?.(),
        cores: 1,
        now: Date.now,
      },
      manifest: undefined,
      signal,
      onEvent,
    },
  );
  onTestFinished(() => fitting.close());
  const check = (paths: readonly string[]) => fitting.check(paths.map((path) => ({ path, source: path })));
  const convert = (files: readonly CheckedFile[]) =>
    prepareAll(files, { concurrency: 1, failFast, signal, onEvent });
  return { check, convert, events };
}

/** A folder with two GIFs, between them one that is cut short, which only decoding shows; and a text. */
async function makeFiles() {
  const folder = await tempDir();
  const background = { r: 240, g: 120, b: 30 };
  const gif = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .gif()
    .toBuffer();
  const make = async (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  return {
    first: await make('a.gif', gif),
    cut: await make('cut.gif', gif.subarray(0, gif.length / 2)),
    last: await make('z.gif', gif),
    text: await make('text.png', 'no image'),
  };
}

describe('converting all files first', () => {
  test('settles a file that fails, and continues', async () => {
    const { first, cut, last } = await makeFiles();
    const { check, convert, events } = openFitting(false);
    const fitted = await convert(await check([first, cut, last, cut]));
    expect(fitted.map(({ check }) => check.kind)).toEqual(['acceptable', 'refused', 'acceptable', 'refused']);
    expect(events).toMatchObject([
      { type: 'fitted', index: 0, path: first },
      {
        type: 'file-settled',
        index: 1,
        path: cut,
        outcome: { status: 'failed', error: { code: 'cannot_fit' } },
      },
      { type: 'fitted', index: 2, path: last },
    ]);
  });

  test('stops after the first failure with failFast', async () => {
    const { first, cut, last } = await makeFiles();
    const { check, convert, events } = openFitting(true);
    const fitted = await convert(await check([first, cut, last]));
    expect(fitted.map(({ check }) => check.kind)).toEqual(['acceptable', 'refused', 'unchecked']);
    expect(events.map(({ type }) => type)).toEqual(['fitted', 'file-settled']);
  });

  test('converts nothing with failFast if a check has failed', async () => {
    const { first, text } = await makeFiles();
    const { check, convert, events } = openFitting(true);
    const fitted = await convert(await check([first, text]));
    expect(fitted.map(({ check }) => check.kind)).toEqual(['unchecked', 'refused']);
    expect(events).toEqual([]);
  });
});
