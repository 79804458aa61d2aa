import type { Socket } from 'node:net';

/** An upload as slow as this sends a slice within the timeout, if that is 4 s or more. */
const slowestBytesPerSecond = 4 * 1024;

/** The size of a TLS record. */
const minSliceBytes = 16 * 1024;

/** Larger slices save no more processor time. */
const maxSliceBytes = 512 * 1024;

/**
 * Makes a socket write large chunks in slices, and reports each slice once it has left this process. undici writes a
 * body in one piece, and Node counts a piece as written once it starts on it, so nothing else shows the progress. The
 * body stays one Buffer: a stream would lose the answers of servers that answer early.
 *
 * @param timeoutMs how long an attempt may go without progress; the shorter, the smaller the slices
 */
export function reportWrites(socket: Socket, timeoutMs: number, onSent: (bytes: number) => void): void {
  const carriedBytes = Math.round((slowestBytesPerSecond * timeoutMs) / 1000);
  const sliceBytes = Math.min(Math.max(carriedBytes, minSliceBytes), maxSliceBytes);
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
