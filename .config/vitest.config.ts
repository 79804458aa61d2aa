import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/{unit,integration,e2e,fuzz}/**/*.test.ts'],
    testTimeout: 20_000,
    // The same few cases every time; `npm run test:fuzz` tries many, and others.
    provide: { fuzz: { cases: 500, seed: 1 } },
  },
});
