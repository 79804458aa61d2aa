// Servers that answer before they have read the body; in a process of its own, because a client and a server that take
// turns in one process never meet in the middle of a write. Started by fork(); each message is answered by one:
//   { open: options }  with the port of a new server
//   { lengths: port }  with the size of the body that each request to it announced so far
//   { close: port }    with nothing
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

const earlyFromBytes = 1024 * 1024;
/** The servers by port. */
const open = new Map();

process.on('message', async (message) => {
  if ('open' in message) {
    process.send(await openServer(message.open));
  } else if ('lengths' in message) {
    process.send(open.get(message.lengths).lengths);
  } else {
    open.get(message.close).close();
    process.send(null);
  }
});
process.on('disconnect', () => process.exit());

/**
 * @param {{ tls?: { key: string, cert: string }, status: number, error: string, reference: string,
 *   ending: 'closed' | 'left open' | 'reset', readBytes: number, times?: number }} options
 * `ending`: what happens to the connection after the answer, which is sent once `readBytes` were read, `times` over.
 * @returns {Promise<number>} its port
 */
function openServer({ tls, status, error, reference, ending, readBytes, times = Number.POSITIVE_INFINITY }) {
  const lengths = [];
  const connections = new Set();
  let left = times;

  const server = createServer({ noDelay: true }, (tcp) => {
    const socket = tls ? new TLSSocket(tcp, { isServer: true, ...tls }) : tcp;
    connections.add(tcp);
    tcp.on('close', () => connections.delete(tcp));
    // The client may disconnect.
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
          // While the body is unread, the system turns either of them into a reset.
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

  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const close = () => {
        open.delete(port);
        server.close();
        for (const connection of connections) {
          connection.destroy();
        }
      };
      open.set(port, { lengths, close });
      resolve(port);
    });
  });
}

function answer(code, body) {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${code} X\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}
