import { isOfficial } from '../settings/api-url.ts';
import { formatSource, type Source } from '../settings/source.ts';
import { isLoopbackHost } from './loopback.ts';

/** Whether the token may be sent, and if not, why, in a sentence without the token. */
export type TokenPermission =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };

/**
 * The rule for the token, asked before anything is done with the settings and again for each request.
 * The token goes only where its owner sent it: a project's config is the word of whoever made the folder, so an
 * address of another origin than the official one that stands there gets a token only from that same file.
 */
export function checkTokenDestination(request: {
  readonly apiUrl: string;
  readonly apiUrlSource: Source;
  readonly tokenSource: Source;
}): TokenPermission {
  const { apiUrl, apiUrlSource, tokenSource } = request;
  const { origin, protocol, hostname } = new URL(apiUrl);
  if (protocol !== 'https:' && !isLoopbackHost(hostname)) {
    return { allowed: false, reason: `${origin} would be sent the token unencrypted` };
  }
  if (apiUrlSource.kind !== 'project' || isOfficial(apiUrl)) {
    return { allowed: true };
  }
  if (tokenSource.kind === 'project' && tokenSource.path === apiUrlSource.path) return { allowed: true };
  return {
    allowed: false,
    reason:
      `${formatSource(apiUrlSource)} names another server, ${origin}, ` +
      `and the token from ${formatSource(tokenSource)} is not sent there: that file did not give it. ` +
      'If you trust this server, name it yourself with DREAMINA_API_URL or --config',
  };
}
