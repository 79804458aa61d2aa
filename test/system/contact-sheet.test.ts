import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeRatioMismatch } from '../../src/report/aspect-ratio.ts';
import type { Card } from '../../src/report/contact-sheet/card.ts';
import { formatPage } from '../../src/report/contact-sheet/format-page.ts';
import { assertRequest, createRequestObject } from '../../src/report/request-object.ts';
import { type RequestFormat, requestFormats } from '../../src/report/result-formats.ts';
import type { UploadRecord } from '../../src/upload/record.ts';
import { clip, fixture } from '../fixtures.ts';
import { listen } from '../harness/listen.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { openPage, startBrowser } from './open-page.ts';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));
const hostileNames = [
  '"><img src=x onerror=document.title=1>.png',
  '#1?a=%20.png',
  'a\nb\u202egnp.png',
  'javascript:document.title=1.png',
  '</script><script>document.title=1</script>.webp'.replaceAll('/', '\u2215'),
];
const files = ['sunset.jpg', 'clip.mp4', 'waves-progressive.jpg', 'tone.mp3', 'night.png', 'clip.webm'];

/** A folder with a `refs.html` that the built command has written about its files. */
let folder = '';
let url = '';
let browser: Browser;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'dreamina-test-')));
  url = pathToFileURL(join(folder, 'refs.html')).href;
  for (const file of ['sunset.jpg', 'waves-progressive.jpg', 'night.png'] as const) {
    await copyFile(fixture(file).file, join(folder, file));
  }
  for (const file of ['clip.mp4', 'tone.mp3', 'clip.webm'] as const) {
    await copyFile(clip(file).file, join(folder, file));
  }
  await writeFile(join(folder, 'page.png'), '<html>not found</html>');
  await mkdir(join(folder, 'hostile'));
  for (const name of hostileNames) {
    await copyFile(fixture('dunes.webp').file, join(folder, 'hostile', name));
  }
  await upload(...files, 'page.png', '-r', 'hostile', '--report', 'refs.html');
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the built command; its manifest gives a file the same reference each time. Returns what it prints. */
async function upload(...args: readonly string[]): Promise<string> {
  const { stdout } = spawnSync(
    process.execPath,
    [command, 'upload', '--sandbox', '--manifest', 'refs.ndjson', ...args],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: '/nonexistent' }, encoding: 'utf8' },
  );
  return stdout;
}

