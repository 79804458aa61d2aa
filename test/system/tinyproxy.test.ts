import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { fixtures } from '../fixtures.ts';
import { freePort } from '../harness/free-port.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tcpServer } from '../harness/tcp-server.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { startNginx } from './nginx.ts';
import { startTinyproxy } from './tinyproxy.ts';
import { bigImages, night, smallImages, startTestSandbox, token, upload } from './upload.ts';

const files = fixtures.map(({ file }) => file);

// Requests to loopback never use a proxy. 0.0.0.0 is not loopback by name, but as a destination it is this machine
// (RFC 1122, "this host on this network"), so that these tests send nothing to another machine.
const thisHost = '0.0.0.0';

interface Target {
  readonly sandbox: Sandbox;
  /** `0.0.0.0` and the port. */
  readonly authority: string;
  readonly port: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A sandbox that uses TLS, at an address for which a proxy is used. */
async function startTarget(): Promise<Target> {
  const certificate = await makeAuthority();
  const sandbox = await startTestSandbox({ tls: certificate.pem });
  const { port } = new URL(sandbox.origin);
  return { sandbox, ...target(port, certificate) };
}

function target(port: string, certificate: Authority): Omit<Target, 'sandbox'> {
  const authority = `${thisHost}:${port}`;
  return {
    authority,
    port,
    env: { DREAMINA_API_URL: `https://${authority}/v1/dreamina`, SSL_CERT_FILE: certificate.caFile },
  };
}

interface FakeProxy {
  readonly address: string;
  /** How many connections it has received. */
  readonly count: () => number;
}

/** A proxy that treats each connection as the test says. */
async function startFakeProxy(onConnection: (socket: Socket) => void): Promise<FakeProxy> {
  const { port, sockets } = await tcpServer(onConnection);
  return { address: `127.0.0.1:${port}`, count: () => sockets.length };
}

const never = () => startFakeProxy(() => {});

/** A proxy that connects every requested name to its port on this machine. */
const resolvingProxy = () =>
  startFakeProxy((socket) => {
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      // tinyproxy sends its request in several pieces.
      if (!head.endsWith('\r\n\r\n')) {
        return;
      }
      socket.off('data', onData).pause();
      const port = Number(/^CONNECT \S+:(\d+) /.exec(head)![1]);
      const inner = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(inner).pipe(socket);
      });
      inner.on('error', () => socket.destroy());
    };
    socket.on('data', onData);
  });

describe('through tinyproxy', () => {
  it('uploads reach nginx over TLS', async () => {
    const certificate = await makeAuthority();
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({ tls: certificate, location: `proxy_pass ${sandbox.origin};` });
    const { env, authority } = target(`${nginx.port}`, certificate);
    const proxy = await startTinyproxy();
    const result = await upload(files, { ...env, HTTPS_PROXY: `http://${proxy.address}` });
    expect(result.records).toEqual(
      files.map(() => expect.objectContaining({ status: 'uploaded', attempts: 1 })),
    );
    expect(result.exitCode).toBe(0);
    expect(sandbox.assets).toHaveLength(files.length);
    const connects = await proxy.connects();
    expect(new Set(connects)).toEqual(new Set([authority]));
    // The tunnels are used again.
    expect(connects.length).toBeLessThanOrEqual(4);
  });

  it('a hundred uploads of ten megabytes and less keep their bytes', async () => {
    const { sandbox, env } = await startTarget();
    const proxy = await startTinyproxy();
    const mixed = [...(await bigImages(10)), ...(await smallImages(90))];
    const result = await upload([...mixed, '-c', '8'], { ...env, HTTPS_PROXY: `http://${proxy.address}` });
    expect(result.records).toEqual(
      mixed.map(() => expect.objectContaining({ status: 'uploaded', attempts: 1 })),
    );
    const sent = (result.records as readonly { sha256: string }[]).map(({ sha256 }) => sha256);
    expect(sandbox.requests.map(({ sha256 }) => sha256).sort()).toEqual(sent.sort());
  });

  it('each of twenty uploads reports a real 413 before the body was read', async () => {
    const certificate = await makeAuthority();
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({
      tls: certificate,
      server: 'client_max_body_size 1m;',
      location: `proxy_pass ${sandbox.origin};`,
    });
    const proxy = await startTinyproxy();
    const { env } = target(`${nginx.port}`, certificate);
    const result = await upload([...(await bigImages(20)), night, '-c', '4'], {
      ...env,
      HTTPS_PROXY: `http://${proxy.address}`,
    });
    const rejected = { status: 'failed', attempts: 1, error: { code: 'rejected', httpStatus: 413 } };
    expect(result.records).toMatchObject([...Array(20).fill(rejected), { status: 'uploaded', attempts: 1 }]);
  });

  it('an upload reaches a name that only the proxy can resolve, and checks its certificate against that name', async () => {
    const { sandbox, port, env } = await startTarget();
    const resolving = await resolvingProxy();
    const proxy = await startTinyproxy(`Upstream http ${resolving.address}`);
    const through = (host: string) =>
      upload([night], {
        ...env,
        DREAMINA_API_URL: `https://${host}:${port}/v1/dreamina`,
        HTTPS_PROXY: `http://${proxy.address}`,
      });
    expect(await through('api.example.test')).toMatchObject({ exitCode: 0, records: [{ attempts: 1 }] });
    expect(sandbox.requests).toHaveLength(1);
    expect(await through('other.example.test')).toMatchObject({
      exitCode: 1,
      records: [{ attempts: 1, error: { code: 'network', retryable: false } }],
    });
    expect(sandbox.requests).toHaveLength(1);
    expect(await proxy.connects()).toEqual([`api.example.test:${port}`, `other.example.test:${port}`]);
  });

  it.each([
    [['HTTPS_PROXY']],
    [['https_proxy']],
    [['https_proxy', 'HTTPS_PROXY']],
    [['HTTP_PROXY']],
    [['http_proxy', 'HTTP_PROXY']],
    [['HTTPS_PROXY', 'http_proxy']],
  ])('uploads use the proxy of the first of %j', async ([first, ...others]) => {
    const { sandbox, env } = await startTarget();
    const [proxy, wrong] = [await startTinyproxy(), await never()];
    const result = await upload([night], {
      ...env,
      ...Object.fromEntries(others.map((name) => [name, `http://${wrong.address}`])),
      // With and without a scheme.
      [first!]: first === 'HTTPS_PROXY' ? proxy.address : `http://${proxy.address}`,
    });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(1);
    expect(await proxy.connects()).toHaveLength(1);
    expect(wrong.count()).toBe(0);
  });
});

