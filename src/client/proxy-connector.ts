import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { UploadError } from '../errors.ts';

/**
 * Connects through a proxy's CONNECT tunnel.
 * Written by hand because undici's ProxyAgent takes a CONNECT that the proxy drops for a lost keep-alive socket and
 * dials again without end, thousands of times a second.
 *
 * @param proxyUrl `http:` or `https:`, with the user and password where the proxy wants them
 * @param connect makes the TLS connection inside the tunnel
 */
export function createProxyConnector(
  proxyUrl: URL,
  connect: buildConnector.connector,
  ca: string | undefined,
): buildConnector.connector {
  return (options, callback) => {
    openTunnel(proxyUrl, `${options.hostname}:${options.port || 443}`, ca).then(
      (socket) => connect({ ...options, httpSocket: socket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}

async function openTunnel(proxyUrl: URL, authority: string, ca: string | undefined): Promise<Socket> {
  const { request } = await (proxyUrl.protocol === 'https:' ? import('node:https') : import('node:http'));
  return new Promise<Socket>((resolve, reject) => {
    const connecting = request({
      host: proxyUrl.hostname.replace(/^\[|\]$/g, ''),
      port: proxyUrl.port || (proxyUrl.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      headers: { host: authority, ...authorization(proxyUrl) },
      ...(ca !== undefined && { ca }),
    });
    connecting.once('connect', (answer: IncomingMessage, socket: Socket) => {
      if (answer.statusCode === 200) {
        resolve(socket);
      } else {
        socket.destroy();
        reject(tunnelRefused(proxyUrl, answer.statusCode));
      }
    });
    connecting.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new UploadError(
          'network',
          `the proxy ${proxyUrl.host} cannot be used (${cause.code ?? cause.message})`,
          {
            cause,
          },
        ),
      ),
    );
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

function tunnelRefused(proxyUrl: URL, status: number | undefined): UploadError {
  return new UploadError('network', `the proxy ${proxyUrl.host} refuses the connection (HTTP ${status})`, {
    // A proxy that wants a password or forbids the host says the same thing every time.
    retryable: status === undefined || status >= 500,
    hint:
      status === 407 ? 'Put the user and password into the proxy address.' : 'Check the proxy and NO_PROXY.',
  });
}
