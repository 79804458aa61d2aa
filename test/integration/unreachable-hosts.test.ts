import dns from 'node:dns';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DreaminaClient, type UploadEvent, type UploadRecord, uploadFiles } from '../../src/index.ts';
import { fixtures } from '../fixtures.ts';
import { freePort } from '../harness/free-port.ts';
import { listen } from '../harness/listen.ts';
import { envFor, exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { tcpServer } from '../harness/tcp-server.ts';

const files = fixtures.map(({ file }) => file);
const token = 'user:1234-abcdef';
const account = 'US:name@example.com';

/** What a resolver answers for every name, for the length of the test. */
function resolveTo(answer: readonly string[] | NodeJS.ErrnoException): void {
  const lookup = ((_host: string, _options: object, done: (...result: unknown[]) => void) => {
    process.nextTick(() =>
      answer instanceof Error
        ? done(answer)
        : done(
            null,
            answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          ),
    );
  }) as unknown as typeof dns.lookup;
  vi.spyOn(dns, 'lookup').mockImplementation(lookup);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
}

/** An address of this machine that counts as the address of another machine. */
const otherAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const unknownHost = () =>
  Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });

describe('a host that cannot be reached', () => {
  const refused = async () => {
    const port = await freePort();
    return { apiUrl: `http://127.0.0.1:${port}`, message: `127.0.0.1:${port}: the connection was refused` };
  };
  const unknown = async () => {
    resolveTo(unknownHost());
    return { apiUrl: 'https://api.example.test', message: 'api.example.test: the host name is not known' };
  };
  const offline = async () => {
    resolveTo(Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }));
    return {
      apiUrl: 'https://api.example.test',
      message: 'api.example.test: the host name cannot be looked up right now',
    };
  };

  it.each([
    ['refuses', refused],
    ['is unknown', unknown],
    ['cannot be looked up', offline],
  ])('because it %s ends the batch when the retries of a file are used up', async (_what, setUp) => {
    const { apiUrl, message } = await setUp();
    const result = await runCli(['upload', ...files, '-c', '1', '--retries', '2', '--json'], {
      env: envFor(apiUrl),
    });
    expect(result.exitCode).toBe(1);
    const [first, ...others] = result.json<UploadRecord[]>();
    expect(first).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'network', message } });
    expect(others).toHaveLength(files.length - 1);
    expect(others).toEqual(
      others.map(({ index, path }) => ({ index, path, status: 'cancelled', attempts: 0 })),
    );
    expect(result.sleeps).toEqual([250, 500]);
    expect(result.stderr.split(message)).toHaveLength(4);
    expect(result.stderr).toContain(`warning: ${message}; trying again, up to 2 more times\n`);
    expect(result.stderr).toContain(
      `warning: ${message} on every attempt; the remaining files are skipped\n`,
    );
  });

  it('ends the batch with several uploads in flight, too, and -q prints only the error', async () => {
    const { apiUrl, message } = await refused();
    const result = await runCli(['upload', ...files, '--retries', '1', '-q', '--json'], {
      env: envFor(apiUrl),
    });
    expect(result.exitCode).toBe(1);
    const records = result.json<UploadRecord[]>();
    expect(records.filter(({ attempts }) => attempts === 0).length).toBeGreaterThanOrEqual(files.length - 4);
    expect(records.filter(({ status }) => status === 'failed').length).toBeGreaterThan(0);
    expect(result.stderr).not.toContain('warning');
    expect(result.stderr).toContain(`: ${message}\n`);
  });

  it('is reported to users of the library', async () => {
    const { apiUrl, message } = await refused();
    const events: UploadEvent[] = [];
    const records = await uploadFiles(files.slice(0, 2), {
      token,
      account,
      apiUrl,
      concurrency: 1,
      retries: 1,
      onEvent: (event) => events.push(event),
    });
    expect(records.map(({ status }) => status)).toEqual(['failed', 'cancelled']);
    expect(events.filter(({ type }) => type === 'host-unreachable' || type === 'batch-ended')).toEqual([
      { type: 'host-unreachable', retries: 1, error: expect.objectContaining({ message }) },
      { type: 'batch-ended', error: expect.objectContaining({ message, isUnreachable: true }) },
    ]);
  });

  it('for a while does not fail any file, and is reported only once', async () => {
    const server = await rawServer((response) => sendJson(response, 200, { imageRef: exampleReference }));
    const port = Number(new URL(server.apiUrl).port);
    let lookups = 0;
    resolveTo(['127.0.0.1']);
    const good = vi.mocked(dns.lookup).getMockImplementation()!;
    vi.mocked(dns.lookup).mockImplementation(((...args: [string, object, (error: Error) => void]) => {
      lookups += 1;
      if (lookups > 3) {
        return good(...(args as unknown as Parameters<typeof good>));
      }
      process.nextTick(() => args[2](unknownHost()));
    }) as never);
    const result = await runCli(['upload', ...files, '-c', '1', '--retries', '3', '--json'], {
      env: envFor(`http://localhost:${port}`),
    });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.json<UploadRecord[]>()[0]).toMatchObject({ attempts: 4 });
    expect(result.stderr.match(/warning: .*the host name is not known/g)).toHaveLength(1);
  });

  it('only for one file does not cost the others retries', async () => {
    // The server listens for every second request only.
    const { port } = await tcpServer((socket) => socket.destroy());
    const result = await runCli(['upload', ...files, '-c', '1', '--retries', '0', '--json'], {
      env: envFor(`http://127.0.0.1:${port}`),
    });
    expect(result.json<UploadRecord[]>().map(({ status, attempts }) => [status, attempts])).toEqual(
      files.map(() => ['failed', 1]),
    );
  });
});

