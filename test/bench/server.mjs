// The server of the benchmarks: reads an upload to its end, waits, and answers with a reference. It does nothing else,
// so that only the client is measured. Started as: node server.mjs <latency in ms>; it prints its port.
import { createServer } from 'node:http';

const latencyMs = Number(process.argv[2]);

const server = createServer((request, response) => {
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
  });
  request.on('end', () => {
    const account = 'US:bench@example.com';
    const imageRef = `${account}-image:w90:h120:s${size}-uri:tos-bench/0`;
    const body = JSON.stringify({ imageRef, account, width: 90, height: 120, size });
    const answer = () => response.setHeader('content-type', 'application/json').end(body);
    if (latencyMs > 0) {
      setTimeout(answer, latencyMs);
    } else {
      answer();
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
