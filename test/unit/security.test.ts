import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const page = await readFile(new URL('../../.github/SECURITY.md', import.meta.url), 'utf8');
const promises = [...page.matchAll(/^\| (.+) \| `(.+\.test\.ts)`: (.+) \|$/gm)].map(
  ([, promise, file, title]) => ({
    promise: promise!,
    file: file!,
    title: title!,
  }),
);

test('the page has promises', () => {
  expect(promises.length).toBeGreaterThan(15);
});

test.each(promises)('$promise', async ({ file, title }) => {
  const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
  const titles = [...source.matchAll(/\(\s*(?:'((?:\\.|[^'\\])+)'|"((?:\\.|[^"\\])+)")/g)].map(
    ([, single, double]) => single ?? double,
  );
  expect(titles).toContain(title);
});
