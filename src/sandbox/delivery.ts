import type { ServerResponse } from 'node:http';
import type { Answer } from './answers.ts';

/** A way of sending an answer. */
export type SendAnswer = (response: ServerResponse, answer: Answer) => void;

const lingerMs = 1000;

/** Sends an answer as a well-behaved server does. */
export function sendWhole(response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Sends half an answer and closes: with neither a length nor chunks, nothing but its grammar tells that it is cut. */
export function sendCut(response: ServerResponse, { status, headers, text }: Answer): void {
  // Headers that were taken away are not added by Node.
  response.removeHeader('content-length');
  response.removeHeader('transfer-encoding');
  response.writeHead(status, { ...headers, connection: 'close' });
  response.end(text.slice(0, text.length / 2));
}

/**
 * Sends an answer while the body is still coming and leaves the body unread; closes its own side at once and the
 * whole connection a second later, so that a client which looks up from its sending can read the answer.
 */
export function sendUnread(response: ServerResponse, { status, headers, text }: Answer): void {
  const { socket } = response;
  if (!socket) return;
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  // Written but not ended: at the end of a response Node would read the rest of the request by itself, and close
  // without waiting.
  response.write(text);
  socket.end();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(linger));
}
