import type { Host, TerminalStream } from '../host.ts';

/**
 * Masks the secrets in everything that is written to the host's streams, and returns the host. The mask is on the
 * streams themselves, because Node and libraries write to them too, with NODE_DEBUG and DEBUG.
 */
export function maskOutput(host: Host): Host {
  const { stdout, stderr, secrets } = host;
  // Programs read standard output, so mask only tokens there.
  maskStream(stdout, (text) => secrets.maskData(text));
  maskStream(stderr, (text) => secrets.mask(text));
  return host;
}

function maskStream(stream: TerminalStream, mask: (text: string) => string): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? mask(chunk) : chunk, ...rest);
}
