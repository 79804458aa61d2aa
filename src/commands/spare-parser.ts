import type { Host } from '../host.ts';

/**
 * Has Node 20 leave undici's HTTP parser as it is first compiled. Its V8 sets about optimizing that parser after the
 * first answer, and a process cannot end before that is done: 70 ms, for a parser that reads a few hundred bytes a
 * file. Later versions wait longer with it.
 */
export async function spareParser({ nodeVersion }: Pick<Host, 'nodeVersion'>): Promise<void> {
  if (nodeVersion.startsWith('v20.')) {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--wasm-tiering-budget=1000000000');
  }
}
