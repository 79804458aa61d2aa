import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that sends given bytes, whether they are HTTP or not. */
export interface ByteServer {
  readonly port: number;
  /** The answer to every later connection, whatever it asks; then the connection is closed. */
  answer: Uint8Array;
}

/** Starts one on loopback for the length of the test. */
export async function byteServer(): Promise<ByteServer> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // Later bytes are read and dropped: closing before they are read would reset the connection, and lose the answer.
    socket.once('data', () => socket.resume().end(state.answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const state = { port: (server.address() as AddressInfo).port, answer: Buffer.alloc(0) as Uint8Array };
  return state;
}
