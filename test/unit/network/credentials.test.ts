import { describe, expect, test } from 'vitest';
import { checkTokenDestination } from '../../../src/network/credentials.ts';
import type { Source } from '../../../src/settings/source.ts';

const official = 'https://api.useapi.net/v1/dreamina';

const sources: Source[] = [
  { kind: 'flag', name: '--flag' },
  { kind: 'environment', name: 'SOME_VARIABLE' },
  { kind: 'config-file', path: '/p/.dreaminarc' },
  { kind: 'project', path: '/p/.dreaminarc' },
  { kind: 'project', path: '/.dreaminarc' },
  { kind: 'user', path: '/u/config.json' },
  { kind: 'default' },
];

const pairs = sources.flatMap((apiUrlSource) =>
  sources.map((tokenSource) => ({ apiUrlSource, tokenSource })),
);

describe.each([
  'https://api.example.com/v1',
  'https://api.useapi.net:8443/v1/dreamina',
  'https://api.useapi.net.example.com/v1/dreamina',
  'https://api.useapi.net./v1/dreamina',
  'http://127.0.0.1:8080',
])('%s', (apiUrl) => {
  test.each(pairs)('named by $apiUrlSource, token from $tokenSource', ({ apiUrlSource, tokenSource }) => {
    const isSameFile = apiUrlSource === tokenSource;
    expect(checkTokenDestination({ apiUrl, apiUrlSource, tokenSource }).allowed).toBe(
      apiUrlSource.kind !== 'project' || isSameFile,
    );
  });
});

test.each(pairs)('the official origin gets every token: $apiUrlSource, $tokenSource', (pair) => {
  for (const apiUrl of [official, 'https://api.useapi.net', 'https://api.useapi.net/v2/other']) {
    expect(checkTokenDestination({ apiUrl, ...pair })).toEqual({ allowed: true });
  }
});

test.each(pairs)('no other machine gets it unencrypted: $apiUrlSource, $tokenSource', (pair) => {
  for (const apiUrl of [
    'http://api.useapi.net/v1',
    'http://192.0.2.1:8080',
    'http://localhost.example.com',
  ]) {
    expect(checkTokenDestination({ apiUrl, ...pair })).toEqual({
      allowed: false,
      reason: `${new URL(apiUrl).origin} would be sent the token unencrypted`,
    });
  }
});

test('the reason names the file, the server and where the token came from', () => {
  const permission = checkTokenDestination({
    apiUrl: 'https://evil.example/v1',
    apiUrlSource: { kind: 'project', path: '/p/.dreaminarc' },
    tokenSource: { kind: 'environment', name: 'DREAMINA_TOKEN' },
  });
  expect(permission).toMatchObject({ allowed: false });
  for (const part of ['/p/.dreaminarc', 'https://evil.example', 'DREAMINA_TOKEN', 'DREAMINA_API_URL']) {
    expect((permission as { reason: string }).reason).toContain(part);
  }
});