/** The same sheet without previews, as without the tools that make them. */
async function withoutPreviews(inFolder = folder): Promise<string> {
  const html = await readFile(join(folder, 'refs.html'), 'utf8');
  const path = join(inFolder, 'plain.html');
  await writeFile(path, html.replaceAll(/,"preview":"[^"]*"/g, ''));
  return pathToFileURL(path).href;
}

/** Serves on a free port until the test ends; returns its origin. */
async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`;
}

/** The checkbox of a file. */
function box(page: Page, name: string) {
  return page.getByRole('checkbox', { name: `Use in request: ${name}`, exact: true });
}

/** A number that the browser knows about an element. */
async function measure(element: Locator, property: string): Promise<number> {
  return element.evaluate((it, name) => (it as unknown as Record<string, number>)[name]!, property);
}

async function choose(page: Page, format: string): Promise<void> {
  await page.getByRole('radio', { name: format, exact: true }).check();
}

async function readClipboard(page: Page): Promise<string> {
  return page.evaluate('navigator.clipboard.readText()');
}

// The code for the page is text, because the types of the program do not include the DOM.

/** The element with the focus, and whether all of it is visible. */
const focusInPage = `(() => {
  const it = document.activeElement;
  const bar = document.getElementById('request');
  const { top, bottom } = it.getBoundingClientRect();
  const floor = bar.contains(it) || bar.hidden ? innerHeight : bar.getBoundingClientRect().top;
  return { name: it.id || it.tagName.toLowerCase(), isFree: top >= -1 && bottom <= floor + 1, top, bottom, floor };
})()`;

interface PageColours {
  /** How many pixels the page is wider than the window. */
  readonly overflow: number;
  readonly texts: readonly {
    readonly selector: string;
    readonly colour: string;
    readonly background: string;
  }[];
}

const coloursInPage = `(() => {
  const selectors = ['.name', '.muted', '.error', '#rules .warning', '.field', 'button', 'code', 'header p'];
  const texts = selectors.map((selector) => {
    const element = document.querySelector(selector);
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
      behind = behind.parentElement;
    }
    const { color: colour } = getComputedStyle(element);
    return { selector, colour, background: getComputedStyle(behind).backgroundColor };
  });
  return { overflow: document.documentElement.scrollWidth - innerWidth, texts };
})()`;

/** Tries in every way to run a script, and to reach a server. Returns the title, which a script would change. */
const intrusion = `async (origin) => {
  const inject = (html) => document.body.insertAdjacentHTML('beforeend', html);
  inject('<img src="' + origin + '/img"><video src="' + origin + '/video"></video>');
  inject('<link rel="stylesheet" href="' + origin + '/css"><iframe src="' + origin + '/frame"></iframe>');
  inject('<img src="data:," onerror="document.title = 1"><p style="background: url(x)">');
  document.body.append(Object.assign(document.createElement('script'), { src: origin + '/script' }));
  document.body.append(Object.assign(document.createElement('script'), { text: 'document.title = 1' }));
  navigator.sendBeacon(origin + '/beacon');
  await fetch(origin + '/fetch').catch(() => {});
  const { title } = document;
  const form = Object.assign(document.createElement('form'), { action: origin + '/form' });
  document.body.append(form);
  form.submit();
  return title;
}`;

describe('a contact sheet in Chromium', () => {
  it('shows every image, video and audio file, and requests nothing else', async () => {
    const { page, complaints, requests } = await openPage(browser, url);
    expect(await page.locator('.card').count()).toBe(files.length + 1 + hostileNames.length);
    for (const image of await page.locator('img').all()) {
      await image.scrollIntoViewIfNeeded();
      await expect.poll(() => measure(image, 'naturalWidth')).toBeGreaterThan(0);
    }
    expect(await page.locator('img').count()).toBe(3 + hostileNames.length);
    for (const player of await page.locator('video, audio').all()) {
      await player.scrollIntoViewIfNeeded();
      await expect.poll(() => measure(player, 'duration')).toBeGreaterThan(2);
    }
    expect(complaints).toEqual([]);
    expect(await page.title()).toBe('Dreamina references');
    const prefix = `${pathToFileURL(folder).href}/`;
    expect(new Set(requests)).toEqual(
      new Set(['refs.html', 'clip.mp4', 'tone.mp3', 'clip.webm'].map((file) => prefix + file)),
    );
  });

  it.each([0, 1, 2, 3, 4])('opens the original of hostile name %i from its preview', async (i) => {
    const { page } = await openPage(browser, url);
    const link = page.locator('.card a').nth(3 + i);
    const href = (await link.getAttribute('href'))!;
    const { page: original } = await openPage(browser, new URL(href, url).href);
    expect(await measure(original.locator('img'), 'naturalWidth')).toBe(150);
    const path = decodeURIComponent(new URL(original.url()).pathname);
    expect(path.startsWith(join(folder, 'hostile/'))).toBe(true);
    expect(hostileNames).toContain(basename(path));
  });

  it('shows the files themselves if there are no previews, also from a web server', async () => {
    const origin = await serve((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      const type = pathname.endsWith('.html') ? { 'content-type': 'text/html' } : {};
      readFile(join(folder, decodeURIComponent(pathname))).then(
        (bytes) => response.writeHead(200, type).end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    for (const address of [await withoutPreviews(), `${origin}/plain.html`]) {
      const { page, complaints } = await openPage(browser, address);
      for (const image of await page.locator('img').all()) {
        await image.scrollIntoViewIfNeeded();
        await expect.poll(() => measure(image, 'naturalWidth')).toBeGreaterThan(0);
      }
      expect(await page.locator('img').count()).toBe(3 + hostileNames.length);
      expect(complaints).toEqual([]);
    }
  });

  it('copies a reference', async () => {
    const { page } = await openPage(browser, url);
    for (const name of ['night.png', 'clip.mp4', 'tone.mp3']) {
      const button = page.getByRole('button', { name: `Copy the reference of ${name}` });
      await button.click();
      await expect.poll(() => button.textContent()).toBe('Copied');
      expect(await readClipboard(page)).toBe((await upload(name)).trimEnd());
    }
  });

  it.each<[RequestFormat, readonly string[]]>([
    ['frames', ['sunset.jpg']],
    ['frames', ['sunset.jpg', 'waves-progressive.jpg']],
    ['frames', ['waves-progressive.jpg', 'sunset.jpg']],
    ['frames', ['sunset.jpg', 'waves-progressive.jpg', 'night.png']],
    ['frames', ['night.png', 'sunset.jpg', 'waves-progressive.jpg']],
    ['images', ['sunset.jpg', 'night.png']],
    ['images', ['night.png', 'sunset.jpg']],
    ['omni', files],
    ['omni', files.toReversed()],
    ['omni', ['night.png', 'clip.webm', 'sunset.jpg', 'tone.mp3', 'clip.mp4']],
  ])('shows the same %s object of %j as the command prints', async (format, names) => {
    const { page } = await openPage(browser, url);
    for (const name of names) {
      await box(page, name).check();
    }
    await choose(page, format);
    await page.getByRole('button', { name: 'Copy object' }).click();
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Copied');
    const copied = await readClipboard(page);
    expect(copied).toBe(await page.locator('#object').textContent());
    const printed = await upload(...names, '--format', format);
    expect(JSON.stringify(JSON.parse(copied))).toBe(printed.trimEnd());
  });

  it('forgets a file that is no longer ticked', async () => {
    const { page } = await openPage(browser, url);
    const request = page.getByRole('region', { name: 'Request for the ticked files' });
    await expect.poll(() => request.isVisible()).toBe(false);
    await box(page, 'night.png').check();
    await choose(page, 'images');
    await box(page, 'sunset.jpg').check();
    await box(page, 'night.png').uncheck();
    expect(Object.keys(JSON.parse((await page.locator('#object').textContent())!))).toEqual(['imageRef_1']);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(0);
    expect(await request.isVisible()).toBe(false);
  });

  it('can be used from the keyboard, and the element with the focus is visible', async () => {
    const { page } = await openPage(browser, url, { viewport: { width: 400, height: 700 } });
    const seen: string[] = [];
    for (let i = 0; i < 100 && seen.at(-1) !== 'copy'; i += 1) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate<{ name: string; isFree: boolean }>(focusInPage);
      expect(focus).toMatchObject({ isFree: true });
      seen.push(focus.name);
      if (focus.name === 'input' && !(await page.locator('#request').isVisible())) {
        await page.keyboard.press('Space');
      }
    }
    expect(seen.slice(0, 4)).toEqual(['a', 'input', 'button', 'video']);
    expect(seen).toEqual(expect.arrayContaining(['audio', 'clear', 'copy']));
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Copied');
  });

  it('has names for screen readers', async () => {
    const { page } = await openPage(browser, url);
    await box(page, 'night.png').check();
    const tree = await page.locator('body').ariaSnapshot();
    for (const line of [
      'heading "Dreamina references" [level=1]',
      'list "Files"',
      'img "night.png"',
      'heading "night.png" [level=2]',
      'checkbox "Use in request: night.png" [checked]',
      'button "Copy the reference of night.png"',
      'region "Request for the ticked files"',
      'radiogroup "Request"',
      'radio "frames"',
      'button "Copy object"',
      'paragraph: "Failed: it is an HTML page',
    ]) {
      expect(tree).toContain(line);
    }
    expect(await page.locator('video').first().getAttribute('aria-label')).toBe('clip.mp4');
    expect(await page.locator('audio').getAttribute('aria-label')).toBe('tone.mp3');
  });

  it.each(['light', 'dark'] as const)(
    'is readable in %s mode, from a phone to a wide screen',
    async (scheme) => {
      for (const width of [320, 400, 1400, 2600]) {
        const { page } = await openPage(browser, url, {
          colorScheme: scheme,
          viewport: { width, height: 900 },
        });
        await box(page, 'night.png').check();
        await choose(page, 'frames');
        await box(page, 'sunset.jpg').check();
        const { overflow, texts } = await page.evaluate<PageColours>(coloursInPage);
        expect(overflow).toBeLessThanOrEqual(0);
        for (const { selector, colour, background } of texts) {
          const [text, ground] = [luminance(colour), luminance(background)];
          expect(ground > 0.5, selector).toBe(scheme === 'light');
          // https://www.w3.org/TR/WCAG22/#contrast-minimum
          const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
          expect(contrast, selector).toBeGreaterThan(4.5);
        }
      }
    },
  );

  it('reports a missing file', async () => {
    const address = await withoutPreviews(await tempDir());
    const { page } = await openPage(browser, address, { viewport: { width: 1400, height: 3000 } });
    await expect
      .poll(() => page.getByText('The file is not here, or cannot be shown.').count())
      .toBe(files.length + hostileNames.length);
    await page.getByRole('button', { name: 'Copy the reference of clip.mp4' }).click();
    expect(await readClipboard(page)).toContain('-video:');
  });

  it('sends nothing, even if the page contains hostile content', async () => {
    const seen: string[] = [];
    const origin = await serve((request, response) => {
      seen.push(request.url!);
      response.end();
    });
    const { page, complaints } = await openPage(browser, url);
    const title = await page.evaluate(`(${intrusion})('${origin}')`);
    await expect.poll(() => complaints.length).toBeGreaterThanOrEqual(10);
    expect(seen).toEqual([]);
    expect(title).toBe('Dreamina references');
    expect(complaints.filter((text) => !text.includes('Content Security Policy'))).toEqual([]);
  });
});

describe('the rules of requests', () => {
  const cards: Card[] = [
    ...Array.from({ length: 12 }, (_, i) => card(`i${i}`, 'image', undefined, i % 3 === 2 ? 900 : 1600)),
    ...[2000, 5000, 8000, 10_400, 15_400].map((ms, i) => card(`v${i}`, 'video', ms, 1600)),
    ...[2000, 5000, 8000, 10_000, 15_100].map((ms, i) => card(`a${i}`, 'audio', ms, undefined)),
  ];

  function card(
    name: string,
    type: 'image' | 'video' | 'audio',
    durationMs: number | undefined,
    width: number | undefined,
  ): Card {
    const height = width === undefined ? undefined : 900;
    const texts = {
      status: 'uploaded',
      details: '',
      fitted: [],
      warnings: [],
      assetRef: `ref-${name}`,
    } as const;
    return { name, type, durationMs, width, height, ...texts };
  }

  const choices = [
    ...[1, 2, 3, 6, 7, 9, 10, 11].map((count) => cards.slice(0, count)),
    ...[
      'i0 v0',
      'v0 v1 v2',
      'v2 v3',
      'v0 v1 v2 v3',
      'v4',
      'v0 v4',
      'a0',
      'a0 a1',
      'i0 a2 a1',
      'i0 a4',
      'a4 a0 i0',
    ],
    ...['i0 a0 a1 a2 a3', 'a0 v1 i3 a1 v0 i2', 'i2 i0', 'i0 i2', 'i0 i1', 'i5 i2 i0', 'v1 a1'],
  ].map((choice) =>
    typeof choice === 'string'
      ? choice.split(' ').map((name) => cards.find((it) => it.name === name)!)
      : choice,
  );

  it('are the same in the page as in the command', async () => {
    const sheet = join(await tempDir(), 'refs.html');
    await writeFile(sheet, formatPage('', cards));
    const { page, complaints } = await openPage(browser, pathToFileURL(sheet).href);
    const outcomes = { refused: 0, accepted: 0, warned: 0 };
    for (const choice of choices) {
      for (const { name } of choice) {
        await box(page, name).check();
      }
      for (const format of requestFormats) {
        await choose(page, format);
        const shown = await page.locator('#object').textContent();
        const words = await page.locator('#rules').textContent();
        const expected = expectedOf(format, choice);
        const what = `${format} ${choice.map(({ name }) => name).join(' ')}`;
        expect(shown === '' ? undefined : JSON.parse(shown!), what).toEqual(expected.object);
        expect(await page.getByRole('button', { name: 'Copy object' }).isEnabled(), what).toBe(shown !== '');
        expect(words !== '', what).toBe(expected.object === undefined || expected.hasWarning);
        outcomes.refused += expected.object === undefined ? 1 : 0;
        outcomes.accepted += expected.object === undefined ? 0 : 1;
        outcomes.warned += expected.hasWarning ? 1 : 0;
      }
      await page.getByRole('button', { name: 'Clear' }).click();
    }
    expect(complaints).toEqual([]);
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(3);
  });

  function expectedOf(format: RequestFormat, choice: readonly Card[]) {
    const assets = choice.map(({ name, type, durationMs, assetRef }) => ({
      path: name,
      type: type!,
      durationMs,
      assetRef: assetRef!,
    }));
    try {
      assertRequest(format, assets);
    } catch {
      return { object: undefined, hasWarning: false };
    }
    const records = choice.map((it) => ({ ...it, path: it.name }) as unknown as UploadRecord);
    const hasWarning = format === 'frames' && describeRatioMismatch(records) !== undefined;
    return { object: createRequestObject(format, assets), hasWarning };
  }
});

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = colour.match(/\d+(\.\d+)?/g)!.map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
