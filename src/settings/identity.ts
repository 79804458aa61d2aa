/** Whether a text can stand in an Authorization header: printable ASCII, no whitespace, not empty. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Whether a token has the documented form `user:<digits>-<alphanumeric>`; others work too, because the API drifts. */
export function isUsualToken(token: string): boolean {
  return /^user:\d+-[A-Za-z0-9]+$/.test(token);
}

/** Formats a token for display: shows whether it has the documented form, and nothing else of it. */
export function maskToken(token: string): string {
  return isUsualToken(token) ? 'user:****' : '****';
}

// Printable ASCII except `@` and what can change a URL's path: slash, backslash and percent.
const accountPattern =
  /^[A-Z]{2,}:[\x21-\x24\x26-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]+@[\x21-\x24\x26-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]+$/;

/** An email address has 254 characters at most. */
const maxAccountLength = 300;

/** Whether a text has the form `REGION:email`, such as `US:name@example.com`. */
export function isAccount(text: string): boolean {
  // No address has two dots in a row, and `encodeURIComponent` keeps `..`, which would change the path.
  return text.length <= maxAccountLength && accountPattern.test(text) && !text.includes('..');
}
