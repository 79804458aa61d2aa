/**
 * Control characters (C0, DEL, C1), line and paragraph separators, zero-width and bidirectional ones, and lone
 * surrogates: what could move the cursor, forge a line or hide part of a name on a terminal.
 */
const unsafeCharacters =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Where a line of output becomes a command to a CI runner: `::` at its start, `##[`, `##vso[` and the like anywhere. */
const runnerCommands = /^(\s*):(?=:)|#(?=#\w*\[)/g;

/** Makes text safe to print: unsafe characters become `\n`, `\x1b` or `\u{202e}`. */
export function escapeCharacters(text: string): string {
  return text.replace(unsafeCharacters, (character) => {
    const code = character.codePointAt(0)!;
    const short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
    return short ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
  });
}

/**
 * Makes text from files, servers and arguments safe to print, also as a line of its own in the log of a CI job:
 * {@link escapeCharacters}, and `::set-output` becomes `\x3a:set-output`.
 */
export function escapeUnsafe(text: string): string {
  return escapeCharacters(text).replace(runnerCommands, (found, space: string | undefined) =>
    found.endsWith(':') ? `${space}\\x3a` : '\\x23',
  );
}

/**
 * A value as JSON, with the same characters in its strings escaped as `\u202e` and `\u0023#[`: parsing it gives the
 * same data, and printing it is safe.
 *
 * @param indent spaces for each level; by default everything is on one line
 */
export function formatJson(value: unknown, indent?: number): string {
  // Each C0 character within a string is escaped already; those that are left are line breaks between the values.
  return JSON.stringify(value, undefined, indent)
    .replace(unsafeCharacters, (character) => (character === '\n' ? character : escapeUnits(character)))
    .replace(runnerCommands, (found) => (found === '#' ? escapeUnits(found) : found));
}

/** Each UTF-16 unit as JSON escapes it: `\\u202e`. */
export function escapeUnits(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
