import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Another seed for each run; FUZZ_SEED repeats one, and FUZZ_CASES asks for more or fewer cases. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const cases = Number(process.env.FUZZ_CASES ?? 100_000);

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/fuzz/**/*.test.ts'],
    testTimeout: 10 * 60_000,
    globalSetup: 'test/fuzz/tell-seed.ts',
    provide: { fuzz: { cases, seed } },
  },
});
