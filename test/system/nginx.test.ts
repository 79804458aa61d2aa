import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DreaminaClient } from '../../src/index.ts';
import { fixtures } from '../fixtures.ts';
import { freePort } from '../harness/free-port.ts';
import { tcpServer } from '../harness/tcp-server.ts';
import { makeAuthority } from './authority.ts';
import { startNginx } from './nginx.ts';
import { bigImages, night, smallImages, startTestSandbox, token, upload } from './upload.ts';

const files = fixtures.map(({ file }) => file);

/** The parts of each record that matter here. */
const inShort = ({ records }: Awaited<ReturnType<typeof upload>>) =>
  records.map((record) =>
    record.status === 'failed'
      ? [record.error.code, record.error.httpStatus, record.attempts]
      : [record.status, record.attempts],
  );

describe('nginx with a certificate from our own authority', () => {
  it.each([['NODE_EXTRA_CA_CERTS'], ['SSL_CERT_FILE']])('is trusted by %s', async (variable) => {
    const authority = await makeAuthority();
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({ tls: authority, location: `proxy_pass ${sandbox.origin};` });
    const result = await upload(files, { DREAMINA_API_URL: nginx.apiUrl, [variable]: authority.caFile });
    expect(inShort(result)).toEqual(files.map(() => ['uploaded', 1]));
    expect(result.exitCode).toBe(0);
    expect(sandbox.assets).toHaveLength(files.length);
  });

  it.each([
    ['without either variable', {}, undefined, 'NODE_EXTRA_CA_CERTS'],
    [
      'with another authority in NODE_EXTRA_CA_CERTS',
      'NODE_EXTRA_CA_CERTS',
      undefined,
      'NODE_EXTRA_CA_CERTS',
    ],
    ['with another authority in SSL_CERT_FILE', 'SSL_CERT_FILE', undefined, 'NODE_EXTRA_CA_CERTS'],
    ['for another host', 'SSL_CERT_FILE', 'DNS:other.example.test', 'Check the host name'],
  ])('is refused %s, once and with a hint', async (_how, variable, names, hint) => {
    const authority = await makeAuthority(names);
    const trusted = names === undefined ? await makeAuthority() : authority;
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({ tls: authority, location: `proxy_pass ${sandbox.origin};` });
    const result = await upload([night, '-v'], {
      DREAMINA_API_URL: nginx.apiUrl,
      ...(typeof variable === 'string' && { [variable]: trusted.caFile }),
    });
    expect(result.exitCode).toBe(1);
    expect(result.records).toMatchObject([
      {
        status: 'failed',
        attempts: 1,
        error: { code: 'network', retryable: false, hint: expect.stringContaining(hint) },
      },
    ]);
    expect(result.stderr).toContain('is not trusted');
    expect(result.output).not.toContain(token);
    expect(sandbox.requests).toHaveLength(0);
    expect(await nginx.log()).toEqual([]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('accepts ten megabytes over %s', async (version) => {
    const authority = await makeAuthority();
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({
      tls: authority,
      server: `ssl_protocols ${version};`,
      location: `proxy_pass ${sandbox.origin};`,
    });
    const result = await upload(await bigImages(6), {
      DREAMINA_API_URL: nginx.apiUrl,
      SSL_CERT_FILE: authority.caFile,
    });
    expect(inShort(result)).toEqual(Array(6).fill(['uploaded', 1]));
    expect(new Set(sandbox.requests.map(({ sha256 }) => sha256)).size).toBe(1);
  });
});

describe('a real 413 before the body was read', () => {
  it.each([['plain'], ['TLSv1.2'], ['TLSv1.3']])(
    'over %s, each of twenty uploads reports the 413',
    async (transport) => {
      const authority = transport === 'plain' ? undefined : await makeAuthority();
      const sandbox = await startTestSandbox();
      const nginx = await startNginx({
        ...(authority && { tls: authority }),
        server: `client_max_body_size 1m; ${authority ? `ssl_protocols ${transport};` : ''}`,
        location: `proxy_pass ${sandbox.origin};`,
      });
      const [big, small] = [await bigImages(20), await smallImages(5)];
      const result = await upload([...big, ...small, '-c', '4'], {
        DREAMINA_API_URL: nginx.apiUrl,
        ...(authority && { SSL_CERT_FILE: authority.caFile }),
      });
      expect(inShort(result)).toEqual([
        ...big.map(() => ['rejected', 413, 1]),
        ...small.map(() => ['uploaded', 1]),
      ]);
      expect(result.exitCode).toBe(3);
      expect(sandbox.requests).toHaveLength(small.length);
      // nginx logs a request that was cut short when it no longer waits for the rest.
      await expect
        .poll(async () => (await nginx.log()).filter(({ status }) => status === 413))
        .toHaveLength(big.length);
    },
  );

  it.each(['lingering_close off;', 'lingering_close always; lingering_timeout 1s;'])(
    'with %s each of twenty uploads reports the 413',
    async (lingering) => {
      const sandbox = await startTestSandbox();
      const nginx = await startNginx({
        server: `client_max_body_size 1m; ${lingering}`,
        location: `proxy_pass ${sandbox.origin};`,
      });
      const big = await bigImages(20);
      const result = await upload([...big, '-c', '4'], { DREAMINA_API_URL: nginx.apiUrl });
      expect(inShort(result)).toEqual(big.map(() => ['rejected', 413, 1]));
      expect(result.exitCode).toBe(1);
    },
  );
});

describe('nginx that closes connections between requests', () => {
  it.each([
    ['keepalive_timeout 1s;', 200],
    ['keepalive_timeout 1s 1s;', 200],
    ['keepalive_timeout 0;', 1],
    ['keepalive_requests 3;', 3],
  ])('does not cost any of 200 uploads another attempt with %s', async (directives, maxOnOneConnection) => {
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({ server: directives, location: `proxy_pass ${sandbox.origin};` });
    const small = await smallImages(200);
    const result = await upload([...small, '-c', '4'], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual(small.map(() => ['uploaded', 1]));
    // Such as Node's warning about listeners, when every request needs a new connection.
    expect(result.stderr).not.toContain('Warning');
    expect(sandbox.requests).toHaveLength(small.length);
    await expect.poll(() => nginx.log()).toHaveLength(small.length);
    const ordinals = (await nginx.log()).map(({ ordinal }) => ordinal);
    expect(Math.max(...ordinals)).toBeLessThanOrEqual(maxOnOneConnection);
    // If nginx allows it, connections are used again.
    expect(Math.max(...ordinals) > 1).toBe(
      maxOnOneConnection > 1 && directives !== 'keepalive_timeout 1s 1s;',
    );
  });

  it('does not affect a client that paused longer', async () => {
    const sandbox = await startTestSandbox();
    const nginx = await startNginx({
      server: 'keepalive_timeout 1s;',
      location: `proxy_pass ${sandbox.origin};`,
    });
    // In front of nginx, to see when it has closed the connections.
    const front = await tcpServer((socket) => {
      const onward = connect(nginx.port, '127.0.0.1');
      onward.on('error', () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    });
    const client = new DreaminaClient({ token, apiUrl: `http://127.0.0.1:${front.port}/v1/dreamina` });
    onTestFinished(() => client.close());
    const bytes = await readFile(night);
    const image = { bytes, contentType: 'image/png', account: sandbox.accounts[0]! };
    const batch = () => Promise.all(Array.from({ length: 8 }, () => client.upload(image)));
    await batch();
    await Promise.all(front.sockets.map((socket) => socket.closed || once(socket, 'close')));
    await batch();
    expect(sandbox.assets).toHaveLength(16);
  });
});

describe('nginx whose upstream does not answer', () => {
  it('answers 502 for a stopped upstream, which is retried and reported with the status', async () => {
    const nginx = await startNginx({ location: `proxy_pass http://127.0.0.1:${await freePort()};` });
    const result = await upload([night, '--retries', '2'], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual([['server_error', 502, 3]]);
    expect(result.exitCode).toBe(1);
    expect((await nginx.log()).map(({ status }) => status)).toEqual([502, 502, 502]);
  });

  it('answers 504 for a slow upstream, which is retried and reported with the status', async () => {
    const sandbox = await startTestSandbox({ faults: [{ kind: 'slow', rate: 1 }], slowMs: 600_000 });
    const nginx = await startNginx({
      location: `proxy_pass ${sandbox.origin}; proxy_read_timeout 1s;`,
    });
    const result = await upload([night, '--retries', '1'], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual([['server_error', 504, 2]]);
    expect(result.exitCode).toBe(1);
  });

  it.each(['slow', 'reset', 'reset-after-body'] as const)(
    'works at the next attempt if the upstream fails once (%s)',
    async (kind) => {
      const sandbox = await startTestSandbox({ faults: [{ kind, count: 1 }], slowMs: 600_000 });
      const nginx = await startNginx({
        location: `proxy_pass ${sandbox.origin}; proxy_read_timeout 1s;`,
      });
      const result = await upload([night], { DREAMINA_API_URL: nginx.apiUrl });
      expect(inShort(result)).toEqual([['uploaded', 2]]);
      expect(result.exitCode).toBe(0);
    },
  );

  it('closes the connection with 444, which is retried and reported as a network error', async () => {
    const nginx = await startNginx({ location: 'return 444;' });
    const result = await upload([night, '--retries', '1'], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual([['network', undefined, 2]]);
    expect(result.exitCode).toBe(1);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%d is not followed', async (status) => {
    const target = await startTestSandbox();
    const nginx = await startNginx({ location: `return ${status} ${target.origin}$request_uri;` });
    const [big] = await bigImages(1);
    const result = await upload([night, big!], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual(Array(2).fill(['rejected', status, 1]));
    expect(result.exitCode).toBe(1);
    expect(result.records[0]).toMatchObject({
      error: {
        message: expect.stringContaining(target.origin),
        hint: expect.stringContaining('not followed'),
      },
    });
    expect(target.requests).toHaveLength(0);
  });
});

describe('answers that nginx compresses although identity was requested', () => {
  it.each([
    ['a reference', 'US:sandbox@example.com', 0, ['uploaded', 1]],
    ['a refusal', 'US:nobody@example.com', 4, ['account_not_found', 404, 1]],
  ])('%s is read', async (_what, account, exitCode, expected) => {
    const sandbox = await startTestSandbox();
    const upstream = await freePort();
    // nginx compresses only on request, so the first server requests it from the second.
    const nginx = await startNginx({
      location: `proxy_pass http://127.0.0.1:${upstream}; proxy_set_header Accept-Encoding gzip; proxy_http_version 1.1;`,
      http: `server {
        listen 127.0.0.1:${upstream};
        gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/json;
        location / { proxy_pass ${sandbox.origin}; }
      }`,
    });
    const answer = await fetch(`${nginx.apiUrl}/accounts`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    const result = await upload([night, '-a', account], { DREAMINA_API_URL: nginx.apiUrl });
    expect(inShort(result)).toEqual([expected]);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).not.toContain('warning');
  });
});
