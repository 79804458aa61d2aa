import stringWidth from 'string-width';

/** The columns that text takes on a terminal: two for a CJK character or an emoji, none for a combining accent. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Fills text up to `width` columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
