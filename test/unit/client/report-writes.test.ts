import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { reportWrites } from '../../../src/client/report-writes.ts';

/** A socket that accepts everything at once, and the writes that it got. */
function openSocket() {
  const pieces: Buffer[] = [];
  const socket = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      setImmediate(done);
    },
  });
  return { socket: socket as unknown as Socket, pieces };
}

const kiB = 1024;

it.each([
  ['a minute', 60_000, 240 * kiB],
  ['ten seconds', 10_000, 40 * kiB],
  ['a tenth of a second', 100, 16 * kiB],
  ['a day', 86_400_000, 512 * kiB],
])('with a timeout of %s (%i ms), a body is sent in slices of %i bytes', async (_, timeoutMs, sliceBytes) => {
  const { socket, pieces } = openSocket();
  const body = Buffer.alloc(2 * sliceBytes + 1, 'x');
  const sent = await new Promise<readonly number[]>((resolve) => {
    const counts: number[] = [];
    reportWrites(socket, timeoutMs, (bytes) => {
      counts.push(bytes);
      if (counts.reduce((sum, it) => sum + it, 0) === body.length) {
        resolve(counts);
      }
    });
    socket.write(body);
  });
  expect(sent).toEqual([sliceBytes, sliceBytes, 1]);
  expect(Buffer.concat(pieces).equals(body)).toBe(true);
});

it('does not report the head of a request', async () => {
  const { socket } = openSocket();
  const sent: number[] = [];
  reportWrites(socket, 60_000, (bytes) => sent.push(bytes));
  await new Promise((resolve) => socket.write('POST / HTTP/1.1', resolve));
  expect(sent).toEqual([]);
});

it('does not report bytes that could not be written', async () => {
  const { socket } = openSocket();
  const sent: number[] = [];
  socket.once('error', () => {});
  reportWrites(socket, 60_000, (bytes) => sent.push(bytes));
  socket.destroy(new Error('lost'));
  socket.write(Buffer.alloc(10));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([]);
});
