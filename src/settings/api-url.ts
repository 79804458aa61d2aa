import { isLoopbackHost } from '../loopback.ts';
import { defaults } from './defaults.ts';
import { describeWrapping } from './wrapping.ts';

/** All servers and browsers support at least this length. */
const maxUrlLength = 2000;

/** The base address of an API, normalized and without trailing slashes; undefined if it is not allowed. */
export function normalizeApiUrl(text: string): string | undefined {
  // Check the text itself first: `new URL` drops tabs and line breaks, reads `\` as `/`, adds a missing `//`, and
  // leaves no trace of an empty query, fragment or user name.
  const isWellFormed = text.length <= maxUrlLength && /^https?:\/\/[^/\\][^\\]*$/i.test(text);
  if (!isWellFormed || findApiUrlFault(text) !== undefined || !URL.canParse(text)) {
    return undefined;
  }
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/+$/, '');
}

/** The fault of an address that {@link normalizeApiUrl} refuses, as a clause that does not quote it. */
export function findApiUrlFault(text: string): string | undefined {
  const wrapping = describeWrapping(text);
  if (wrapping !== undefined) {
    return wrapping;
  }
  if (!/^https?:\/\//i.test(text)) {
    return 'it does not begin with https://';
  }
  const [, , authority = ''] = text.split('/');
  if (authority.includes('@')) {
    return 'there is a user name or a password in it';
  }
  if (/[?#]/.test(text)) {
    return 'there is a query or a fragment in it';
  }
  return /^http:/i.test(text) && URL.canParse(text) && !isLoopbackHost(new URL(text).hostname)
    ? 'http:// would send the token unencrypted'
    : undefined;
}

/** Whether an address is on the official server, whatever its path. */
export function isOfficial(apiUrl: string): boolean {
  return new URL(apiUrl).origin === new URL(defaults.apiUrl).origin;
}
