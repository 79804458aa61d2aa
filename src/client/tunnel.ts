import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { ApiError } from '../errors.ts';
import { toNetworkError } from './network-error.ts';

/**
 * Connects through a proxy's CONNECT tunnel.
 * Written by hand because undici's ProxyAgent mistakes a CONNECT that the proxy drops for a lost keep-alive socket and
 * reconnects without end, thousands of times a second.
 *
 * @param proxyUrl `http:` or `https:`, with the user and password where the proxy wants them
 * @param connect makes the TLS connection inside the tunnel
 */
export function connectThroughProxy(
  proxyUrl: URL,
  connect: buildConnector.connector,
  tunnelOptions: TunnelOptions,
): buildConnector.connector {
  return (options, callback) => {
    openTunnel(proxyUrl, `${options.hostname}:${options.port || 443}`, tunnelOptions).then(
      (socket) => connect({ ...options, httpSocket: socket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}

interface TunnelOptions {
  /** PEM certificates of the authorities to trust instead of Node's own, for an `https:` proxy. */
  readonly ca: string | undefined;
  /** Ends the tunnel, open or not. */
  readonly signal: AbortSignal;
}

async function openTunnel(proxyUrl: URL, authority: string, { ca, signal }: TunnelOptions): Promise<Socket> {
  const { request } = await (proxyUrl.protocol === 'https:' ? import('node:https') : import('node:http'));
  return new Promise<Socket>((resolve, reject) => {
    const connecting = request({
      host: proxyUrl.hostname.replace(/^\[|\]$/g, ''),
      port: proxyUrl.port || (proxyUrl.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      signal,
      headers: { host: authority, ...authorization(proxyUrl) },
      ...(ca !== undefined && { ca }),
    });
    connecting.once('connect', (answer: IncomingMessage, socket: Socket) => {
      if (answer.statusCode === 200) {
        signal.addEventListener('abort', () => socket.destroy(), { once: true });
        resolve(socket);
      } else {
        socket.destroy();
        reject(tunnelRefused(proxyUrl, answer.statusCode));
      }
    });
    connecting.once('error', (error) => reject(toNetworkError(error, `the proxy ${proxyUrl.host}`)));
    connecting.end();
  });
}

function authorization(proxyUrl: URL): { 'proxy-authorization'?: string } {
  if (proxyUrl.username === '' && proxyUrl.password === '') {
    return {};
  }
  const credentials = `${decodeURIComponent(proxyUrl.username)}:${decodeURIComponent(proxyUrl.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function tunnelRefused(proxyUrl: URL, status: number | undefined): ApiError {
  return new ApiError('network', `the proxy ${proxyUrl.host} refuses the connection (HTTP ${status})`, {
    // A proxy that wants a password or forbids the host does so every time.
    retryable: status === undefined || status >= 500,
    // tinyproxy says 407 where there is no password and 401 where it is wrong.
    hint:
      status === 407 || status === 401
        ? 'Put the user and password into the proxy address.'
        : 'Check the proxy and NO_PROXY.',
  });
}
