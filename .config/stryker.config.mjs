export default {
  mutate: [
    'src/settings/**/*.ts',
    '!**/*.d.ts',
    'src/client/{answer,reference,retry-after}.ts',
    'src/upload/{attempts,backoff,throttle}.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: '.config/vitest.config.ts' },
  // TypeScript 7 has no API for Stryker to read its configuration with; nothing in it needs to be rewritten.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  concurrency: 2,
  reporters: ['clear-text', 'progress', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  thresholds: { high: 97, low: 95, break: 95 },
};
