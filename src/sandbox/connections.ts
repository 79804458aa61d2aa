import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** One TCP connection to the sandbox. */
export interface Connection {
  /** 1 for the first connection, and so on. */
  readonly ordinal: number;
  /** The TCP socket, also under TLS: only a TCP socket can be reset. */
  readonly tcp: Socket;
  /** Aborted when the connection closes. */
  readonly closed: AbortSignal;
}

/** Tracks the open connections of a server. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  #count = 0;

  constructor(server: Server) {
    server.on('connection', (tcp: Socket) => this.#add(tcp));
    server.on('secureConnection', (secure: Socket) => this.#addSecure(secure));
  }

  /** The connection of a request's socket. */
  of(socket: Socket): Connection {
    const connection = this.#bySocket.get(socket);
    if (!connection) {
      throw new Error('a request came on a socket that the sandbox does not know');
    }
    return connection;
  }

  /** Closes every connection at once. */
  destroyAll(): void {
    for (const { tcp } of this.#open) {
      tcp.destroy();
    }
  }

  #add(tcp: Socket): void {
    const closed = new AbortController();
    this.#count += 1;
    const connection = { ordinal: this.#count, tcp, closed: closed.signal };
    this.#open.add(connection);
    this.#bySocket.set(tcp, connection);
    tcp.once('close', () => {
      this.#open.delete(connection);
      closed.abort();
    });
  }

  // Node does not say which TCP socket carries a TLS socket; the client's address and port do.
  #addSecure(secure: Socket): void {
    const connection = [...this.#open].findLast(
      ({ tcp }) => tcp.remotePort === secure.remotePort && tcp.remoteAddress === secure.remoteAddress,
    );
    if (connection) {
      this.#bySocket.set(secure, connection);
    } else {
      secure.destroy();
    }
  }
}
