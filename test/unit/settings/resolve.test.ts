// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables that are not expanded.
import { expect, test } from 'vitest';
import { ConfigError, UsageError } from '../../../src/errors.ts';
import { requireSettings, resolveSettings } from '../../../src/settings/resolve.ts';
import { type ConfigFile, formatSource, type Layer, type Source } from '../../../src/settings/source.ts';

const sources = {
  flag: { kind: 'flag', name: '--concurrency' },
  environment: { kind: 'environment', name: 'DREAMINA_CONCURRENCY' },
  'config-file': { kind: 'config-file', path: '/c.json' },
  project: { kind: 'project', path: '/p/.dreaminarc' },
  user: { kind: 'user', path: '/u/config.json' },
} as const satisfies Record<string, Source>;

type Options = Parameters<typeof resolveSettings>[1];

const resolve = (layers: readonly Layer[], options?: Options) =>
  resolveSettings({ layers, files: [] }, options);

const settingsOf = (layers: readonly Layer[], options?: Options) => requireSettings(resolve(layers, options));

/** The only problem of the layers. */
function failure(layers: readonly Layer[], options?: Options): ConfigError | UsageError {
  const { problems } = resolve(layers, options);
  expect(problems).toHaveLength(1);
  return problems[0]!;
}

test('uses the defaults without layers', () => {
  const source = { kind: 'default' };
  expect(resolve([])).toEqual({
    alerts: [],
    settings: {
      token: undefined,
      account: undefined,
      apiUrl: { value: 'https://api.useapi.net/v1/dreamina', source },
      concurrency: { value: 4, source },
      retries: { value: 5, source },
      timeout: { value: 60_000, source },
    },
    warnings: [],
    problems: [],
  });
});

const pairs = Object.values(sources).flatMap((higher, index, all) =>
  all.slice(index + 1).map((lower): [Source, Source] => [higher, lower]),
);

test.each(pairs)('$kind takes precedence over $kind', (higher, lower) => {
  const layer = (source: Source, value: number): Layer => {
    const isText = source.kind === 'flag' || source.kind === 'environment';
    return { source, values: { concurrency: isText ? String(value) : value } };
  };
  const settings = settingsOf([layer(higher, 7), layer(lower, 9)]);
  expect(settings.concurrency).toEqual({ value: 7, source: higher });
});

test('each key comes independently from the highest layer that has it', () => {
  const settings = settingsOf([
    { source: sources.environment, values: { concurrency: '8' } },
    { source: sources.project, values: { account: 'US:name@example.com', concurrency: 2, retries: null } },
    { source: sources.user, values: { token: 'user:1-a', retries: 1, account: 'CA:name@example.com' } },
  ]);
  expect(settings.concurrency).toEqual({ value: 8, source: sources.environment });
  expect(settings.account).toEqual({ value: 'US:name@example.com', source: sources.project });
  expect(settings.retries).toEqual({ value: 1, source: sources.user });
  expect(settings.token).toEqual({ value: 'user:1-a', source: sources.user });
  expect(settings.timeout.source).toEqual({ kind: 'default' });
});

test('a value has its final form', () => {
  const settings = settingsOf([{ source: sources.user, values: { apiUrl: 'https://EXAMPLE.com/v1//' } }]);
  expect(settings.apiUrl.value).toBe('https://example.com/v1');
});

test('a wrong value that a higher layer hides is not an error', () => {
  const settings = settingsOf([
    { source: sources.flag, values: { concurrency: '8' } },
    { source: sources.user, values: { concurrency: 'many' } },
  ]);
  expect(settings.concurrency.value).toBe(8);
});

test.each([
  ['concurrency', '0', '0', 'a whole number from 1 to 64'],
  ['retries', '21', 21, 'a whole number from 0 to 20'],
  ['timeout', '0', 0, 'a duration such as 90 (seconds), 90s or 2m, more than 0 and at most 24h'],
  ['account', 'name@example.com', 'name@example.com', 'REGION:email, such as US:name@example.com'],
  ['apiUrl', 'http://example.com', 'http://example.com', 'an absolute https URL'],
] as const)('a wrong %s names its source, the key and what is allowed', (key, text, value, allowed) => {
  const cases: [Source, unknown, typeof UsageError | typeof ConfigError][] = [
    [{ kind: 'flag', name: '--some-flag' }, text, UsageError],
    [{ kind: 'environment', name: 'SOME_VARIABLE' }, text, ConfigError],
    [sources['config-file'], value, ConfigError],
    [sources.project, value, ConfigError],
    [sources.user, value, ConfigError],
  ];
  for (const [source, given, kind] of cases) {
    const error = failure([{ source, values: { [key]: given } }]);
    expect(error).toBeInstanceOf(kind);
    // The name of a flag already has the key.
    const subject = source.kind === 'flag' ? source.name : `${formatSource(source)}: ${key}`;
    expect(error.message).toContain(`${subject} must be ${allowed}`);
    expect(error.message).toMatch(`it is ${JSON.stringify(given)}`);
  }
});

