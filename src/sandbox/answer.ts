import type { ServerResponse } from 'node:http';

/** An answer that has not been sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A way to send an answer. */
export type SendAnswer = (response: ServerResponse, answer: Answer) => void;

const lingerMs = 1000;

/** Creates an answer with a JSON body. */
export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(value) };
}

/** Creates an error in the API's form, `{ "error": "…" }`. */
export function errorAnswer(status: number, error: string, headers?: Record<string, string>): Answer {
  return jsonAnswer(status, { error }, headers);
}

/** The answer to a token that is missing or malformed. */
export const unauthorized = errorAnswer(401, 'Unauthorized');

/** The HTML page that a CDN shows when the service does not answer it. */
export const badGateway: Answer = {
  status: 502,
  headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' },
  text: '<!DOCTYPE html>\n<title>sandbox | 502: Bad gateway</title>\n<h1>Bad gateway</h1>\n',
};

/** Sends the whole answer, with its length. */
export function sendWhole(response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Sends half an answer without a length and closes the connection: only a JSON parser notices the cut. */
export function sendTruncated(response: ServerResponse, { status, headers, text }: Answer): void {
  // Node does not add a header that has been removed explicitly.
  response.removeHeader('content-length');
  response.removeHeader('transfer-encoding');
  response.writeHead(status, { ...headers, connection: 'close' });
  response.end(text.slice(0, text.length / 2));
}

/**
 * Sends an answer while the request body is still arriving, and never reads that body. Closes its own side at once
 * and the connection a second later, which leaves the client time to read the answer.
 */
export function sendEarly(response: ServerResponse, { status, headers, text }: Answer): void {
  const { socket } = response;
  if (!socket) {
    return;
  }
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  // Not `end`: Node would then read the rest of the request itself, and close without waiting.
  response.write(text);
  socket.end();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(linger));
}
