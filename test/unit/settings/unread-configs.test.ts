import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findUnreadConfigs } from '../../../src/settings/unread-configs.ts';
import { tempDir } from '../../harness/temp-dir.ts';

const extensions = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'toml', 'json5', 'jsonc', 'ini'];

async function filesIn(root: string, names: readonly string[]): Promise<readonly string[]> {
  const paths = names.map((name) => join(root, name));
  for (const path of paths) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  }
  return paths;
}

test('finds a file of each unread format, in both places of each folder, nearest first', async () => {
  const root = await tempDir();
  const names = extensions.flatMap((it) => [`.dreaminarc.${it}`, `.config/dreaminarc.${it}`]);
  const near = await filesIn(join(root, 'a/b'), names);
  const far = await filesIn(root, names);
  expect(findUnreadConfigs(join(root, 'a/b'), undefined)).toEqual([...near, ...far]);
});

test('the search ends in the folder of the config that was found', async () => {
  const root = await tempDir();
  const [near] = await filesIn(join(root, 'a'), ['.dreaminarc.js']);
  const [beside] = await filesIn(root, ['.dreaminarc.js']);
  const cwd = join(root, 'a');
  expect(findUnreadConfigs(cwd, join(root, 'a/.dreaminarc'))).toEqual([near]);
  expect(findUnreadConfigs(cwd, join(root, 'a/.config/dreaminarc'))).toEqual([near]);
  expect(findUnreadConfigs(cwd, join(root, '.dreaminarc'))).toEqual([near, beside]);
});

test('does not find configs that are read, folders, or inaccessible files', async () => {
  const root = await tempDir();
  await filesIn(root, [
    '.dreaminarc',
    '.dreaminarc.json',
    '.dreaminarc.yaml',
    '.dreaminarc.yml',
    'dreaminarc.js',
  ]);
  await mkdir(join(root, '.dreaminarc.js'));
  // A file in the place of the folder.
  await filesIn(root, ['.config']);
  expect(findUnreadConfigs(root, undefined)).toEqual([]);
});

test('finds nothing in a deleted or unknown working directory', async () => {
  const root = await tempDir();
  await rm(root, { recursive: true });
  expect(findUnreadConfigs(root, undefined)).toEqual([]);
  expect(findUnreadConfigs(undefined, undefined)).toEqual([]);
});
