import { createHash } from 'node:crypto';
import { ratioTolerance } from '../aspect-ratio.ts';
import { escapeUnits } from '../escape.ts';
import { requestRules } from '../request-object.ts';
import type { Card } from './card.ts';
import page from './page.html?raw';
import { sheetMarker } from './sheet-file.ts';

/** The whole HTML file; `summary` tells the outcomes of the files in one line. */
export function formatPage(summary: string, cards: readonly Card[]): string {
  const json = escapeJson(JSON.stringify({ summary, cards, rules: { ...requestRules, ratioTolerance } }));
  const head = `${sheetMarker}\n<meta http-equiv="Content-Security-Policy" content="${formatPolicy()}">`;
  // Functions, because a `$` in a replacement has a meaning of its own.
  return page
    .replace('<meta name="head">', () => head)
    .replace('<script type="application/json" id="data">{}', (start) => start.replace('{}', () => json));
}

/** JSON that never ends a script element, whatever it contains. */
export function escapeJson(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escapeUnits);
}

/**
 * Allows the page its own script and style by their hashes, and files: beside it on the disk (`file:`, which browsers
 * need in addition to 'self'), or beside it on a server. Nothing else is loaded, run or sent.
 */
function formatPolicy(): string {
  const media = "data: file: 'self'";
  return [
    "default-src 'none'",
    `script-src '${hashOf('script')}'`,
    `style-src '${hashOf('style')}'`,
    `img-src ${media}`,
    `media-src ${media}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(element: 'script' | 'style'): string {
  const [, text = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page)!;
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
