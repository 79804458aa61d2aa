import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import type { Plugin } from 'vitest/config';
import { command } from './rolldown.config.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Outside of `dist`, which is published, but as deep as `dist/command`: the probe's worker is found from there. */
const folder = fromRoot('node_modules/.dreamina-bundle');

/** Modules of `src` that the tests of the whole command line import, and that must be the bundle's own. */
const entries = ['cli', 'errors', 'secrets'];

/** Bundles the command as for a release, but with entries that export what tests import. */
export async function setup(): Promise<void> {
  await build({
    ...command,
    input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
    output: { ...command.output, dir: folder, cleanDir: true },
  });
}

/** Gives tests the modules of the bundle in place of those of `src`. */
export function useBundle(): Plugin {
  return {
    name: 'use-bundle',
    enforce: 'pre',
    resolveId: (id) => {
      const name = /^(?:\.\.\/)+src\/([\w-]+)\.ts$/.exec(id)?.[1];
      return name !== undefined && entries.includes(name) ? `${folder}/${name}.cjs` : undefined;
    },
  };
}
