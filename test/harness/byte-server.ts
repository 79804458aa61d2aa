import { tcpServer } from './tcp-server.ts';

/** A server that sends given bytes, whether they are HTTP or not. */
export interface ByteServer {
  readonly port: number;
  /** The answer to every later connection, whatever it asks; then the connection is closed. */
  answer: Uint8Array;
}

/** Starts one on loopback for the length of the test. */
export async function byteServer(): Promise<ByteServer> {
  const { port } = await tcpServer((socket) => {
    // Later bytes are read and dropped: closing before they are read would reset the connection, and lose the answer.
    socket.once('data', () => socket.resume().end(state.answer));
  });
  const state: ByteServer = { port, answer: Buffer.alloc(0) };
  return state;
}
