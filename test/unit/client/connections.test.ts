import { Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { ApiClient } from '../../../src/client/client.ts';
import { Credentials } from '../../../src/network/credentials.ts';
import { tcpServer } from '../../harness/tcp-server.ts';

test('a server that is gone right after it accepted the connection is not taken for another machine', async () => {
  const { port } = await tcpServer(() => {});
  const client = new ApiClient({
    credentials: Credentials.forOwnServer(`http://127.0.0.1:${port}`, 'user:1234-abcdef'),
    timeoutMs: 10_000,
    now: Date.now,
  });
  // Behind `remoteAddress`. If the connection is reset now, the system no longer knows the address.
  const socket = Socket.prototype as unknown as { _getpeername(): object };
  const address = vi.spyOn(socket, '_getpeername').mockReturnValue({});
  try {
    await expect(client.listAccounts()).rejects.toMatchObject({
      code: 'network',
      retryable: true,
      message: `127.0.0.1:${port}: the connection was closed before an answer`,
    });
  } finally {
    address.mockRestore();
  }
});
