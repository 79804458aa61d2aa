import type { Socket } from 'node:net';

/** The HTTP parser's own limit on the head of an answer. */
const maxHeadBytes = 16 * 1024;

const interimStarts = ['HTTP/1.1 1', 'HTTP/1.0 1'] as const;

/**
 * Removes interim answers (1xx) from what is read from a socket. A client must accept them even unasked (RFC 9110,
 * section 15.2), but undici closes the connection at a `100 Continue`, and Node takes one to CONNECT for the final answer.
 *
 * @returns a function to call before each further request: interim answers come only before a final one
 */
export function dropInterimAnswers(socket: Socket): () => void {
  const push = socket.push.bind(socket) as (chunk: Buffer | null) => boolean;
  let isExpecting = true;
  /** The beginning of what may be an interim answer. */
  let held = Buffer.alloc(0);
  socket.push = (chunk: Buffer | null): boolean => {
    if (chunk === null || !isExpecting) {
      return push(chunk);
    }
    held = skipInterimAnswers(Buffer.concat([held, chunk]));
    // Until there is more, nothing has been read.
    isExpecting = mayBeInterim(held);
    return isExpecting || push(held);
  };
  return () => {
    isExpecting = true;
    held = Buffer.alloc(0);
  };
}

function skipInterimAnswers(bytes: Buffer): Buffer<ArrayBuffer> {
  const text = bytes.toString('latin1');
  const interim = /HTTP\/1\.[01] 1\d\d\b[\s\S]*?\r?\n\r?\n/y;
  let end = 0;
  while (interim.test(text)) {
    end = interim.lastIndex;
  }
  return Buffer.from(bytes.subarray(end));
}

/** Whether more bytes are needed to decide; complete interim answers have been skipped already. */
function mayBeInterim(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return (
    bytes.length < maxHeadBytes &&
    interimStarts.some((start) => start.startsWith(text.slice(0, start.length))) &&
    !/\r?\n\r?\n/.test(text)
  );
}
