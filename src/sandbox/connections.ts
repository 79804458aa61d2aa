import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** One TCP connection to the sandbox. */
export interface Connection {
  /** 1 for the first, and so on. */
  readonly ordinal: number;
  /** The TCP socket, also under TLS: only it can be reset. */
  readonly tcp: Socket;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

/** Keeps account of a server's sockets. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  #count = 0;

  constructor(server: Server) {
    server.on('connection', (tcp: Socket) => this.#add(tcp));
    server.on('secureConnection', (secure: Socket) => this.#addSecure(secure));
  }

  /** The connection on which a request came. */
  of(socket: Socket): Connection {
    const connection = this.#bySocket.get(socket);
    if (!connection) throw new Error('a request came on a socket the sandbox has not seen');
    return connection;
  }

  /** Cuts every connection. */
  destroyAll(): void {
    for (const { tcp } of this.#open) tcp.destroy();
  }

  #add(tcp: Socket): void {
    const gone = new AbortController();
    this.#count += 1;
    const connection = { ordinal: this.#count, tcp, gone: gone.signal };
    this.#open.add(connection);
    this.#bySocket.set(tcp, connection);
    tcp.once('close', () => {
      this.#open.delete(connection);
      gone.abort();
    });
  }

  // Node does not tell which TCP socket a TLS socket stands on; the client's address and port do.
  #addSecure(secure: Socket): void {
    const connection = [...this.#open].findLast(
      ({ tcp }) => tcp.remotePort === secure.remotePort && tcp.remoteAddress === secure.remoteAddress,
    );
    if (connection) this.#bySocket.set(secure, connection);
    else secure.destroy();
  }
}
