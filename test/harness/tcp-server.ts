import { createServer, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** A server on loopback that knows no protocol. */
export interface TcpServer {
  readonly port: number;
  /** Every connection so far. */
  readonly sockets: readonly Socket[];
}

/** Starts one that treats each connection as the test says, for the length of the test. */
export async function tcpServer(onSocket: (socket: Socket) => void): Promise<TcpServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  return { port: await listen(server), sockets };
}
