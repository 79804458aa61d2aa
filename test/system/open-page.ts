import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { findProgram } from './program.ts';

/** Starts Debian's Chromium. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findProgram('chromium') });
}

/** A page in a real browser, and what happened in it so far. */
export interface OpenPage {
  readonly page: Page;
  /** Messages of the console and errors of the page. */
  readonly complaints: readonly string[];
  /** The addresses of all requests, except `data:`. */
  readonly requests: readonly string[];
}

/** Opens an address in an empty profile, and closes it after the test. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  context.setDefaultTimeout(60_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) {
      requests.push(request.url());
    }
  });
  await page.goto(url);
  return { page, complaints, requests };
}
