import { describeWrapping } from './wrapping.ts';

/**
 * Explains why a text is not a token, in a clause without the text; undefined for a token. A token must fit into an
 * Authorization header: printable ASCII without whitespace.
 */
export function findTokenFault(text: string): string | undefined {
  if (text === '') {
    return 'it is empty';
  }
  if (/^["'`]?(authorization\s*:\s*)?bearer(\s|:|$)/i.test(text)) {
    return "it begins with 'Bearer'; give the token alone";
  }
  if (/^["'`]?(export\s+|set\s+)?(\w+_)?token\s*=/i.test(text)) {
    return 'it begins with the name of a variable; give the token alone';
  }
  if (/^user%3a/i.test(text)) {
    return 'it is percent-encoded; use a plain : instead of %3A';
  }
  if (/\*{3}|[•●]{3}/.test(text)) {
    return 'it is masked, as logs show a token; copy the token itself';
  }
  return describeWrapping(text);
}

/** Whether a text can be a token. */
export function isToken(text: string): boolean {
  return findTokenFault(text) === undefined;
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

/** Explains why a text is not an account, in a clause; undefined for an account, such as `US:name@example.com`. */
export function findAccountFault(text: string): string | undefined {
  const wrapping = describeWrapping(text);
  if (wrapping !== undefined) {
    return wrapping;
  }
  // No address has two dots in a row, and `encodeURIComponent` keeps `..`, which would change the path.
  if (text.length <= maxAccountLength && accountPattern.test(text) && !text.includes('..')) {
    return undefined;
  }
  if (text.length > maxAccountLength) {
    return `it is longer than ${maxAccountLength} characters`;
  }
  if (/%[0-9a-f]{2}/i.test(text)) {
    return 'it is percent-encoded; use plain : and @ instead of %3A and %40';
  }
  if (isUsualToken(text)) {
    return 'it looks like a token';
  }
  if (!text.includes('@')) {
    return /[/\\]|\.\w{2,4}$/.test(text) && !/^[a-z]{2,}:/i.test(text)
      ? 'it looks like a file, and an account is expected'
      : 'there is no email address in it';
  }
  const region = /^([^:@]*):/.exec(text)?.[1];
  if (region === undefined || region === '') {
    return 'the region before the email address is missing';
  }
  return /^[A-Z]{2,}$/.test(region)
    ? 'what follows the region is not an email address'
    : 'the region must be two or more capital letters';
}

/** Whether a text has the form `REGION:email`, such as `US:name@example.com`. */
export function isAccount(text: string): boolean {
  return findAccountFault(text) === undefined;
}
