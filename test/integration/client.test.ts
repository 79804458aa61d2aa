import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/client.ts';
import { Credentials } from '../../src/network/credentials.ts';
import { fixture } from '../fixtures.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const token = 'user:1234-abcdef';
const { file: night, contentType } = fixture('night.png');

function clientWith(credentials: Credentials): ApiClient {
  return new ApiClient({ credentials, timeoutMs: 1000, now: Date.now });
}

describe('the client sends the token of its credentials, to their server', () => {
  it('with each request', async () => {
    const seen: unknown[] = [];
    const server = await rawServer((response, request) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      sendJson(response, 401, {});
    });
    const client = clientWith(Credentials.forOwnServer(server.apiUrl, token));
    const image = { bytes: await readFile(night), contentType, account: 'US:name@example.com' };
    await expect(client.upload(image)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(client.listAccounts()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await client.ping()).toBe(401);
    const authorization = `Bearer ${token}`;
    expect(seen).toEqual([
      ['POST', '/v1/dreamina/assets/US%3Aname%40example.com', authorization],
      ['GET', '/v1/dreamina/accounts', authorization],
      ['GET', '/v1/dreamina/accounts', authorization],
    ]);
  });

  it('but without a token, it sends no header', async () => {
    const seen: unknown[] = [];
    const server = await rawServer((response, request) => {
      seen.push(request.headers.authorization);
      sendJson(response, 401, {});
    });
    const apiUrl = { value: server.apiUrl, source: { kind: 'default' } } as const;
    await clientWith(Credentials.fromSettings({ apiUrl, token: undefined })).ping();
    expect(seen).toEqual([undefined]);
  });
});

it('cannot be built from an imitation of credentials', () => {
  const imitation = Object.assign(Object.create(Credentials.prototype), { apiUrl: 'https://evil.example' });
  expect(() => clientWith(imitation as Credentials)).toThrow(TypeError);
});

describe('every command that sends the token applies the token rule first', () => {
  it.each([
    ['upload', ['upload', night], ''],
    ['login', ['login', '--with-token'], `${token}\n`],
    ['accounts', ['accounts'], ''],
    ['doctor', ['doctor'], ''],
  ])('%s', async (_command, argv, stdin) => {
    const server = await rawServer((response) => sendJson(response, 200, {}));
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc'), JSON.stringify({ apiUrl: server.apiUrl }));
    const env = { DREAMINA_TOKEN: token, DREAMINA_ACCOUNT: 'US:name@example.com' };
    const refused = await runCli(argv, { cwd, env, stdin });
    expect(refused.exitCode).toBe(4);
    expect(refused.stdout + refused.stderr).toContain('.dreaminarc names another server');
    expect(server.count()).toBe(0);
    // The same server, named by the user.
    await runCli(argv, { cwd, env: { ...env, DREAMINA_API_URL: server.apiUrl }, stdin });
    expect(server.count()).toBe(1);
  });
});
