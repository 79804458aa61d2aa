import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Keeps a socket readable after a write has failed. A server that answers early and closes resets the connection while
 * the body is still being sent. Its answer has arrived by then, but Node destroys the socket at the first failed write,
 * unread answer included. So hold the failure back until everything has been read.
 */
export function keepReading(socket: Socket): void {
  // Reading always ends: a failed write means that the connection is closed in both directions.
  const hold =
    (done: Done): Done =>
    (error) => {
      if (error && !socket.readableEnded) {
        socket.once('end', () => done(error));
      } else {
        done(error);
      }
    };
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, hold(done));
  const writev = socket._writev?.bind(socket);
  if (writev !== undefined) {
    socket._writev = (chunks, done) => writev(chunks, hold(done));
  }
}
