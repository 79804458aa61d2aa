import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ApiClient } from '../../../src/client/client.ts';
import { Credentials } from '../../../src/network/credentials.ts';
import { tcpServer } from '../../harness/tcp-server.ts';

test('many requests may share one signal, without a warning of a leak', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  try {
    const { port } = await tcpServer(() => {});
    const client = new ApiClient({
      credentials: Credentials.forOwnServer(`http://127.0.0.1:${port}`, 'user:1234-abcdef'),
      timeoutMs: 10_000,
      now: Date.now,
    });
    const stopping = new AbortController();
    const requests = Array.from({ length: 20 }, () => client.listAccounts(stopping.signal));
    await turn();
    stopping.abort();
    await Promise.allSettled(requests);
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', onWarning);
  }
});
