/**
 * Control characters (C0, DEL, C1), line and paragraph separators, zero-width and bidirectional ones, and lone
 * surrogates: what could move the cursor, forge a line or hide part of a name on a terminal.
 */
const unsafeCharacters =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Makes text from files, servers and arguments safe to print: unsafe characters become `\n`, `\x1b` or `\u{202e}`. */
export function escapeUnsafe(text: string): string {
  return text.replace(unsafeCharacters, (character) => {
    const code = character.codePointAt(0)!;
    const short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
    return short ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
  });
}
