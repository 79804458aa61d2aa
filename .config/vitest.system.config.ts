import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests against real servers; they need nginx, tinyproxy, openssl and strace on the machine. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/system/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
