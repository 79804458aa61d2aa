import { connect, isIP, type Socket } from 'node:net';

/** How long to try one address before trying the next in parallel (RFC 8305, section 5). */
const headStartMs = 250;

/**
 * Failures that say less than an answer of the host, from the most to the least informative. All but the first are this
 * machine's: it may have no route for IPv4 or for IPv6.
 */
const vagueFailures: readonly (string | undefined)[] = [
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
];

/** Where to connect to. */
export interface Peer {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Opens a TCP connection to the first address of a host that answers. Each is tried until it fails or another answers:
 * Node's own implementation allows 250 ms for all but the last, too little for a distant host.
 *
 * @param signal closes the connection, even while it connects
 * @throws the error of the lookup, or the most informative error of the addresses
 */
export async function openSocket({ hostname, port }: Peer, signal: AbortSignal): Promise<Socket> {
  const addresses = await lookUpAddresses(hostname);
  signal.throwIfAborted();
  return new Promise<Socket>((resolve, reject) => {
    const sockets = new Set<Socket>();
    const errors: NodeJS.ErrnoException[] = [];
    let headStart: NodeJS.Timeout | undefined;
    const onAbort = () => finish(() => reject(signal.reason));
    const finish = (settle: () => void) => {
      clearTimeout(headStart);
      signal.removeEventListener('abort', onAbort);
      for (const socket of sockets) {
        socket.destroy();
      }
      sockets.clear();
      settle();
    };
    const tryNext = () => {
      clearTimeout(headStart);
      const host = addresses.shift();
      if (host === undefined) {
        if (sockets.size === 0) {
          finish(() => reject(findMostInformative(errors)));
        }
        return;
      }
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
      sockets.add(socket);
      socket.once('connect', () => {
        sockets.delete(socket);
        signal.addEventListener('abort', () => socket.destroy(), { once: true });
        finish(() => resolve(socket));
      });
      // Keep this listener: the socket may fail before its user adds one.
      socket.on('error', (error) => {
        if (sockets.delete(socket)) {
          errors.push(error);
          tryNext();
        }
      });
      if (addresses.length > 0) {
        headStart = setTimeout(tryNext, headStartMs);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    tryNext();
  });
}

function findMostInformative(errors: readonly NodeJS.ErrnoException[]): Error | undefined {
  const vagueness = ({ code }: NodeJS.ErrnoException) => vagueFailures.indexOf(code);
  return errors.toSorted((a, b) => vagueness(a) - vagueness(b))[0];
}

async function lookUpAddresses(hostname: string): Promise<string[]> {
  if (isIP(hostname) !== 0) {
    return [hostname];
  }
  const { default: dns } = await import('node:dns');
  return new Promise((resolve, reject) => {
    dns.lookup(hostname, { all: true }, (error, found) =>
      error ? reject(error) : resolve(found.map(({ address }) => address)),
    );
  });
}
