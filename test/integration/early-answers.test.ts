import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DreaminaClient, type UploadError, type UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { selfSigned } from '../harness/certificate.ts';
import { exampleReference } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const account = 'US:name@example.com';
const token = 'user:1234-abcdef';
const inFlight = 8;
// More than all the buffers between two programs hold, and the most the API takes.
const bigBytes = Buffer.alloc(10_485_760, 'x');
const night = fixture('night.png').file;

const transports = ['plain', 'TLS'] as const;
/** What a server does with the connection once its early answer is out. */
const endings = ['closed', 'left open, unread', 'reset'] as const;
const statuses = [
  [401, 'unauthorized'],
  [413, 'rejected'],
  [429, 'rate_limited'],
] as const;
const words = 'Said before the body was read';

interface EarlyServer {
  readonly apiUrl: string;
  /** The size of the body that each request announced, in the order of arrival. */
  readonly announced: readonly number[];
}

/**
 * A server that answers a body of more than a megabyte as soon as it has seen the header, reads none of it, and then
 * ends the connection in that way; a smaller body it reads, answers with a reference, and keeps the connection.
 */
async function earlyServer(
  transport: (typeof transports)[number],
  status: number,
  ending: (typeof endings)[number],
  times = Number.POSITIVE_INFINITY,
): Promise<EarlyServer> {
  const announced: number[] = [];
  const sockets = new Set<Socket>();
  let left = times;
  const server = createServer((tcp) => {
    const socket = transport === 'TLS' ? new TLSSocket(tcp, { isServer: true, ...selfSigned }) : tcp;
    sockets.add(tcp);
    tcp.on('close', () => sockets.delete(tcp));
    // The client is free to go away.
    tcp.on('error', () => {});
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const headerEnd = received.indexOf('\r\n\r\n');
      if (headerEnd < 0) {
        return;
      }
      const header = received.subarray(0, headerEnd).toString('latin1');
      const length = Number(/^content-length: (\d+)$/im.exec(header)?.[1]);
      const isEarly = length > 1024 * 1024 && left > 0;
      if (isEarly) {
        left -= 1;
        announced.push(length);
        socket.pause();
        socket.removeAllListeners('data');
        socket.write(answer(status, { error: words }), () => endAs(tcp, ending));
      } else if (received.length >= headerEnd + 4 + length) {
        announced.push(length);
        received = received.subarray(headerEnd + 4 + length);
        socket.write(answer(200, { imageRef: exampleReference }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    apiUrl: `${transport === 'TLS' ? 'https' : 'http'}://127.0.0.1:${port}/v1/dreamina`,
    announced,
  };
}

function answer(status: number, body: object): string {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

function endAs(socket: Socket, ending: (typeof endings)[number]): void {
  if (ending === 'closed') {
    // With a body unread the system itself makes a reset of it.
    socket.destroy();
  } else if (ending === 'reset') {
    socket.resetAndDestroy();
  }
}

describe.each(transports)('%s: an early answer is what the upload is told to have met', (transport) => {
  describe.each(endings)('with the connection %s', (ending) => {
    it.each(statuses)(`%d under 10 MiB, ${inFlight} in flight`, async (status, code) => {
      const { apiUrl, announced } = await earlyServer(transport, status, ending);
      const client = new DreaminaClient({ token, apiUrl, ca: selfSigned.cert });
      onTestFinished(() => client.close());
      const upload = () =>
        client
          .upload({ bytes: bigBytes, contentType: 'image/png', account })
          .catch(({ code, httpStatus, message }: UploadError) => ({ code, httpStatus, message }));
      const failures = await Promise.all(Array.from({ length: inFlight }, upload));
      expect(failures).toEqual(
        Array(inFlight).fill({ code, httpStatus: status, message: expect.stringContaining(words) }),
      );
      expect(announced).toHaveLength(inFlight);
    });
  });
});
