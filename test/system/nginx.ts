import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../harness/free-port.ts';
import { tempDir } from '../harness/temp-dir.ts';
import type { Authority } from './authority.ts';
import { startServer } from './program.ts';

/** A real nginx that is listening on loopback. */
export interface Nginx {
  readonly port: number;
  readonly apiUrl: string;
  /** Its access log: a line for each finished request. */
  log(): Promise<readonly LoggedRequest[]>;
}

interface LoggedRequest {
  readonly connection: number;
  /** Its ordinal on that connection, from 1. */
  readonly ordinal: number;
  readonly status: number;
}

/**
 * Starts one that writes only to its own folder.
 *
 * @param tls its certificate; without one, it uses plain HTTP
 * @param server directives of the one server
 * @param location directives for every path, such as the upstream
 * @param http directives beside the server, such as a second server
 */
export async function startNginx(options: {
  readonly tls?: Authority;
  readonly server?: string;
  readonly location: string;
  readonly http?: string;
}): Promise<Nginx> {
  const { tls, server = '', location, http = '' } = options;
  const dir = await tempDir();
  const port = await freePort();
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await Promise.all(folders.map((name) => mkdir(join(dir, name))));
  const config = `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${dir}/pid;
error_log ${dir}/error.log info;
events { worker_connections 512; }
http {
  ${folders.map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
  log_format requests '$connection $connection_requests $status';
  access_log off;
  client_max_body_size 16m;
  server {
    listen 127.0.0.1:${port} ${tls ? 'ssl' : ''};
    ${tls ? `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};` : ''}
    access_log ${dir}/access.log requests;
    ${server}
    location / {
      ${location}
    }
  }
  ${http}
}
`;
  const configFile = join(dir, 'nginx.conf');
  await writeFile(configFile, config);
  await startServer('nginx', ['-p', dir, '-e', join(dir, 'error.log'), '-c', configFile], port);
  return {
    port,
    apiUrl: `${tls ? 'https' : 'http'}://localhost:${port}/v1/dreamina`,
    log: async () =>
      (await readFile(join(dir, 'access.log'), 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const [connection, ordinal, status] = line.split(' ').map(Number) as [number, number, number];
          return { connection, ordinal, status };
        }),
  };
}
