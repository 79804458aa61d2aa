import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { ApiError } from '../errors.ts';
import { hasCredentials } from '../network/proxy.ts';
import { isSuccess } from './answer.ts';
import { dropInterimAnswers } from './drop-interim-answers.ts';
import { isTemporary } from './http-error.ts';
import { toNetworkError } from './network-error.ts';
import { openSocket, type Peer } from './open-socket.ts';

interface TunnelOptions {
  /** Starts TLS on a socket, for an `https:` proxy. */
  readonly secure: buildConnector.connector;
  /** Closes the tunnel, even while it connects. */
  readonly signal: AbortSignal;
}

/**
 * Opens a connection through a proxy's CONNECT tunnel.
 * Written by hand because undici's ProxyAgent mistakes a CONNECT that the proxy drops for a lost keep-alive socket and
 * reconnects without end, thousands of times a second.
 *
 * @param proxyUrl `http:` or `https:`, with the user and password if the proxy needs them
 * @throws ApiError that names the proxy
 */
export async function openTunnel(
  proxyUrl: URL,
  { hostname, port }: Peer,
  { secure, signal }: TunnelOptions,
): Promise<Socket> {
  try {
    const toProxy = await connectToProxy(proxyUrl, { secure, signal });
    const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
    return await requestTunnel(toProxy, `${host}:${port}`, { proxyUrl, signal });
  } catch (error) {
    throw toNetworkError(error, `the proxy ${proxyUrl.host}`);
  }
}

async function connectToProxy(proxyUrl: URL, { secure, signal }: TunnelOptions): Promise<Socket> {
  const isSecure = proxyUrl.protocol === 'https:';
  const hostname = proxyUrl.hostname.replace(/^\[|\]$/g, '');
  const port = proxyUrl.port || (isSecure ? '443' : '80');
  const socket = await openSocket({ hostname, port: Number(port) }, signal);
  if (!isSecure) {
    return socket;
  }
  return new Promise<Socket>((resolve, reject) => {
    secure(
      { hostname, host: proxyUrl.host, protocol: 'https:', port, httpSocket: socket },
      (error, secured) => (error === null ? resolve(secured) : reject(error)),
    );
  });
}

async function requestTunnel(
  toProxy: Socket,
  authority: string,
  { proxyUrl, signal }: { readonly proxyUrl: URL; readonly signal: AbortSignal },
): Promise<Socket> {
  const { request } = await import('node:http');
  dropInterimAnswers(toProxy);
  return new Promise<Socket>((resolve, reject) => {
    const connecting = request({
      createConnection: () => toProxy,
      method: 'CONNECT',
      path: authority,
      signal,
      headers: { host: authority, ...authorization(proxyUrl) },
    });
    connecting.once('connect', (answer: IncomingMessage, socket: Socket) => {
      const { statusCode: status = 0 } = answer;
      if (isSuccess(status)) {
        resolve(socket);
      } else {
        socket.destroy();
        reject(tunnelRefused(proxyUrl, status));
      }
    });
    connecting.once('error', reject);
    connecting.end();
  });
}

function authorization(proxyUrl: URL): { 'proxy-authorization'?: string } {
  if (!hasCredentials(proxyUrl)) {
    return {};
  }
  const credentials = `${decodeURIComponent(proxyUrl.username)}:${decodeURIComponent(proxyUrl.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function tunnelRefused(proxyUrl: URL, status: number): ApiError {
  return new ApiError('network', `the proxy ${proxyUrl.host} refuses the connection (HTTP ${status})`, {
    // A proxy that requires a password or forbids the host will do so again.
    retryable: isTemporary(status) || status >= 500,
    // tinyproxy answers 407 to a missing password and 401 to a wrong one.
    hint:
      status === 407 || status === 401
        ? hasCredentials(proxyUrl)
          ? 'Check the user and password in the proxy address.'
          : 'Put the user and password into the proxy address.'
        : 'Check the proxy and NO_PROXY.',
  });
}
