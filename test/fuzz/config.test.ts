import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { parseConfig } from '../../src/settings/parse-config.ts';
import { requireSettings, resolveSettings } from '../../src/settings/resolve.ts';
import { fixture } from '../fixtures.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { casesOf } from './cases.ts';
import { damaged, hostileText, jsonOf, token } from './hostile-text.ts';
import { expectCleanPrototype, expectNoSecret, runAndExpect } from './promises.ts';

const night = fixture('night.png').file;

const keys = ['token', 'account', 'apiUrl', 'concurrency', 'retries', 'timeout'];
const otherKeys = [
  'api_url',
  'Token',
  'tokn',
  '$import',
  '__proto__',
  'constructor',
  'prototype',
  'dreamina',
  '<<',
];

/** Values that are right for some key, nearly right, or a secret in the wrong place. */
const likelyValue = fc.constantFrom<unknown>(
  token,
  `Bearer ${token}`,
  `${token}\n`,
  'US:name@example.com',
  'US:na me@example.com',
  'https://api.useapi.net/v1/dreamina/',
  `https://${token}@example.com`,
  'http://127.0.0.1:9/x',
  'http://example.com',
  'https://[::1]:8443',
  4,
  0,
  64.5,
  '4',
  '',
  null,
  [],
  {},
);

const value = fc.oneof(likelyValue, hostileText, jsonOf(hostileText));

const mapping = fc.dictionary(
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...keys) },
    { weight: 2, arbitrary: fc.constantFrom(...otherKeys) },
    { weight: 1, arbitrary: hostileText },
  ),
  value,
  { maxKeys: 5 },
);

const json = mapping.map((fields) => JSON.stringify(fields));

/** Lines that are YAML, by themselves or below one another. */
const yamlLine = fc.oneof(
  fc.constantFrom(
    '---',
    '...',
    '%YAML 1.2',
    '# a comment',
    `token: ${token}`,
    `token ${token}`,
    `"${token}`,
    `- ${token}`,
    `? ${token}`,
    `*${token}`,
    `!<${token}> x`,
    `account: &a [*a, *a]`,
    'account: &b {x: *b}',
    'x: *a',
    'retries: !!int "7"',
    'retries: 0x10',
    'retries: .inf',
    'concurrency: 1e999',
    'timeout: 1_000',
    'timeout: 2026-11-24',
    'token: !!js/function "function () {}"',
    'token: !!binary aGVsbG8=',
    'token: !!python/object/apply:os.system [id]',
    '<<: *a',
    '? [a, b]\n: c',
    '? {a: b}\n: c',
    '__proto__: {polluted: true}',
    'constructor: {prototype: {polluted: true}}',
    '$import: ./evil.js',
    'apiUrl: |\n  https://api.useapi.net',
    'apiUrl: >-\n  https://api.useapi.net\n  x',
    'a: &a0 [x]\nb: &a1 [*a0, *a0]\nc: &a2 [*a1, *a1]\naccount: [*a2, *a2]',
    '\tretries: 3',
    ' retries: 3',
  ),
  fc.tuple(fc.constantFrom(...keys, ...otherKeys), hostileText).map(([key, text]) => `${key}: ${text}`),
  fc
    .tuple(
      fc.constantFrom('[', '{a: ', '- ', '? ', '!!seq ', '&x ', '"', '>\n'),
      fc.integer({ min: 1, max: 400 }),
    )
    .map(([unit, times]) => unit.repeat(times)),
  hostileText,
);

/** A chain of aliases, each twice the one before: a few bytes that are terabytes when written out. */
const bomb = fc
  .integer({ min: 2, max: 60 })
  .map((links) =>
    Array.from(
      { length: links },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`,
    ).join('\n'),
  )
  .map((text) => `${text}\naccount: *a1\n`);

const yaml = fc.oneof(
  { weight: 6, arbitrary: fc.array(yamlLine, { maxLength: 5 }).map((lines) => lines.join('\n')) },
  { weight: 1, arbitrary: bomb },
);

const configText = fc.oneof(
  { weight: 3, arbitrary: json },
  { weight: 2, arbitrary: json.map((text) => `{"name":"x","dreamina":${text}}`) },
  { weight: 4, arbitrary: yaml },
  { weight: 1, arbitrary: hostileText },
);

const configBytes = fc.oneof(
  { weight: 5, arbitrary: configText.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: damaged(configText.map((text) => Buffer.from(text))) },
  { weight: 1, arbitrary: configText.map((text) => Buffer.from(text, 'utf16le')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);

test('the text of a config gives settings, or a ConfigError that quotes no secret', async () => {
  const path = fc.constantFrom('/p/.dreaminarc', '/p/c.json', '/p/c.yaml', '/p/package.json', '/p/c.js');
  await fc.assert(
    fc.asyncProperty(configBytes, path, async (bytes, place) => {
      try {
        const values = (await parseConfig(Buffer.from(bytes).toString('utf8'), place)) ?? {};
        const layers = [{ source: { kind: 'project', path: place } as const, values }];
        const resolved = resolveSettings({ layers, files: [] });
        const settings = requireSettings(resolved);
        expect(URL.canParse(settings.apiUrl.value)).toBe(true);
        expect(Number.isInteger(settings.concurrency.value) && settings.concurrency.value > 0).toBe(true);
        expect(Number.isInteger(settings.retries.value) && settings.retries.value >= 0).toBe(true);
        expect(settings.timeout.value > 0 && settings.timeout.value <= 86_400_000).toBe(true);
        expect(settings.token?.value ?? 'x').toMatch(/^[\x21-\x7e]+$/);
        for (const warning of resolved.warnings) {
          expectNoSecret(warning);
        }
      } catch (error) {
        if (!(error instanceof ConfigError)) {
          throw error;
        }
        expectNoSecret(`${error.message} ${error.hint}`);
      }
      expectCleanPrototype();
    }),
    casesOf('config text'),
  );
});

test('a run keeps its promises, whatever a config file contains and wherever it is', async () => {
  const places = [
    '.dreaminarc',
    '.dreaminarc.json',
    '.dreaminarc.yaml',
    '.config/dreaminarc',
    '.config/dreaminarc.yml',
    'package.json',
    '.config/dreamina/config.json',
    'named.yaml',
    'named.json',
    'named.js',
  ];
  const runs = [
    { argv: ['config', '--json'], exitCodes: [0, 4], form: 'json' },
    { argv: ['config'], exitCodes: [0, 4], form: 'text' },
    { argv: ['upload', '--dry-run', '--json', night], exitCodes: [0, 4], form: 'json' },
    { argv: ['upload', '--sandbox', night], exitCodes: [0, 4], form: 'text' },
    { argv: ['doctor', '--json'], exitCodes: [0, 1, 4], form: 'json' },
    { argv: ['complete', 'fish', '--', 'upload', '-a', ''], exitCodes: [0], form: 'text' },
  ] as const;
  const homeDir = await tempDir();
  // Nothing listens on its port, and it takes precedence over every file: nothing leaves this machine.
  const env = { DREAMINA_API_URL: 'http://127.0.0.1:9', DREAMINA_TIMEOUT: '5' };
  await fc.assert(
    fc.asyncProperty(
      configBytes,
      fc.constantFrom(...places),
      fc.constantFrom(...runs),
      async (bytes, place, run) => {
        const file = join(homeDir, place);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes);
        const named = place.startsWith('named') && run.argv[0] !== 'complete' ? ['--config', place] : [];
        await runAndExpect([...run.argv, ...named], { homeDir, env }, run);
        await rm(file);
      },
    ),
    casesOf('config file'),
  );
});
