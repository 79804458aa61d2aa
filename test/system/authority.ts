import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '../harness/temp-dir.ts';
import { runProgram } from './program.ts';

/** An authority for one test, and a certificate from it; each in a file. */
export interface Authority {
  /** Of the authority. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The options for a server in this process. */
  readonly pem: { readonly cert: string; readonly key: string };
}

/** @param names the names in the certificate, in the syntax of openssl */
export async function makeAuthority(
  names = 'DNS:localhost,DNS:api.example.test,IP:127.0.0.1,IP:0.0.0.0',
): Promise<Authority> {
  const dir = await tempDir();
  const newKey = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-noenc',
    '-keyout',
    name,
  ];
  await runProgram(
    'openssl',
    ['req', '-x509', ...newKey('ca.key'), '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Authority of a test'],
    dir,
  );
  await writeFile(join(dir, 'leaf.ext'), `subjectAltName=${names}\n`);
  await runProgram('openssl', ['req', ...newKey('leaf.key'), '-out', 'leaf.csr', '-subj', '/CN=server'], dir);
  await runProgram(
    'openssl',
    [
      'x509',
      '-req',
      '-in',
      'leaf.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-out',
      'leaf.pem',
      '-days',
      '2',
      '-extfile',
      'leaf.ext',
    ],
    dir,
  );
  const [caFile, certFile, keyFile] = ['ca.pem', 'leaf.pem', 'leaf.key'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  return {
    caFile,
    certFile,
    keyFile,
    pem: { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') },
  };
}
