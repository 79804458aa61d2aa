/** Joins words for a sentence: `bash, zsh or fish`. Written by hand: the first use of `Intl` takes Node 15 ms. */
export function joinWords(words: readonly string[], conjunction: 'and' | 'or'): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

/** Cuts text to at most `maxLength` UTF-16 code units, with `…` as the last; no surrogate pair is split. */
export function truncate(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A whole number for people: `10,485,760`. Written by hand: the first use of `Intl` takes Node 15 ms. */
export function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A number of things: `1 file`, `2,000 files`. */
export function countOf(count: number, thing: string): string {
  return `${groupDigits(count)} ${thing}${count === 1 ? '' : 's'}`;
}

const maxNames = 10;

/** Lists names for a sentence, separated by commas; counts those after the tenth. */
export function listNames(names: readonly string[]): string {
  const left = names.length - maxNames;
  const shown = names.slice(0, maxNames).join(', ');
  return left > 0 ? `${shown} and ${groupDigits(left)} more` : shown;
}

/** Quotes a word for a POSIX shell. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
