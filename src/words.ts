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
