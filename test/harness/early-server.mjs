// A server that answers before it has read the body; in a process of its own, because a client and a server that take
// turns in one process never meet in the middle of a write. Started by fork() with its options as JSON; sends its port,
// and for each message the size of the body that each request announced so far.
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * @type {{ tls?: { key: string, cert: string }, status: number, error: string, reference: string,
 *   ending: 'closed' | 'left open' | 'reset', readBytes: number, times?: number }}
 * `ending`: what becomes of the connection after the answer, which goes out once `readBytes` were read, `times` over.
 */
const {
  tls,
  status,
  error,
  reference,
  ending,
  readBytes,
  times = Number.POSITIVE_INFINITY,
} = JSON.parse(process.argv[2]);
const earlyFromBytes = 1024 * 1024;
const lengths = [];
let left = times;

const server = createServer({ noDelay: true }, (tcp) => {
  const socket = tls ? new TLSSocket(tcp, { isServer: true, ...tls }) : tcp;
  // The client is free to go away.
  tcp.on('error', () => {});
  socket.on('error', () => {});
  let head = '';
  let length;
  let received = 0;
  socket.on('data', (chunk) => {
    if (length === undefined) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n') + 4;
      if (end < 4) {
        return;
      }
      length = Number(/^content-length: (\d+)/im.exec(head)[1]);
      received = head.length - end;
      lengths.push(length);
    } else {
      received += chunk.length;
    }
    if (length >= earlyFromBytes && left > 0 && received >= readBytes) {
      left -= 1;
      socket.removeAllListeners('data').pause();
      socket.write(answer(status, { error }), () => {
        // With a body unread, the system makes a reset of either.
        if (ending === 'closed') {
          tcp.destroy();
        } else if (ending === 'reset') {
          tcp.resetAndDestroy();
        }
      });
    } else if (received >= length) {
      head = '';
      length = undefined;
      socket.write(answer(200, { imageRef: reference }));
    }
  });
});

function answer(code, body) {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${code} X\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(lengths));
process.on('disconnect', () => process.exit());
