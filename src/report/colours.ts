import type { Environment, TerminalStream } from '../host.ts';

/** Colours text, or returns it unchanged. */
export type Colours = Readonly<Record<'red' | 'yellow' | 'green' | 'dim', (text: string) => string>>;

/** The colours for a stream; chalk is loaded only if there are any. */
export async function loadColours(stream: TerminalStream, env: Environment): Promise<Colours> {
  if (isColoured(stream, env)) {
    const { Chalk } = await import('chalk');
    return new Chalk({ level: 1 });
  }
  const plain = (text: string) => text;
  return { red: plain, yellow: plain, green: plain, dim: plain };
}

/** Whether a stream may be coloured: `NO_COLOR` and `FORCE_COLOR` decide, unless empty, then whether it is a terminal. */
export function isColoured(stream: Pick<TerminalStream, 'isTTY'> | undefined, env: Environment): boolean {
  if (env.NO_COLOR) {
    return false;
  }
  if (env.FORCE_COLOR) {
    return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  }
  return stream?.isTTY === true && env.TERM !== 'dumb';
}
