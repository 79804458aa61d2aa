import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixtures } from '../fixtures.ts';
import { envFor, exampleReference } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { tcpServer } from '../harness/tcp-server.ts';

const files = fixtures.slice(0, 4).map(({ file }) => file);
const body = JSON.stringify({ imageRef: exampleReference });
const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** What happens to the second request on a connection; the first is answered. */
type Meeting = (socket: Socket, received: Buffer) => 'done' | 'wait';

const isWhole = (received: Buffer) => {
  const bodyStart = received.indexOf('\r\n\r\n') + 4;
  const length = Number(/content-length: (\d+)/i.exec(received.toString('latin1'))?.[1]);
  return bodyStart >= 4 && received.length === bodyStart + length;
};

async function serverThat(meet: Meeting, { meetsFirst = false } = {}) {
  const { port, sockets } = await tcpServer((socket) => {
    let ordinal = 0;
    let isOver = false;
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      if (isOver) {
        return;
      }
      received = Buffer.concat([received, chunk]);
      if (ordinal > 0 || meetsFirst) {
        isOver = meet(socket, received) === 'done';
      } else if (isWhole(received)) {
        ordinal += 1;
        received = Buffer.alloc(0);
        socket.write(answer);
      }
    });
  });
  return { connections: () => sockets.length, env: envFor(`http://127.0.0.1:${port}`) };
}

const reset: Meeting = (socket) => {
  socket.resetAndDestroy();
  return 'done';
};
const end: Meeting = (socket) => {
  socket.end();
  return 'done';
};
const resetAtTheEnd: Meeting = (socket, received) => (isWhole(received) ? reset(socket, received) : 'wait');
const endInTheAnswer: Meeting = (socket, received) => {
  if (!isWhole(received)) {
    return 'wait';
  }
  socket.end('HTTP/1.1 2');
  return 'done';
};

const tooLate: Meeting = (socket) => {
  socket.end('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  return 'done';
};

const statuses = (records: readonly UploadRecord[]) =>
  records.map(({ status, attempts }) => [status, attempts]);

describe('a request on an idle connection that closes', () => {
  it.each<[string, Meeting]>([
    ['reset', reset],
    ['closed', end],
    ['reset after the body', resetAtTheEnd],
    ['closed with the answer 408', tooLate],
  ])(
    'is sent once more on a new connection if it is %s, and this does not count as an attempt',
    async (_how, meet) => {
      const { connections, env } = await serverThat(meet);
      const result = await runCli(['upload', ...files, '-c', '1', '--retries', '0', '--json'], { env });
      expect(result.exitCode, result.stderr).toBe(0);
      expect(statuses(result.json())).toEqual(files.map(() => ['uploaded', 1]));
      expect(result.sleeps).toEqual([]);
      // Each file but the first finds a connection that closes, and each new one is used twice.
      expect(connections()).toBe(files.length);
    },
  );

  it('counts as an attempt if a byte of an answer has arrived', async () => {
    const { env } = await serverThat(endInTheAnswer);
    const result = await runCli(['upload', ...files, '-c', '1', '--retries', '0', '--json'], { env });
    expect(statuses(result.json())).toEqual([
      ['uploaded', 1],
      ['failed', 1],
      ['uploaded', 1],
      ['failed', 1],
    ]);
  });

  it.each<[string, Meeting]>([
    ['reset', reset],
    ['closed', end],
  ])('counts as an attempt if the connection is new and is %s', async (_how, meet) => {
    const { connections, env } = await serverThat(meet, { meetsFirst: true });
    const result = await runCli(['upload', files[0]!, '--retries', '1', '--json'], { env });
    expect(statuses(result.json())).toEqual([['failed', 2]]);
    expect(connections()).toBe(2);
  });
});