describe('a tinyproxy with a password', () => {
  const user = 'someone';
  const password = 'OpenSesame42';
  const encoded = (secret: string) => Buffer.from(`${user}:${secret}`).toString('base64').replace(/=+$/, '');

  it('accepts the right password, and shows neither it nor the token', async () => {
    const { sandbox, env } = await startTarget();
    const proxy = await startTinyproxy(`BasicAuth ${user} ${password}`);
    const result = await upload([...files, '-v'], {
      ...env,
      HTTPS_PROXY: `http://${user}:${password}@${proxy.address}`,
    });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(files.length);
    // The headers for the proxy are not sent to the service.
    expect(sandbox.requests[0]!.headers).not.toHaveProperty('proxy-authorization');
    for (const secret of [password, encoded(password), token]) {
      expect(result.output).not.toContain(secret);
    }
  });

  it.each([
    ['a wrong password', `${user}:WrongSesame43@`, 401],
    ['a missing password', '', 407],
  ])('refuses %s once, without retries, and does not show it', async (_what, credentials, status) => {
    const { sandbox, env } = await startTarget();
    const proxy = await startTinyproxy(`BasicAuth ${user} ${password}`);
    const result = await upload([night, '-v'], {
      ...env,
      HTTPS_PROXY: `http://${credentials}${proxy.address}`,
    });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([
      {
        attempts: 1,
        error: { code: 'network', retryable: false, hint: expect.stringContaining('password') },
      },
    ]);
    expect(result.stderr).toContain(`the proxy ${proxy.address} refuses the connection (HTTP ${status})`);
    // An answer of the proxy is not an answer of the service.
    expect(result.records[0]).not.toHaveProperty('error.httpStatus');
    for (const secret of ['WrongSesame43', encoded('WrongSesame43'), token]) {
      expect(result.output).not.toContain(secret);
    }
    expect(sandbox.requests).toHaveLength(0);
  });
});

