import { isLoopbackHost } from '../network/loopback.ts';
import { defaults } from './defaults.ts';

/** What servers and browsers take at least. */
const maxUrlLength = 2000;

/** The base address of an API, normalized and without trailing slashes; undefined if it is not allowed. */
export function normalizeApiUrl(text: string): string | undefined {
  // Check the text itself first: `new URL` drops tabs and line breaks, reads `\` as `/`, adds a missing `//`, and
  // leaves no trace of an empty query, fragment or user name.
  if (
    text.length > maxUrlLength ||
    !/^https?:\/\/[^/]/i.test(text) ||
    /[^\x21-\x7e]|[\\?#]/.test(text) ||
    !URL.canParse(text)
  ) {
    return undefined;
  }
  const [, , authority = ''] = text.split('/');
  const url = new URL(text);
  if (authority.includes('@') || (url.protocol === 'http:' && !isLoopbackHost(url.hostname))) {
    return undefined;
  }
  let path = url.pathname;
  while (path.endsWith('/')) {
    path = path.slice(0, -1);
  }
  return url.origin + path;
}

/** Whether an address is on the official server, whatever its path. */
export function isOfficial(apiUrl: string): boolean {
  return new URL(apiUrl).origin === new URL(defaults.apiUrl).origin;
}
