import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that says what it is told to, byte for byte, be it HTTP or not. */
export interface ByteServer {
  readonly port: number;
  /** What every connection from now on is answered, whatever it asks; then it is closed. */
  answer: Uint8Array;
}

/** Starts one on loopback for the length of the test. */
export async function byteServer(): Promise<ByteServer> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // What still comes is read and dropped: closing over it would reset the connection, and lose the answer.
    socket.once('data', () => socket.resume().end(state.answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const state = { port: (server.address() as AddressInfo).port, answer: Buffer.alloc(0) as Uint8Array };
  return state;
}
