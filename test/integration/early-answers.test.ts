import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, link, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ApiError, DreaminaClient, type UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { envFor, exampleReference } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const program = fileURLToPath(new URL('../harness/early-server.mjs', import.meta.url));
const account = 'US:name@example.com';
const token = 'user:1234-abcdef';
const inFlight = 4;
const night = fixture('night.png').file;
// The largest size that the API accepts, and more than all the buffers between two programs hold.
const bigSize = 10_485_760;
const big = Buffer.concat([await readFile(night), Buffer.alloc(bigSize)], bigSize);
const words = 'Said before the body was read';

const transports = ['plain', 'TLS'] as const;
/** What the server does with the connection after its early answer; it does not read any more. */
const endings = ['closed', 'left open', 'reset'] as const;

let servers: ChildProcess;
beforeAll(() => {
  servers = fork(program, [], { execArgv: [] });
});
afterAll(() => {
  servers.kill('SIGKILL');
});

async function ask<Answer>(message: object): Promise<Answer> {
  servers.send(message);
  const [answer] = await once(servers, 'message');
  return answer as Answer;
}

interface EarlyServer {
  readonly apiUrl: string;
  /** The size of the body that each request announced, in the order of arrival. */
  lengths(): Promise<readonly number[]>;
}

/** Answers bodies of more than a megabyte early, `times` over, and all others correctly, with a reference. */
async function earlyServer(options: {
  readonly transport: (typeof transports)[number];
  readonly ending: (typeof endings)[number];
  readonly status: number;
  readonly readBytes?: number;
  readonly times?: number;
}): Promise<EarlyServer> {
  const { transport, ...others } = options;
  const port = await ask<number>({
    open: {
      readBytes: 0,
      error: words,
      reference: exampleReference,
      ...others,
      ...(transport === 'TLS' && { tls: selfSigned }),
    },
  });
  onTestFinished(() => ask({ close: port }));
  const scheme = transport === 'TLS' ? 'https' : 'http';
  return {
    apiUrl: `${scheme}://127.0.0.1:${port}/v1/dreamina`,
    lengths: () => ask({ lengths: port }),
  };
}

/** A folder with big and small images, and the environment to send them to that server. */
async function folderFor(server: EarlyServer, bigFiles: readonly string[], smallFiles: readonly string[]) {
  const dir = await tempDir();
  const source = join(dir, 'source');
  await copyFile(night, source);
  await truncate(source, bigSize);
  await Promise.all(bigFiles.map((name) => link(source, join(dir, name))));
  await Promise.all(smallFiles.map((name) => copyFile(night, join(dir, name))));
  return { cwd: dir, env: { ...envFor(server.apiUrl), SSL_CERT_FILE: await certificateFile() } };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}.png`);

describe.each(transports)('over %s, an answer that comes before the body was read', (transport) => {
  describe.each(endings)('on a connection that is %s', (ending) => {
    it(`after half of the body, is reported by each of ${inFlight} uploads in flight`, async () => {
      const server = await earlyServer({ transport, ending, status: 413, readBytes: bigSize / 2 });
      const client = new DreaminaClient({ token, apiUrl: server.apiUrl, ca: selfSigned.cert });
      onTestFinished(() => client.close());
      const upload = () =>
        client
          .upload({ bytes: big, contentType: 'image/png', account })
          .catch(({ code, httpStatus, message }: ApiError) => ({ code, httpStatus, message }));
      const failures = await Promise.all(Array.from({ length: inFlight }, upload));
      expect(failures).toEqual(
        Array(inFlight).fill({ code: 'rejected', httpStatus: 413, message: expect.stringContaining(words) }),
      );
      expect(await server.lengths()).toEqual(Array(inFlight).fill(bigSize));
    });

    it.each([1, inFlight])('413 does not affect later files, with %d in flight', async (concurrency) => {
      const server = await earlyServer({ transport, ending, status: 413 });
      const bigFiles = names('big', concurrency);
      const files = bigFiles.flatMap((name, i) => [name, `small${i}a.png`, `small${i}b.png`]);
      const isBig = (name: string) => name.startsWith('big');
      const world = await folderFor(
        server,
        bigFiles,
        files.filter((name) => !isBig(name)),
      );
      const result = await runCli(['upload', ...files, '-c', `${concurrency}`, '--json'], world);
      expect(result.exitCode).toBe(3);
      expect(result.json<UploadRecord[]>()).toEqual(
        files.map((name) =>
          expect.objectContaining(
            isBig(name)
              ? {
                  status: 'failed',
                  attempts: 1,
                  error: expect.objectContaining({
                    code: 'rejected',
                    httpStatus: 413,
                    message: expect.stringContaining(words),
                  }),
                }
              : { status: 'uploaded', attempts: 1 },
          ),
        ),
      );
      expect(await server.lengths()).toHaveLength(files.length);
    });

    it('429 causes a wait, and the same files are accepted after it', async () => {
      const server = await earlyServer({ transport, ending, status: 429, times: 2 });
      const files = ['a.png', 'b.png'];
      const world = await folderFor(server, files, []);
      const result = await runCli(['upload', ...files, '-c', '2', '--json'], world);
      expect(result.stderr).not.toContain('error');
      expect(result.exitCode).toBe(0);
      const attempts = result.json<UploadRecord[]>().reduce((sum, record) => sum + record.attempts, 0);
      expect(attempts).toBe(4);
      expect(await server.lengths()).toEqual(Array(4).fill(bigSize));
    });

    it('401 stops the batch with exit code 4, and no file reports a network error', async () => {
      const server = await earlyServer({ transport, ending, status: 401 });
      const files = ['a.png', 'b.png'];
      const world = await folderFor(server, files, []);
      const result = await runCli(['upload', ...files, '-c', '2', '--json'], world);
      expect(result.exitCode).toBe(4);
      const failed = result.json<UploadRecord[]>().filter((record) => record.status === 'failed');
      expect(failed).not.toEqual([]);
      expect(failed.map(({ error, attempts }) => [error.code, error.httpStatus, attempts])).toEqual(
        failed.map(() => ['unauthorized', 401, 1]),
      );
      expect((await server.lengths()).length).toBeLessThanOrEqual(2);
    });
  });
});
