import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../harness/free-port.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { startServer } from './program.ts';

/** A real tinyproxy that is listening on loopback. */
export interface Tinyproxy {
  /** `127.0.0.1` and its port. */
  readonly address: string;
  /** The hosts and ports it was asked to connect to, in order, refused ones included. */
  connects(): Promise<readonly string[]>;
}

/** @param directives in addition to those about its port and its log */
export async function startTinyproxy(...directives: readonly string[]): Promise<Tinyproxy> {
  const dir = await tempDir();
  const port = await freePort();
  const logFile = join(dir, 'log');
  const config = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 600',
    'MaxClients 100',
    `LogFile "${logFile}"`,
    'LogLevel Connect',
    `PidFile "${join(dir, 'pid')}"`,
    ...directives,
  ];
  const configFile = join(dir, 'tinyproxy.conf');
  await writeFile(configFile, `${config.join('\n')}\n`);
  await startServer('tinyproxy', ['-d', '-c', configFile], port);
  return {
    address: `127.0.0.1:${port}`,
    connects: async () =>
      [...(await readFile(logFile, 'utf8')).matchAll(/: CONNECT (\S+) HTTP\/1\.1/g)].map(([, host]) => host!),
  };
}
