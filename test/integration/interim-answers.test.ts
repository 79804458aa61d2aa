import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { listen } from '../harness/listen.ts';
import { envFor, exampleReference } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';

const files = [fixture('night.png').file, fixture('spinner.png').file];
const bodyText = JSON.stringify({ imageRef: exampleReference });
const head = `HTTP/1.1 200 OK\r\ncontent-length: ${bodyText.length}\r\n\r\n`;
const final = head + bodyText;

/** When an interim answer is sent: after the head of the request, or after its body. */
type Moment = 'head' | 'body';

/** Answers each request with `pieces`, each in its own write; those for `head` before the body is read. */
async function server(transport: 'plain' | 'TLS', pieces: readonly (readonly [Moment, string])[]) {
  const requests: { length: number }[] = [];
  const onSocket = (socket: Socket) => {
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    let bodyStart = -1;
    const send = async (moment: Moment) => {
      for (const [when, text] of pieces) {
        if (when === moment) {
          await new Promise((done) => socket.write(text, 'latin1', done));
          await new Promise((done) => setTimeout(done, 2));
        }
      }
    };
    let sending = Promise.resolve();
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (bodyStart < 0) {
        bodyStart = received.indexOf('\r\n\r\n') + 4;
        if (bodyStart < 4) {
          bodyStart = -1;
          return;
        }
        sending = send('head');
      }
      const length = Number(/content-length: (\d+)/i.exec(received.toString('latin1'))![1]);
      if (received.length === bodyStart + length) {
        requests.push({ length });
        received = Buffer.alloc(0);
        bodyStart = -1;
        sending = sending.then(() => send('body'));
      }
    });
  };
  const [scheme, listener] =
    transport === 'TLS'
      ? ['https', createTlsServer(selfSigned, onSocket)]
      : (['http', createServer(onSocket)] as const);
  return {
    requests,
    env: {
      ...envFor(`${scheme}://127.0.0.1:${await listen(listener)}`),
      SSL_CERT_FILE: await certificateFile(),
    },
  };
}

const interim = (status: string, ...headers: string[]) =>
  [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
const continues = interim('100 Continue');

const cases: readonly (readonly [what: string, pieces: readonly (readonly [Moment, string])[]])[] = [
  [
    '100 before the body',
    [
      ['head', continues],
      ['body', final],
    ],
  ],
  [
    '100 after the body',
    [
      ['body', continues],
      ['body', final],
    ],
  ],
  ['100 in one piece with the answer', [['body', continues + final]]],
  [
    '100 without a reason',
    [
      ['head', 'HTTP/1.1 100\r\n\r\n'],
      ['body', final],
    ],
  ],
  [
    '100 of HTTP/1.0, with bare line feeds',
    [
      ['head', 'HTTP/1.0 100 Continue\n\n'],
      ['body', final],
    ],
  ],
  [
    '102 twice',
    [
      ['head', interim('102 Processing')],
      ['body', interim('102 Processing')],
      ['body', final],
    ],
  ],
  [
    '103 with headers',
    [
      ['head', interim('103 Early Hints', 'link: </a>; rel=preload', 'content-length: 7')],
      ['body', final],
    ],
  ],
  [
    'a status without a meaning',
    [
      ['body', interim('199 Whatever')],
      ['body', final],
    ],
  ],
  [
    '101, although no switch was requested',
    [
      ['head', interim('101 Switching Protocols', 'connection: upgrade', 'upgrade: h2c')],
      ['body', final],
    ],
  ],
  [
    'several kinds of them',
    [
      ['head', continues + interim('103 Early Hints', 'x: y') + continues],
      ['body', interim('102 Processing') + final],
    ],
  ],
  [
    'a hundred of them',
    [
      ['head', continues.repeat(100)],
      ['body', final],
    ],
  ],
  [
    '100 and the head of the answer, a byte at a time',
    [...[...(continues + head)], bodyText].map((piece) => ['body', piece] as const),
  ],
];

describe.each(['plain', 'TLS'] as const)('over %s, an unsolicited interim answer', (transport) => {
  it.each(cases)('changes nothing: %s', async (_what, pieces) => {
    const { requests, env } = await server(transport, pieces);
    const result = await runCli(['upload', ...files, '-c', '1', '--json', '--retries', '0'], { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.json<UploadRecord[]>().map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(requests.map(({ length }) => length)).toEqual(
      await Promise.all(files.map(async (file) => (await readFile(file)).length)),
    );
  });
});

it.each([
  ['no other answer', continues],
  ['an endless one', 'HTTP/1.1 100 Continue\r\nx: '],
])('an interim answer and %s is not an answer', async (_what, text) => {
  const { env } = await server('plain', [['head', text]]);
  const result = await runCli(['upload', files[0]!, '--json', '--retries', '0', '--timeout', '0.3'], { env });
  expect(result.json()).toMatchObject([{ status: 'failed', error: { code: 'timeout' } }]);
});

it('the client abandons endless interim headers before they fill the memory', async () => {
  const { env } = await server('plain', [
    ['body', 'HTTP/1.1 100 Continue\r\n'],
    ['body', 'x: y\r\n'.repeat(20_000)],
  ]);
  const result = await runCli(['upload', files[0]!, '--json', '--retries', '0'], { env });
  expect(result.json()).toMatchObject([{ status: 'failed', error: { code: 'network' } }]);
});