describe('a proxy that does not connect', () => {
  it('reports a forbidden port without retrying', async () => {
    const { sandbox, env } = await startTarget();
    const proxy = await startTinyproxy('ConnectPort 1');
    const result = await upload([night], { ...env, HTTPS_PROXY: `http://${proxy.address}` });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([{ attempts: 1, error: { code: 'network', retryable: false } }]);
    expect(result.stderr).toContain(`the proxy ${proxy.address} refuses the connection (HTTP 403)`);
    expect(await proxy.connects()).toHaveLength(1);
    expect(sandbox.requests).toHaveLength(0);
  });

  it('is tried again if nothing listens at the destination', async () => {
    const { env } = target(`${await freePort()}`, await makeAuthority());
    const proxy = await startTinyproxy();
    const result = await upload([night, '--retries', '2'], {
      ...env,
      HTTPS_PROXY: `http://${proxy.address}`,
    });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([{ attempts: 3, error: { code: 'network', retryable: true } }]);
    expect(await proxy.connects()).toHaveLength(3);
  });

  it('is tried again, and named, if it does not listen itself', async () => {
    const { sandbox, env } = await startTarget();
    const address = `127.0.0.1:${await freePort()}`;
    const result = await upload([night, '--retries', '2'], { ...env, HTTPS_PROXY: `http://${address}` });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([{ attempts: 3, error: { code: 'network', retryable: true } }]);
    expect(result.stderr).toContain(`the proxy ${address}: the connection was refused`);
    expect(sandbox.requests).toHaveLength(0);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['it closes at once', (socket) => socket.end()],
    ['it closes when asked', (socket) => socket.once('data', () => socket.end())],
    ['it resets when asked', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['it sends no HTTP', (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n'))],
    [
      'it accepts the tunnel and closes',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')),
    ],
    ['it fails', (socket) => socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))],
  ])('is contacted once for each attempt if %s', async (_what, onConnection) => {
    const { sandbox, env } = await startTarget();
    const proxy = await startFakeProxy(onConnection);
    const result = await upload([...files, '-c', '4', '--retries', '2'], {
      ...env,
      HTTPS_PROXY: `http://${proxy.address}`,
    });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject(files.map(() => ({ attempts: 3, error: { code: 'network' } })));
    expect(proxy.count()).toBe(3 * files.length);
    expect(sandbox.requests).toHaveLength(0);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['it never answers', () => {}],
    [
      'it accepts the tunnel and sends nothing more',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n')),
    ],
    ['it never ends its answer', (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n'))],
  ])('is limited by --timeout if %s', async (_what, onConnection) => {
    const { env } = await startTarget();
    const proxy = await startFakeProxy(onConnection);
    const result = await upload([night, '--timeout', '0.5', '--retries', '1'], {
      ...env,
      HTTPS_PROXY: `http://${proxy.address}`,
    });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([{ attempts: 2, error: { code: 'timeout', retryable: true } }]);
    expect(proxy.count()).toBe(2);
  });

  it('is abandoned after SIGINT if it never answers', async () => {
    const { env } = await startTarget();
    let onAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    const proxy = await startFakeProxy((socket) => socket.once('data', () => onAsked()));
    const run = spawnCli(['upload', night, '--json'], {
      env: {
        ...env,
        DREAMINA_TOKEN: token,
        DREAMINA_ACCOUNT: 'US:sandbox@example.com',
        HTTPS_PROXY: `http://${proxy.address}`,
      },
    });
    await asked;
    run.process.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(JSON.parse(run.stdout())).toMatchObject([{ status: 'cancelled' }]);
  });

  it.each([
    ['an unsupported scheme', 'socks5://someone:OpenSesame42@127.0.0.1:1080'],
    ['an invalid port', 'http://someone:OpenSesame42@127.0.0.1:99999'],
  ])('is an error with exit code 4, without its password, if its address has %s', async (_what, address) => {
    const { sandbox, env } = await startTarget();
    const result = await upload([night, '-v'], { ...env, https_proxy: address });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('environment variable https_proxy: ');
    expect(result.output).not.toContain('OpenSesame42');
    expect(sandbox.requests).toHaveLength(0);
  });
});

describe('NO_PROXY', () => {
  it.each<[string, (port: string) => string]>([
    ['the address', () => thisHost],
    ['the address and the port', (port) => `${thisHost}:${port}`],
    ['a range', () => '10.0.0.0/8, 0.0.0.0/8'],
    ['everything', () => '*'],
  ])('exempts a host that it names by %s', async (_what, entries) => {
    const { sandbox, env, port } = await startTarget();
    const proxy = await never();
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const result = await upload([night], {
        ...env,
        HTTPS_PROXY: `http://${proxy.address}`,
        [name]: `other.example.test,${entries(port)}`,
      });
      expect(result.exitCode).toBe(0);
    }
    expect(sandbox.requests).toHaveLength(2);
    expect(proxy.count()).toBe(0);
  });

  it.each(['10.0.0.0/8', '0.0.0.1', '0.0.0.0:1', 'example.test'])(
    'does not exempt a host that %s does not name',
    async (entry) => {
      const { sandbox, env } = await startTarget();
      const proxy = await startTinyproxy();
      const result = await upload([night], {
        ...env,
        HTTPS_PROXY: `http://${proxy.address}`,
        NO_PROXY: entry,
      });
      expect(result.exitCode).toBe(0);
      expect(sandbox.requests).toHaveLength(1);
      expect(await proxy.connects()).toHaveLength(1);
    },
  );

  it.each(['localhost', '127.0.0.1'])('is not needed for %s', async (host) => {
    const { sandbox, env, port } = await startTarget();
    const proxy = await never();
    const result = await upload([night], {
      ...env,
      DREAMINA_API_URL: `https://${host}:${port}/v1/dreamina`,
      HTTPS_PROXY: `http://${proxy.address}`,
      HTTP_PROXY: `http://${proxy.address}`,
    });
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(1);
    expect(proxy.count()).toBe(0);
  });
});
