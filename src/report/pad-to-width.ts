import stringWidth from 'string-width';

/** Fills text up to `width` columns of a terminal: a CJK character or an emoji takes two, a combining accent none. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}
