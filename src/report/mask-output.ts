import type { Host, TerminalStream } from '../host.ts';
import { once } from '../once.ts';
import type { Secrets } from '../secrets.ts';

/** What a token of useapi.net looks like, known or not: one in a line that could not be parsed, say. */
const tokens = /user:\d+-[a-z\d]+/gi;

/**
 * The host with no way to its output but through a mask. It sits on the streams themselves, so that it also holds for
 * what Node and libraries print by themselves, as they do with NODE_DEBUG and DEBUG.
 */
export function maskOutput(host: Host): Host {
  const { secrets } = host;
  const stdout = once(() => masked(host.stdout, (text) => secrets.mask(text)));
  // Nothing here is for a program to read, where a name that only looks like a token would matter.
  const stderr = once(() => masked(host.stderr, (text) => secrets.mask(text).replace(tokens, '[token]')));
  secrets.beforeKnown(() => {
    stdout();
    stderr();
  });
  // Not a copy, which would set up every stream; each of them is set up when it is first asked for.
  return Object.create(host, { stdout: { get: stdout }, stderr: { get: stderr } });
}

function masked(stream: TerminalStream, mask: Secrets['mask']): TerminalStream {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? mask(chunk) : chunk, ...rest);
  return stream;
}
