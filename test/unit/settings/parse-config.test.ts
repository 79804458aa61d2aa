import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { type ConfigValues, parseConfig } from '../../../src/settings/parse-config.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';

const resolve = (values: ConfigValues, path = '/p/.dreaminarc') =>
  resolveSettings({ layers: [{ source: { kind: 'project', path }, values }], files: [] });

async function failure(text: string, path: string): Promise<ConfigError> {
  const error = await parseConfig(text, path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

test.each([
  [
    '/p/.dreaminarc',
    'account: US:name@example.com\nretries: 2\n',
    { account: 'US:name@example.com', retries: 2 },
  ],
  ['/p/.dreaminarc', '{\n\t"retries": 2,\n\t"timeout": 1.5\n}\n', { retries: 2, timeout: 1.5 }],
  ['/p/.dreaminarc', 'token: user:123-abc', { token: 'user:123-abc' }],
  ['/p/c.yaml', 'retries: 2', { retries: 2 }],
  ['/p/c.YML', 'retries: 2', { retries: 2 }],
  ['/p/c.yml', 'token: ~', { token: null }],
  ['/p/c.yml', 'account: 2020-01-01', { account: '2020-01-01' }],
  ['/p/c.yml', 'a: yes', { a: 'yes' }],
  ['/p/c.yml', '<<: {retries: 2}', { '<<': { retries: 2 } }],
  ['/p/c.json', '{"retries": 2}', { retries: 2 }],
  ['/p/c.JSON', '{}', {}],
  ['/p/c.json', '\uFEFF{"retries": 2}', { retries: 2 }],
  ['/p/c.yaml', '\uFEFFretries: 2', { retries: 2 }],
  ['/p/package.json', '{"name": "x", "dreamina": {"retries": 2}}', { retries: 2 }],
  ['/p/package.json', '{"name": "x"}', undefined],
  ['/p/package.json', '{"dreamina": null}', undefined],
  ['/p/package.json', '[]', undefined],
  ['/p/c.json', '', undefined],
  ['/p/c.json', ' \n', undefined],
  ['/p/c.yaml', '\uFEFF', undefined],
  ['/p/c.yaml', '---\n', undefined],
  ['/p/c.yaml', '# nothing but a comment\n', undefined],
])('%s: %j', async (path, text, expected) => {
  expect(await parseConfig(text, path)).toEqual(expected);
});

test.each([
  ['c.json', '{"token": user:123-secret}', '1:11', 'a string must be in double quotes'],
  ['c.json', '{"token": "user:123-secret"', '1:28', 'it ends too early; a bracket is not closed'],
  ['c.json', '{\n  "token": "user:123-secret",\n}', '2:29', 'there is a comma after the last entry'],
  ['c.json', '{"x": [1, 2 , ]}', '1:13', 'there is a comma after the last entry'],
  ['c.json', 'user:123-secret in JSON at position 3', '1:1', 'a string must be in double quotes'],
  ['c.json', '// a comment\n{}', '1:1', 'comments are not allowed in JSON'],
  ['c.json', '{\n "a": 1 /* 123 */}', '2:9', 'comments are not allowed in JSON'],
  ['c.json', '{\n "a": 1 # 123\n}', '2:9', 'comments are not allowed in JSON'],
  ['c.json', "{'token': '123'}", '1:2', 'a string must be in double quotes'],
  ['c.json', '{retries: 123}', '1:2', 'a key must be in double quotes'],
  ['c.json', '{"a": 123 "b": 2}', '1:11', 'a comma is missing'],
  ['c.json', '{"a": 123 "]"}', '1:11', 'a comma is missing'],
  ['c.json', '{"a" 123}', '1:6', 'a colon is missing after a key'],
  ['c.json', '{"a": }', '1:7', 'a value is missing'],
  ['c.json', '{"a": 123]', '1:10', 'a bracket or colon is in the wrong place'],
  ['c.json', '{} 123', '1:4', 'there is something after the end of the config'],
  ['c.json', '{"a": "\\123"}', '1:7', 'a backslash in a string must be doubled'],
  ['c.json', '{"a": "123\n"}', '1:7', 'a quotation mark is not closed, or a string contains a tab'],
  ['c.json', '{"a": "\\\n"}', '1:7', 'a backslash in a string must be doubled'],
  ['c.json', ':"123"', '1:1', 'a value is missing'],
  ['c.json', ']', '1:1', 'a value is missing'],
  ['c.json', '1 ]', '1:3', 'there is something after the end of the config'],
  ['c.json', '{"a": 123 x]}', '1:11', 'a comma is missing'],
  ['c.json', '{"a": b"123"}', '1:7', 'a string must be in double quotes'],
  ['c.json', '{"a": \u00a0123}', '1:7', 'an unexpected character'],
  ['c.json', '['.repeat(100_000), undefined, undefined],
  ['package.json', '{"dreamina": user:123-secret', '1:14', 'a string must be in double quotes'],
  ['c.yaml', 'a: b\ntoken: "user:123-secret', '3:1', 'a quotation mark is not closed'],
  ['c.yaml', 'token: [user:123-secret', '2:1', 'a bracket is not closed'],
  ['c.yaml', 'token: user:123-secret\nb: - c', '2:4', 'the indentation is wrong'],
  ['c.yaml', 'retries: 1\n\ttoken: 123', '2:1', 'a tab indents a line; use spaces'],
  ['c.yaml', '\ttoken: 123', '1:7', 'a tab indents a line; use spaces'],
  ['c.yaml', 'a: "b\n\t  \t123', '3:1', 'a tab indents a line; use spaces'],
  ['c.yaml', '\ta: 1\n\n\n]', '1:3', 'a tab indents a line; use spaces'],
  ['c.yaml', '"a\t": 1\nb: 2 # \tc\nretries "123"', '4:1', 'a line has no colon after its key'],
  ['c.yaml', 'token: "123\n---\n"', '2:1', 'a quotation mark is not closed'],
  ['c.yaml', "token: '123", '2:1', 'a quotation mark is not closed'],
  ['c.yaml', '{a: 123 b: 2}', '1:10', 'a comma is missing'],
  ['c.yaml', 'retries 123\naccount: x', '2:8', 'a line has no colon, or its indentation is wrong'],
  ['c.yaml', 'account: x\nretries 123', '3:1', 'a line has no colon after its key'],
  ['c.yaml', 'account: x\n"retries" 123', '2:11', 'a colon is missing'],
  ['c.yaml', 'account: "C:\\dir123"', '1:14', 'a backslash in double quotes must be doubled'],
  ['c.yaml', 'account: "C:\\users"', '1:15', 'a backslash in double quotes must be doubled'],
  ['c.yaml', 'a: |b', '1:5', ''],
  ['c.yaml', 'a: \x01', '1:5', 'a control character is in it'],
  ['c.yaml', 'a: \x00123', '1:4', 'a control character is in it'],
  ['c.yaml', '# {"a": 1 // 123\na: b: c', '2:5', 'the indentation is wrong'],
  ['c.yaml', '// a\na: [', '2:2', 'a comment begins with #'],
  ['c.yaml', '/* a */\na: [', '2:2', 'a comment begins with #'],
  ['c.yaml', 'a: b: "@123"', '1:5', 'the indentation is wrong'],
  ['c.yaml', 'token: %123%', '1:8', 'a value that begins with @, ` or % must be in quotes'],
  ['c.yaml', 'token: user:123-secret\ntoken: user:123-secret', '2:1', 'the key token appears twice'],
  ['c.yaml', 'user:123-secret: a\nuser:123-secret: b', '2:1', 'a key appears twice'],
  ['c.yaml', 'token: *user:123-secret', '1:24', 'a value that begins with * must be in quotes'],
  ['c.yaml', 'token: *', '1:9', 'a value that begins with * must be in quotes'],
  ['c.yaml', 'token: !<123', '1:14', 'a value that begins with ! must be in quotes'],
  ['c.yaml', 'token: !user123 x', '1:18', 'a value that begins with ! must be in quotes'],
  ['c.yaml', 'token: !<user:123-secret> x', '1:28', 'a value that begins with ! must be in quotes'],
  ['c.yaml', 'token: !!js/function "function () { user:123-secret }"', undefined, undefined],
  ['c.yaml', 'token: !!binary c2VjcmV0', undefined, undefined],
  ['c.yaml', 'token: user:123-secret\n---\na: b', '', 'it has more than one document'],
  ['.dreaminarc', 'token: "123', '2:1', 'a quotation mark is not closed'],
  ['.dreaminarc', '["123"', '2:1', 'a bracket is not closed'],
])('%s: %j causes an error that quotes nothing', async (name, text, position, reason) => {
  const error = await failure(text, `/p/${name}`);
  expect(error.message).toMatch(/not valid (JSON|YAML)/);
  if (position !== undefined) {
    const where = position === '' ? '' : `:${position}`;
    const format = name.endsWith('json') ? 'JSON' : 'YAML';
    const why = reason === '' ? '' : ` (${reason})`;
    expect(error.message).toBe(`/p/${name}${where}: not valid ${format}${why}`);
  }
  expect(error.cause).toBeUndefined();
  expect(`${error.message} ${error.hint}`).not.toContain('123');
});

test.each([
  ['{\n  "retries": 1\n  "timeout": 2\n}', '3:3', 'a comma is missing'],
  ['\uFEFF {"token": "user:123-secret"', '1:29', 'it ends too early; a bracket is not closed'],
  ['{"retries": "1}', '1:13', 'a quotation mark is not closed, or a string contains a tab'],
  ['{"retries" 1}', '1:12', 'a colon is missing after a key'],
  ['{"retries": 1} // 123', '1:16', 'comments are not allowed in JSON'],
  ['{\n  "retries": 1, // 123\n  "timeout": 2\n}', '2:17', 'comments are not allowed in JSON'],
])('a file of no extension that begins as JSON is explained as JSON: %j', async (text, position, reason) => {
  expect((await failure(text, '/p/.dreaminarc')).message).toBe(
    `/p/.dreaminarc:${position}: not valid JSON (${reason})`,
  );
});

test.each([
  [
    '/p/.dreaminarc',
    '{"token": "user:123-secret", "token": "b"}',
    '/p/.dreaminarc:1:30: the key token appears twice',
  ],
  ['/p/c.json', '{"token": "user:123-secret", "token": "b"}', '/p/c.json:1:30: the key token appears twice'],
  ['/p/c.json', '{"retries": 1,\n "retr\\u0069es": 2}', '/p/c.json:2:2: the key retries appears twice'],
  ['/p/c.json', '{"x": {"user:123-secret": 1, "user:123-secret": 2}}', '/p/c.json:1:30: a key appears twice'],
  [
    '/p/package.json',
    '{"dreamina": {"retries": 1, "retries": 2}}',
    '/p/package.json:1:29: the key retries appears twice',
  ],
  [
    '/p/package.json',
    '{"dreamina": {}, "x": 1, "dreamina": {}}',
    '/p/package.json:1:26: a key appears twice',
  ],
  [
    '/p/package.json',
    '{"dreamina": {}, "dreamina": {"retries": 2}}',
    '/p/package.json:1:18: a key appears twice',
  ],
])('%s: a repeated key is refused: %j', async (path, text, message) => {
  expect((await failure(text, path)).message).toBe(message);
});

test('repeated keys of other tools in a package.json are ignored', async () => {
  const text = '{"name": "x", "name": "y", "scripts": {"a": "", "a": ""}, "dreamina": {"retries": 2}}';
  expect(await parseConfig(text, '/p/package.json')).toEqual({ retries: 2 });
});

test.each(['.dreaminarc', 'c.json', 'c.yaml'])('%s in UTF-16 is refused as such', async (name) => {
  const text = Buffer.from('\ufeff{"retries": 1}', 'utf16le').toString('utf8');
  expect((await failure(text, `/p/${name}`)).message).toBe(
    `/p/${name}: it is in UTF-16, as Windows PowerShell writes it; save it as UTF-8`,
  );
});

test('very deep lists cause an ordinary error', async () => {
  expect((await failure('['.repeat(100_000), '/p/c.yaml')).message).toMatch(
    /^\/p\/c\.yaml(:1:\d+)?: not valid YAML/,
  );
});

test.each([
  ['/p/c.json', '"user:123-secret"'],
  ['/p/c.json', '["user:123-secret"]'],
  ['/p/c.json', 'null'],
  ['/p/c.json', '4'],
  ['/p/c.yaml', 'user:123-secret'],
  ['/p/c.yaml', '- user:123-secret'],
  ['/p/package.json', '{"dreamina": "user:123-secret"}'],
  ['/p/package.json', '{"dreamina": ["user:123-secret"]}'],
])('%s: %j is not a mapping', async (path, text) => {
  const { message } = await failure(text, path);
  expect(message).toContain('must be a mapping');
  expect(message).not.toContain('secret');
});

test.each([
  ['/p/c.json', '{"$import": "./evil.js"}'],
  ['/p/c.json', '{"$import": null}'],
  ['/p/c.yaml', '$import: [./evil.js]'],
  ['/p/.dreaminarc', '"\\x24import": ./evil.js'],
  ['/p/package.json', '{"dreamina": {"$import": "./evil.js"}}'],
])('%s: %j is refused', async (path, text) => {
  expect((await failure(text, path)).message).toContain('$import is not supported');
});

test.each([
  'c.js',
  'c.mjs',
  'c.cjs',
  'c.ts',
  'c.toml',
  'c.json5',
  'c.txt',
  '.dreaminarc.js',
  'package.json.js',
])('%s is neither JSON nor YAML', async (name) => {
  expect((await failure('{}', `/p/${name}`)).message).toContain('JSON or YAML only');
});

test.each(['/p/c.json', '/p/c.yaml'])(
  'keys that are special to JavaScript have no effect in %s',
  async (path) => {
    const text = '{"__proto__": {"token": "user:1-a", "retries": 9}, "constructor": {"prototype": {"x": 1}}}';
    const values = (await parseConfig(text, path))!;
    const { settings, warnings } = resolve(values, path);
    expect(settings.token).toBeUndefined();
    expect(settings.retries).toEqual({ value: 5, source: { kind: 'default' } });
    expect(warnings).toHaveLength(2);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  },
);

test('the example file is valid as it is', async () => {
  const example = await readFile(new URL('../../../.dreaminarc.example', import.meta.url), 'utf8');
  const values = (await parseConfig(example, '/p/.dreaminarc'))!;
  expect(values).toEqual({ account: 'US:name@example.com' });
  expect(resolve(values)).toMatchObject({ warnings: [], problems: [] });
});

test('the example file names every key, and its commented lines are the defaults', async () => {
  const example = await readFile(new URL('../../../.dreaminarc.example', import.meta.url), 'utf8');
  const uncommented = example.replaceAll(/^# (\w+: )/gm, '$1').replace(/<digits>.*/, '1234-abc');
  const values = (await parseConfig(uncommented, '/p/.dreaminarc'))!;
  const { settings, warnings } = resolve(values);
  expect(warnings).toEqual([]);
  const source = { kind: 'project', path: '/p/.dreaminarc' };
  const { settings: defaults } = resolve({});
  for (const key of ['apiUrl', 'concurrency', 'retries', 'timeout'] as const) {
    expect(settings[key]).toEqual({ ...defaults[key], source });
  }
  expect(settings.token).toEqual({ value: 'user:1234-abc', source });
});
