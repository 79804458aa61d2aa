/** Whether a text can stand in an Authorization header: printable ASCII, no whitespace, not empty. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Whether a token has the documented form `user:<digits>-<alphanumeric>`; the API drifts, so another is only odd. */
export function isUsualToken(token: string): boolean {
  return /^user:\d+-[A-Za-z0-9]+$/.test(token);
}
