// The rival for one image: a script that somebody without a tool writes, with Node's own fetch.
import { readFile } from 'node:fs/promises';

const { DREAMINA_API_URL, DREAMINA_ACCOUNT, DREAMINA_TOKEN } = process.env;
const response = await fetch(`${DREAMINA_API_URL}/assets/${encodeURIComponent(DREAMINA_ACCOUNT)}`, {
  method: 'POST',
  headers: { authorization: `Bearer ${DREAMINA_TOKEN}`, 'content-type': 'image/png' },
  body: await readFile(process.argv[2]),
});
if (!response.ok) {
  throw new Error(`HTTP ${response.status}`);
}
const asset = await response.json();
console.log(asset.assetRef ?? asset.imageRef);
