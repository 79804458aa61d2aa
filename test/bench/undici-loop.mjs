// The rival for processor time: undici's own pool, eight in flight, that reads, sends and prints, and does nothing else.
import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';

const { DREAMINA_API_URL, DREAMINA_ACCOUNT, DREAMINA_TOKEN } = process.env;
const url = new URL(`${DREAMINA_API_URL}/assets/${encodeURIComponent(DREAMINA_ACCOUNT)}`);
const headers = { authorization: `Bearer ${DREAMINA_TOKEN}`, 'content-type': 'image/png' };
const pool = new Pool(url.origin, { connections: 8 });
const files = process.argv.slice(2).values();

async function work() {
  for (const file of files) {
    const { body } = await pool.request({
      path: url.pathname,
      method: 'POST',
      headers,
      body: await readFile(file),
    });
    console.log((await body.json()).imageRef);
  }
}
await Promise.all(Array.from({ length: 8 }, work));
await pool.close();
