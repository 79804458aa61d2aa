import { readFile } from 'node:fs/promises';
import type { Card } from '../../src/report/contact-sheet/card.ts';

/** The content of a contact sheet, from its JSON. */
export async function readSheet(
  path: string,
): Promise<{ readonly summary: string; readonly cards: readonly Card[] }> {
  const html = await readFile(path, 'utf8');
  const [, json = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)!;
  return JSON.parse(json);
}