test.each(['4', true, [4], { a: 4 }, '', 4.5, Number.NaN])(
  'concurrency %j in a file is refused',
  (concurrency) => {
    expect(failure([{ source: sources.user, values: { concurrency } }])).toBeInstanceOf(ConfigError);
  },
);

test('a number in a layer of text is refused like text', () => {
  expect(failure([{ source: sources.flag, values: { concurrency: '' } }])).toBeInstanceOf(UsageError);
});

const quotes = 'there are quotes around it';
const variable = 'it is a variable or a placeholder that was not replaced by its value';
const bearer = "it begins with 'Bearer'; give the token alone";
const lineBreak = 'there is a line break in it';
const space = 'there is a space or a tab in it';
const notAscii = 'there is a character in it that is not printable ASCII';

test.each([
  ['concurrency', '"8"', quotes],
  ['retries', '$RETRIES', variable],
  ['timeout', '90 s', space],
  ['timeout', "'90'", quotes],
  ['apiUrl', 'https://example.com\n', lineBreak],
] as const)('an error about the %s %j says what is wrong', (key, given, fault) => {
  const error = failure([{ source: sources.environment, values: { [key]: given } }]);
  expect(error.message).toContain(`; it is ${JSON.stringify(given)}: ${fault}`);
});

test.each(['concurrency', 'retries'] as const)('a file may not hold the %s in quotes', (key) => {
  const error = failure([{ source: sources.project, values: { [key]: '4' } }]);
  expect(error.message).toContain(`; it is "4": ${quotes}`);
  const wrong = failure([{ source: sources.project, values: { [key]: '99' } }]);
  expect(wrong.message).toMatch(/; it is "99"$/);
});

test.each<[token: unknown, fault: string]>([
  ['', 'it is empty'],
  [' \n', 'it is empty'],
  ['secret\r\nX-Evil: 1', lineBreak],
  ['secret\nsecret', lineBreak],
  ['secret\u2028secret', lineBreak],
  ['sec ret', space],
  ['sec\tret', space],
  ['the bearer secret', space],
  ['secrét', notAscii],
  ['secret\u200bsecret', notAscii],
  ['secret\x00', notAscii],
  ['"secret"', quotes],
  ["'secret'", quotes],
  ['`secret`', quotes],
  ['“secret”', quotes],
  ['"secret', quotes],
  [' "secret"\r\n', quotes],
  ['Bearer secret', bearer],
  ['bearer\t secret', bearer],
  ['"Bearer secret"', bearer],
  ['Authorization: Bearer secret', bearer],
  ['Bearer', bearer],
  ['DREAMINA_TOKEN=secret', 'it begins with the name of a variable; give the token alone'],
  ['export USEAPI_TOKEN="secret"', 'it begins with the name of a variable; give the token alone'],
  ['$DREAMINA_TOKEN', variable],
  ['"$DREAMINA_TOKEN"', variable],
  ['${DREAMINA_TOKEN}', variable],
  ['$(cat secret)', variable],
  ['${{ secrets.USEAPI_TOKEN }}', variable],
  ['{{ secret }}', variable],
  ['%DREAMINA_TOKEN%', variable],
  ['$env:SECRET', variable],
  ['<secret>', variable],
  ['user:<digits>-<letters and digits>', variable],
  ['user:1-****', 'it is masked, as logs show a token; copy the token itself'],
  ['user%3A1-secret', 'it is percent-encoded; use a plain : instead of %3A'],
  [['secret'], 'it is not text'],
  [{ secret: 'secret' }, 'it is not text'],
  [1234, 'it is not text'],
])('an error about the token %j says what is wrong and does not show it', (token, fault) => {
  for (const source of Object.values(sources)) {
    const error = failure([{ source, values: { token } }]) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    const rule = 'must be text of printable ASCII characters without spaces or line breaks';
    const subject = source.kind === 'flag' ? source.name : `${formatSource(source)}: token`;
    expect(error.message).toBe(`${subject} ${rule}; ${fault}`);
    expect(`${error.hint} ${error.cause}`).toBe('undefined undefined');
  }
});

