import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { tempDir } from './temp-dir.ts';

const dayMs = 24 * 60 * 60 * 1000;

const made = await generate([{ name: 'commonName', value: 'localhost' }], {
  keyType: 'ec',
  notBeforeDate: new Date(Date.now() - dayMs),
  notAfterDate: new Date(Date.now() + dayMs),
  extensions: [
    { name: 'basicConstraints', cA: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
        { type: 2, value: 'api.example.test' },
      ],
    },
  ],
});

/** A certificate for localhost, 127.0.0.1 and api.example.test (through a proxy) that signs itself, in PEM; valid for a day. */
export const selfSigned = { key: made.private, cert: made.cert };

/** The path of a file with that certificate, for SSL_CERT_FILE. */
export async function certificateFile(pem = selfSigned.cert): Promise<string> {
  const path = join(await tempDir(), 'ca.pem');
  await writeFile(path, pem);
  return path;
}
