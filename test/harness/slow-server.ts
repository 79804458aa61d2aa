import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from './listen.ts';
import { exampleReference } from './raw-server.ts';

/** A server at the end of a slow line, which all of its connections share. */
export interface SlowServer {
  readonly port: number;
  /** How many requests have begun. */
  readonly count: () => number;
  /** How many have been read to the end, and answered with a reference. */
  readonly answered: () => number;
}

const turnMs = 10;

/**
 * Starts one on loopback for the length of the test.
 *
 * @param options.stopAfterBytes how much it reads of each body before it stops
 */
export async function slowServer(options: {
  readonly bytesPerSecond: number;
  readonly stopAfterBytes?: number;
}): Promise<SlowServer> {
  const { bytesPerSecond, stopAfterBytes = Number.POSITIVE_INFINITY } = options;
  const readers = new Set<() => number>();
  let count = 0;
  let answered = 0;
  let allowedBytes = 0;
  const timer = setInterval(() => {
    allowedBytes = Math.min(allowedBytes + (bytesPerSecond * turnMs) / 1000, bytesPerSecond / 10);
    for (let didRead = true; didRead && allowedBytes > 0; ) {
      didRead = false;
      // One piece each, so that they share the line.
      for (const read of readers) {
        const bytes = read();
        allowedBytes -= bytes;
        didRead ||= bytes > 0;
      }
    }
  }, turnMs);
  const server = createServer({ highWaterMark: 16 * 1024 }, (socket) => {
    let head = '';
    let leftBytes: number | undefined;
    let readBytes = 0;
    const read = () => {
      const chunk = (readBytes < stopAfterBytes ? socket.read() : null) as Buffer | null;
      if (chunk === null) {
        return 0;
      }
      readBytes += chunk.length;
      if (leftBytes === undefined) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n') + 4;
        if (end >= 4) {
          count += 1;
          leftBytes = Number(/content-length: (\d+)/i.exec(head)![1]) - (head.length - end);
        }
      } else {
        leftBytes -= chunk.length;
      }
      if (leftBytes === 0) {
        answered += 1;
        head = '';
        leftBytes = undefined;
        const body = JSON.stringify({ imageRef: exampleReference });
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }
      return chunk.length;
    };
    readers.add(read);
    socket.on('error', () => {});
    socket.on('close', () => readers.delete(read));
    // It reads only on request.
    socket.pause();
    socket.on('readable', () => {});
  });
  onTestFinished(() => clearInterval(timer));
  return {
    port: await listen(server),
    count: () => count,
    answered: () => answered,
  };
}