test.each([
  ['token', 'user:1-a'],
  ['account', 'US:name@example.com'],
] as const)('spaces around a %s are removed, whatever its source', (key, value) => {
  for (const source of Object.values(sources)) {
    for (const text of [`${value}\n`, `\r\n ${value}\t\r\n`, `\ufeff${value}`, `\u00a0${value}\u2028`]) {
      expect(resolve([{ source, values: { [key]: text } }]).settings[key]).toEqual({ value, source });
    }
  }
});

test.each([
  ['', 'there is no email address in it'],
  ['a.png', 'it looks like a file, and an account is expected'],
  ['shots/a', 'it looks like a file, and an account is expected'],
  ['US', 'there is no email address in it'],
  ['US:name', 'there is no email address in it'],
  ['name@example.com', 'the region before the email address is missing'],
  [':name@example.com', 'the region before the email address is missing'],
  ['us:name@example.com', 'the region must be two or more capital letters'],
  ['Us:name@example.com', 'the region must be two or more capital letters'],
  ['U:name@example.com', 'the region must be two or more capital letters'],
  ['US%3Aname%40example.com', 'it is percent-encoded; use plain : and @ instead of %3A and %40'],
  ['"US:name@example.com"', quotes],
  ["'US:name@example.com", quotes],
  ['US: name@example.com', space],
  ['US:name@example.com\nCA:name@example.com', lineBreak],
  ['$DREAMINA_ACCOUNT', variable],
  ['${{ vars.ACCOUNT }}', variable],
  ['%DREAMINA_ACCOUNT%', variable],
  ['US:<name>@example.com', variable],
  ['US:näme@example.com', notAscii],
  ['US:na@me@example.com', 'what follows the region is not an email address'],
  ['US:..@example.com', 'what follows the region is not an email address'],
])('an error about the account %j says what is wrong with it', (account, fault) => {
  for (const source of Object.values(sources)) {
    const { message } = failure([{ source, values: { account } }]);
    expect(message).toContain('must be REGION:email, such as US:name@example.com; it is ');
    expect(message.endsWith(`: ${fault}`), message).toBe(true);
  }
});

test.each([
  ['"https://example.com"', quotes],
  [' https://example.com', space],
  ['https://example.com\n', lineBreak],
  ['$DREAMINA_API_URL', variable],
  ['https://${HOST}/v1', variable],
  ['example.com/v1', 'it does not begin with https://'],
  ['localhost:8080', 'it does not begin with https://'],
  ['', 'it does not begin with https://'],
  ['ftp://example.com', 'it does not begin with https://'],
  ['http://example.com', 'http:// would send the token unencrypted'],
  ['https://ann:s3cret@example.com', 'there is a user name or a password in it'],
  ['https://example.com/?key=s3cret', 'there is a query or a fragment in it'],
  ['https://exämple.com', notAscii],
])('an error about the apiUrl %j says what is wrong with it', (apiUrl, fault) => {
  const { message } = failure([{ source: sources.environment, values: { apiUrl } }]);
  expect(message).toContain('apiUrl must be an absolute https URL');
  expect(message.endsWith(`: ${fault}`), message).toBe(true);
  expect(message).not.toContain('s3cret');
});

test.each([
  ['account', 'user:1234-s3cret'],
  ['apiUrl', 'https://ann:s3cret@example.com/'],
  ['apiUrl', 'https://example.com/?key=s3cret'],
] as const)('a secret in %s is not shown', (key, value) => {
  expect(failure([{ source: sources.project, values: { [key]: value } }]).message).not.toContain('s3cret');
});

test('a long wrong value is cut', () => {
  const { message } = failure([{ source: sources.user, values: { account: 'x'.repeat(1000) } }]);
  expect(message).toContain(`"${'x'.repeat(39)}…"`);
  expect(message).not.toContain('x'.repeat(40));
});

test.each([
  ['acount', 'did you mean account?'],
  ['api_url', 'did you mean apiUrl?'],
  ['API-URL', 'did you mean apiUrl?'],
  ['timeoutMs', 'did you mean timeout?'],
  ['Token', 'did you mean token?'],
  [`${'-'.repeat(23)}account`, 'did you mean account?'],
  [`${'-'.repeat(24)}account`, 'the keys are '],
  ['zzz', 'the keys are token, account, apiUrl, concurrency, retries, timeout'],
  ['constructor', 'the keys are '],
  ['toString', 'the keys are '],
])('the unknown key %s: %s', (key, advice) => {
  for (const source of [sources['config-file'], sources.project, sources.user]) {
    const { warnings } = resolve([{ source, values: { [key]: 'secret' } }]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`${formatSource(source)}: unknown key "${key}"; ${advice}`);
    expect(warnings[0]).not.toContain('secret');
  }
});

