import type { Socket } from 'node:net';

/** Small enough that a slow line moves the progress several times a second, large enough to cost next to nothing. */
const sliceBytes = 64 * 1024;

/**
 * Makes a socket write what is large slice by slice, and tells as each slice has left this process.
 * undici hands a body over in one piece and Node counts a piece as written when it is taken in hand, so nothing else
 * shows how far it is. The body stays one Buffer: a stream of it would lose the answers of servers that answer early.
 */
export function reportWrites(socket: Socket, onSent: (bytes: number) => void): void {
  const write = socket.write.bind(socket) as (chunk: unknown, ...rest: unknown[]) => boolean;
  const writeFrom = (body: Uint8Array, offset: number): boolean => {
    const slice = body.subarray(offset, offset + sliceBytes);
    return write(slice, (error?: Error | null) => {
      if (!error) {
        onSent(slice.length);
        if (offset + slice.length < body.length) {
          writeFrom(body, offset + slice.length);
        }
      }
    });
  };
  // Text is the head of a request; bytes are its body.
  socket.write = (chunk: unknown, ...rest: unknown[]): boolean =>
    chunk instanceof Uint8Array && chunk.length > 0 ? writeFrom(chunk, 0) : write(chunk, ...rest);
}
