import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export default {
  mutate: [
    'src/settings/**/*.ts',
    '!**/*.d.ts',
    'src/client/{answer,reference,retry-after}.ts',
    'src/upload/{backoff,throttle}.ts',
    lines('src/upload/upload-batch.ts', '  #judge(', '  #since('),
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
  thresholds: { high: 95, low: 90, break: 90 },
};

/** The part of a file from the line that begins with one text to the line before the one that begins with another. */
function lines(file, first, after) {
  const all = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8').split('\n');
  const number = (text) => all.findIndex((line) => line.startsWith(text)) + 1;
  return `${file}:${number(first)}-${number(after) - 1}`;
}