test.each([
  [10, 10, 'unknown key "k9"'],
  [11, 11, '1 more unknown keys'],
  [5000, 11, '4990 more unknown keys'],
])('%i unknown keys give %i warnings', (count, listed, last) => {
  const values = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
  const { warnings } = resolve([{ source: { kind: 'options' }, values }]);
  expect(warnings).toHaveLength(listed);
  expect(warnings.at(-1)).toContain(last);
});

test('an unknown key is escaped and cut', () => {
  const { warnings } = resolve([
    { source: sources.project, values: { '\u001b[31m': 1, ['k'.repeat(500)]: 1 } },
  ]);
  expect(warnings[0]).toContain('"\\u001b[31m"');
  expect(warnings[1]!.length).toBeLessThan(200);
});

test('ignored keys are not read, right or wrong, unless a flag sets them', () => {
  const options: Options = { ignore: ['token', 'account', 'apiUrl'] };
  const configured = { token: 'not a token', account: 'wrong', apiUrl: 'wrong', retries: 1 };
  const settings = settingsOf(
    [
      { source: { kind: 'flag', name: '--account' }, values: { account: 'US:sandbox@example.com' } },
      { source: { kind: 'environment', name: 'DREAMINA_TOKEN' }, values: { token: 'user:1-a' } },
      { source: sources.project, values: configured },
    ],
    options,
  );
  expect(settings.token).toBeUndefined();
  expect(settings.account?.value).toBe('US:sandbox@example.com');
  expect(settings.apiUrl.source).toEqual({ kind: 'default' });
  expect(settings.retries.value).toBe(1);
  const wrongFlag: Layer = { source: { kind: 'flag', name: '--account' }, values: { account: '..' } };
  expect(failure([wrongFlag], options)).toBeInstanceOf(UsageError);
});

test('a problem of one setting does not hide the others', () => {
  const { settings, problems } = resolve([
    { source: sources.project, values: { retries: 'many', concurrency: 2, account: 'x' } },
  ]);
  expect(settings.concurrency).toEqual({ value: 2, source: sources.project });
  expect(settings.retries).toEqual({ problem: problems[1] });
  expect(settings.account).toEqual({ problem: problems[0] });
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('account must be'),
    expect.stringContaining('retries must be'),
  ]);
});

const wrongFile = {
  kind: 'project',
  path: '/p',
  status: 'wrong',
  problem: new ConfigError('/p/.dreaminarc: not valid YAML'),
} satisfies ConfigFile;

const exposingFile = {
  kind: 'user',
  path: '/u/config.json',
  status: 'found',
  layer: { source: sources.user, values: { token: 'user:1-a' } },
  exposesToken: true,
} satisfies ConfigFile;

test('the problems of files come before those of settings', () => {
  const layers = [{ source: sources.flag, values: { concurrency: '0' } }];
  const { problems } = resolveSettings({ layers, files: [wrongFile] });
  expect(problems).toEqual([wrongFile.problem, expect.any(UsageError)]);
});

test('a file that exposes a token causes a warning, unless tokens are ignored', () => {
  const gathered = { layers: [exposingFile.layer], files: [wrongFile, exposingFile] };
  expect(resolveSettings(gathered).warnings).toEqual([
    '/u/config.json contains a token, and other users can read it; chmod 600 /u/config.json',
  ]);
  expect(resolveSettings(gathered, { ignore: ['token'] }).warnings).toEqual([]);
  const files = [{ ...exposingFile, exposesToken: false }];
  expect(resolveSettings({ ...gathered, files }).warnings).toEqual([]);
});

test('unread files cause a warning, and files of other users cause an alert', () => {
  const files = [
    { kind: 'project', path: '/p/.dreaminarc.js', status: 'unread' },
    { kind: 'project', path: '/p/.dreaminarc', status: 'foreign' },
    { kind: 'project', path: '/p', status: 'absent' },
  ] satisfies ConfigFile[];
  expect(resolveSettings({ layers: [], files })).toMatchObject({
    alerts: [
      'project config /p/.dreaminarc belongs to another user and is not read; if you trust it, name it with --config',
    ],
    warnings: [
      '/p/.dreaminarc.js is not read: a config file is JSON or YAML, such as .dreaminarc.json or .dreaminarc.yaml',
    ],
    problems: [],
  });
});

test('requireSettings throws the first problem', () => {
  const layers = [{ source: sources.user, values: { retries: 'many', account: 'x' } }];
  const account = /^user config \/u\/config\.json: account must be/;
  expect(() => requireSettings(resolveSettings({ layers, files: [] }))).toThrow(account);
  expect(() => requireSettings(resolveSettings({ layers, files: [wrongFile] }))).toThrow(wrongFile.problem);
});
