import { isUsualToken } from '../settings/token.ts';

/** What may be shown of a token: that there is one, and whether it looks like one of useapi.net. */
export function maskToken(token: string): string {
  return isUsualToken(token) ? 'user:****' : '****';
}
