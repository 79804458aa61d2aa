import stringWidth from 'string-width';
import { escapeUnsafe } from './escape.ts';
import { padToWidth } from './pad-to-width.ts';

/** Formats rows as aligned columns; the text of cells is escaped. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escapeUnsafe));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    }
  }
  return cells
    .map((row) => `${row.map((cell, column) => padToWidth(cell, widths[column]!)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}
