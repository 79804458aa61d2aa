/** The words of a line of bash, without quotes and redirections. */
interface BashLine {
  /** The complete words after the program's name. */
  readonly words: readonly string[];
  /** The word at the cursor. */
  readonly current: string;
  /** The beginning of the current word that a completion does not replace. */
  readonly kept: string;
  /** Whether the current word is the file of a redirection. */
  readonly isRedirection: boolean;
}

/** Characters in quotes, or outside of them; the last quotes may still be open. */
const bashWord = /(?:\\[\s\S]?|'[^']*(?:'|$)|"(?:\\[\s\S]|[^"\\])*(?:"|\\?$)|[^\s\\'"])+/g;

/**
 * Reads a line up to the cursor as bash does, except that nothing is expanded. Bash's own list of words does not serve:
 * it also splits at `=`, `:` and `@`, and does not show where blanks were.
 *
 * @param replaced the end of the line that bash replaces with the completion
 */
export function readBashLine(line: string, replaced: string): BashLine {
  // A blank at the end, outside of quotes, begins an empty word.
  const raw = /(?:^|\s)$/.test(line.replaceAll(bashWord, (word) => '.'.repeat(word.length)))
    ? ''
    : line.match(bashWord)!.at(-1)!;
  const before = line.slice(0, line.length - raw.length).match(bashWord) ?? [];
  const words: string[] = [];
  let isTarget = false;
  for (const word of before.slice(1)) {
    if (isTarget) {
      isTarget = false;
    } else if (redirection.test(word)) {
      isTarget = redirectionOperator.test(word);
    } else {
      words.push(unquote(word));
    }
  }
  return {
    words,
    current: unquote(raw),
    kept: raw.endsWith(replaced) ? unquote(raw.slice(0, raw.length - replaced.length)) : '',
    isRedirection: isTarget || redirection.test(raw),
  };
}

const redirection = /^(?:\d*|&)[<>]/;

/** A redirection whose file is the next word. */
const redirectionOperator = /^(?:\d*|&)[<>]+[&|]?$/;

function unquote(raw: string): string {
  return raw.replaceAll(
    /\\([\s\S]?)|'([^']*)'?|"((?:\\[\s\S]|[^"\\])*)(?:"|\\?$)/g,
    (_, escaped: string | undefined, single: string | undefined, double: string | undefined) =>
      escaped ?? single ?? double!.replaceAll(/\\([$`"\\])/g, '$1'),
  );
}
