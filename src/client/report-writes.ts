import type { Socket } from 'node:net';

/** Small enough to update the progress several times a second on a slow line, large enough to cost almost nothing. */
const sliceBytes = 64 * 1024;

/**
 * Makes a socket write large chunks in slices, and reports each slice once it has left this process. undici writes a
 * body in one piece, and Node counts a piece as written once it starts on it, so nothing else shows the progress. The
 * body stays one Buffer: a stream would lose the answers of servers that answer early.
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
