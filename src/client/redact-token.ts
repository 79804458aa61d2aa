/** A server's text without the token, however it is spelled there: as it is, percent-encoded or escaped in JSON. */
export function redactToken(text: string, token: string): string {
  const spellings = Array.from(token, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `(?:\\\\?\\x${code}|%${code}|\\\\u00${code})`;
  });
  return text.replace(new RegExp(spellings.join(''), 'gi'), '[token]');
}
