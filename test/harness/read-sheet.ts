import { readFile } from 'node:fs/promises';
import type { Card } from '../../src/report/contact-sheet/card.ts';

/** What a contact sheet shows, from the JSON within it. */
export async function readSheet(
  path: string,
): Promise<{ readonly summary: string; readonly cards: readonly Card[] }> {
  const html = await readFile(path, 'utf8');
  const [, json = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)!;
  return JSON.parse(json);
}
