import type { Host, TerminalStream } from '../host.ts';
import type { Secrets } from '../secrets.ts';

/** What a token of useapi.net looks like; one that nobody knows can be in a line that could not be parsed. */
const tokens = /user:\d+-[a-z\d]+/gi;

/**
 * Masks the secrets in everything that is written to the host's streams, and returns the host. The mask is on the
 * streams themselves, because Node and libraries write to them too, with NODE_DEBUG and DEBUG.
 */
export function maskOutput(host: Host): Host {
  const { stdout, stderr, secrets } = host;
  maskStream(stdout, (text) => secrets.mask(text));
  // No program reads standard error, so a name that only looks like a token may be masked too.
  maskStream(stderr, (text) => secrets.mask(text).replace(tokens, '[token]'));
  return host;
}

function maskStream(stream: TerminalStream, mask: Secrets['mask']): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? mask(chunk) : chunk, ...rest);
}
