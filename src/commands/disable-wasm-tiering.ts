import type { Host } from '../host.ts';

/**
 * Keeps Node 20 from optimizing undici's HTTP parser. Its V8 starts to do so after the first answer, and the process
 * cannot exit for another 70 ms. Later versions of V8 start only when it pays.
 */
export async function disableWasmTiering({ nodeVersion }: Pick<Host, 'nodeVersion'>): Promise<void> {
  if (nodeVersion.startsWith('v20.')) {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--wasm-tiering-budget=1000000000');
  }
}
