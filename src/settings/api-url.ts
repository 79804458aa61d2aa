import { isLoopbackHost } from '../network/loopback.ts';
import { defaults } from './defaults.ts';

/** The API's base address, normalized and without trailing slashes, or undefined when it is not one to talk to. */
export function normalizeApiUrl(text: string): string | undefined {
  // `new URL` forgives what may hide another meaning: it drops tabs and line breaks, takes `\` for `/` and does
  // without `//`; an empty query, fragment or user name leaves no trace in its parts. So the text is judged first.
  if (!/^https?:\/\/[^/]/i.test(text) || /[^\x21-\x7e]|[\\?#]/.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const [, , authority = ''] = text.split('/');
  const url = new URL(text);
  if (authority.includes('@') || (url.protocol === 'http:' && !isLoopbackHost(url.hostname)))
    return undefined;

  let path = url.pathname;
  while (path.endsWith('/')) path = path.slice(0, -1);
  return url.origin + path;
}

/** Whether an address is one of the official server's, whatever its path. */
export function isOfficial(apiUrl: string): boolean {
  return new URL(apiUrl).origin === new URL(defaults.apiUrl).origin;
}
