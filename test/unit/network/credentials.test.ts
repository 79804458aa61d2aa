import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import {
  assertTokenDestination,
  Credentials,
  describeTokenRefusal,
} from '../../../src/network/credentials.ts';
import type { Source } from '../../../src/settings/source.ts';

const official = 'https://api.useapi.net/v1/dreamina';
const token = 'user:1-a';

const sources: Source[] = [
  { kind: 'flag', name: '--flag' },
  { kind: 'environment', name: 'SOME_VARIABLE' },
  { kind: 'config-file', path: '/p/.dreaminarc' },
  { kind: 'project', path: '/p/.dreaminarc' },
  { kind: 'project', path: '/.dreaminarc' },
  { kind: 'user', path: '/u/config.json' },
  { kind: 'options' },
  { kind: 'default' },
];

const pairs = sources.flatMap((apiUrlSource) =>
  sources.map((tokenSource) => ({ apiUrlSource, tokenSource })),
);

interface Pair {
  readonly apiUrlSource: Source;
  readonly tokenSource: Source;
}

const settingsOf = (apiUrl: string, { apiUrlSource, tokenSource }: Pair) => ({
  apiUrl: { value: apiUrl, source: apiUrlSource },
  token: { value: token, source: tokenSource },
});

/** Expects credentials for that server, or a ConfigError with the reason from the rule. */
function expectCredentials(apiUrl: string, pair: Pair, isAllowed: boolean): void {
  const settings = settingsOf(apiUrl, pair);
  const refusal = describeTokenRefusal(settings);
  const make = () => Credentials.fromSettings(settings);
  expect(refusal === undefined).toBe(isAllowed);
  if (isAllowed) {
    expect(make()).toMatchObject({ apiUrl, token });
    expect(() => assertTokenDestination(settings)).not.toThrow();
  } else {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(refusal);
    expect(() => assertTokenDestination(settings)).toThrow(refusal);
  }
}

describe.each([
  'https://api.example.com/v1',
  'https://api.useapi.net:8443/v1/dreamina',
  'https://api.useapi.net.example.com/v1/dreamina',
  'https://api.useapi.net./v1/dreamina',
  'http://127.0.0.1:8080',
])('%s', (apiUrl) => {
  test.each(pairs)('from $apiUrlSource, with a token from $tokenSource', (pair) => {
    const isSameFile = pair.apiUrlSource === pair.tokenSource;
    expectCredentials(apiUrl, pair, pair.apiUrlSource.kind !== 'project' || isSameFile);
  });
});

test.each(pairs)('the official origin gets every token: $apiUrlSource, $tokenSource', (pair) => {
  for (const apiUrl of [official, 'https://api.useapi.net', 'https://api.useapi.net/v2/other']) {
    expectCredentials(apiUrl, pair, true);
  }
});

test.each(pairs)('no other machine gets the token unencrypted: $apiUrlSource, $tokenSource', (pair) => {
  for (const apiUrl of [
    'http://api.useapi.net/v1',
    'http://192.0.2.1:8080',
    'http://localhost.example.com',
  ]) {
    expectCredentials(apiUrl, pair, false);
    expect(describeTokenRefusal(settingsOf(apiUrl, pair))).toBe(
      `the token would be sent to ${new URL(apiUrl).origin} unencrypted`,
    );
  }
});

test('the reason names the file, the server and the source of the token, but not the token', () => {
  const reason = describeTokenRefusal(
    settingsOf('https://evil.example/v1', {
      apiUrlSource: { kind: 'project', path: '/p/.dreaminarc' },
      tokenSource: { kind: 'environment', name: 'DREAMINA_TOKEN' },
    }),
  );
  for (const part of ['/p/.dreaminarc', 'https://evil.example', 'DREAMINA_TOKEN', 'DREAMINA_API_URL']) {
    expect(reason).toContain(part);
  }
  expect(reason).not.toContain(token);
});

test('nothing is refused without a token or an address', () => {
  const apiUrl = { value: 'https://evil.example', source: { kind: 'project', path: '/p' } } as const;
  const problem = { problem: new ConfigError('wrong') };
  expect(describeTokenRefusal({ apiUrl, token: undefined })).toBeUndefined();
  expect(describeTokenRefusal({ apiUrl, token: problem })).toBeUndefined();
  expect(describeTokenRefusal({ apiUrl: problem, token: { source: { kind: 'default' } } })).toBeUndefined();
  expect(Credentials.fromSettings({ apiUrl, token: undefined })).toMatchObject({
    apiUrl: 'https://evil.example',
    token: undefined,
  });
});

test.each([
  ['http://127.0.0.1:8080', true],
  ['http://[::1]:8080', true],
  ['https://localhost:8080', true],
  [official, false],
  ['http://192.0.2.1:8080', false],
  ['https://localhost.example.com', false],
])('a server of this process at %s may get credentials: %s', (apiUrl, isAllowed) => {
  const make = () => Credentials.forOwnServer(apiUrl, token);
  if (isAllowed) {
    expect(make()).toMatchObject({ apiUrl, token });
  } else {
    expect(make).toThrow(ConfigError);
  }
});

test('only the rule creates credentials', () => {
  // `npm run types` fails if one of the next two lines compiles.
  // @ts-expect-error -- an object of the same shape
  const imitation: Credentials = { apiUrl: 'https://evil.example', token };
  // @ts-expect-error -- a private constructor
  void (() => new Credentials('https://evil.example', token));
  expect(imitation).not.toBeInstanceOf(Credentials);
  const inherited = Object.create(Credentials.prototype) as Credentials;
  expect(() => inherited.token).toThrow(TypeError);
});
