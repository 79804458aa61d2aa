/**
 * Breaks text between words into lines of at most `width` columns; a word that is wider stays whole.
 *
 * @param widthOf the columns of a text; by default each UTF-16 code unit takes one
 */
export function wrapWords(
  words: readonly string[],
  width: number,
  widthOf = (text: string) => text.length,
): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
