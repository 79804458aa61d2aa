import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DreaminaClient } from '../../src/client/client.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Source } from '../../src/settings/source.ts';
import { fixture } from '../fixtures.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';

const environment: Source = { kind: 'environment', name: 'DREAMINA_TOKEN' };
const project: Source = { kind: 'project', path: '/p/.dreaminarc' };

/** A client whose settings nobody has judged, and its two requests. */
async function requestsOf(apiUrl: string, apiUrlSource: Source) {
  const client = new DreaminaClient({
    token: { value: 'user:1234-abcdef', source: environment },
    apiUrl: { value: apiUrl, source: apiUrlSource },
    timeoutMs: 1000,
    userAgent: 'test',
    now: Date.now,
  });
  const { file, contentType } = fixture('night.png');
  const image = { bytes: await readFile(file), contentType, account: 'US:name@example.com' };
  return [() => client.upload(image), () => client.listAccounts()];
}

describe('the client asks for each request whether the token may go', () => {
  it('where a project names the server', async () => {
    const server = await rawServer((response) => sendJson(response, 200, {}));
    for (const request of await requestsOf(server.apiUrl, project)) {
      await expect(request()).rejects.toThrow(ConfigError);
      await expect(request()).rejects.toThrow('/p/.dreaminarc names another server');
    }
    expect(server.count()).toBe(0);
  });

  it('where it would go unencrypted', async () => {
    for (const request of await requestsOf('http://api.example.com/v1', environment)) {
      await expect(request()).rejects.toThrow('http://api.example.com would be sent the token unencrypted');
    }
  });

  it('and lets it go where its owner named the server', async () => {
    const server = await rawServer((response) => sendJson(response, 401, {}));
    for (const request of await requestsOf(server.apiUrl, environment)) {
      await expect(request()).rejects.toMatchObject({ code: 'unauthorized' });
    }
    expect(server.count()).toBe(2);
  });
});
