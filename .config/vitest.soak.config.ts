import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/soak/**/*.test.ts'],
    testTimeout: 10 * 60_000,
  },
});