describe('a host with several addresses', () => {
  async function uploadTo(addresses: readonly string[]) {
    const server = await rawServer((response) => sendJson(response, 200, { imageRef: exampleReference }));
    resolveTo(addresses);
    const client = new DreaminaClient({
      token,
      apiUrl: server.apiUrl.replace('127.0.0.1', 'localhost'),
      timeoutMs: 5000,
    });
    onTestFinished(() => client.close());
    return client.upload({ bytes: Buffer.from('x'), contentType: 'image/png', account });
  }

  it.each([
    ['one that refuses before it', ['::1', '127.0.0.1']],
    ['one that refuses after it', ['127.0.0.1', '::1']],
    ['one without a route before it', ['100::1', '127.0.0.1']],
    ['one without a route after it', ['127.0.0.1', '100::1']],
    ['two that refuse around it', ['127.0.0.2', '127.0.0.1', '::1']],
  ])('is reached at the address that answers, with %s', async (_what, addresses) => {
    await expect(uploadTo(addresses)).resolves.toMatchObject({ assetRef: exampleReference });
  });

  it('is not reached if no address answers, and the error is about the address with a route', async () => {
    const port = await freePort();
    resolveTo(['100::1', '127.0.0.1']);
    const result = await runCli(['upload', files[0]!, '--retries', '0', '--json'], {
      env: envFor(`http://localhost:${port}`),
    });
    expect(result.json()).toMatchObject([
      { error: { message: `localhost:${port}: the connection was refused` } },
    ]);
  });
});

describe('plain http', () => {
  it.runIf(otherAddress !== undefined).each(['localhost', 'LOCALHOST'])(
    'to %s is refused if that name belongs to another machine',
    async (name) => {
      let connections = 0;
      let received = '';
      const server = createServer((socket) => {
        connections += 1;
        socket.on('data', (chunk) => {
          received += chunk.toString();
        });
        socket.on('error', () => {});
      });
      const address = otherAddress!;
      const port = await listen(server, address);
      resolveTo([address]);
      const result = await runCli(['upload', files[0]!, '--json'], { env: envFor(`http://${name}:${port}`) });
      expect(result.exitCode).toBe(1);
      expect(result.json()).toMatchObject([
        { status: 'failed', attempts: 1, error: { code: 'network', retryable: false } },
      ]);
      expect(result.stderr).toContain(`localhost is ${address}, which is not this machine`);
      expect(connections).toBe(1);
      expect(received).toBe('');
    },
  );

  it.each(['api.localhost', 'localhost.', 'a.b.localhost'])(
    'to %s is refused before it is looked up',
    async (name) => {
      resolveTo(['127.0.0.1']);
      const result = await runCli(['upload', files[0]!], { env: envFor(`http://${name}:8080`) });
      expect(result.exitCode).toBe(4);
      expect(dns.lookup).not.toHaveBeenCalled();
    },
  );
});
