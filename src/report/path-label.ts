import stringWidth from 'string-width';
import { escapeUnsafe } from './escape.ts';
import { padToWidth } from './pad-to-width.ts';

/** The width of a terminal that does not report one. */
const usualColumns = 80;

/**
 * Creates the labels of lines, from the path of each: all as wide as the widest, so that what follows is aligned. A
 * path as wide as the terminal does not count.
 */
export function createPathLabel(
  paths: readonly string[],
  terminalColumns: number | undefined,
): (path: string) => string {
  const limit = terminalColumns || usualColumns;
  let width = 0;
  for (const path of paths) {
    const pathWidth = stringWidth(escapeUnsafe(path));
    if (pathWidth < limit) {
      width = Math.max(width, pathWidth);
    }
  }
  return (path) => `${padToWidth(escapeUnsafe(path), width)}  `;
}
