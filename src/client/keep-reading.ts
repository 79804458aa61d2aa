import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Makes the reading of a socket outlive its writing.
 * A server that answers early and closes resets the connection under a body that is still going out. Its answer has
 * arrived by then, but at the first write that fails Node throws the socket away, and the unread answer with it; so
 * the failure is kept back until everything was read.
 */
export function keepReading(socket: Socket): void {
  // Reading ends by itself: what fails a write has closed the connection in both directions.
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
