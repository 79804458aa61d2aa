import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown';
import * as version from '../src/version.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Tells this program's own modules whose path matches: packages have folders named src too. */
const own = (path: RegExp) => (id: string) => id.startsWith(fromRoot('src/')) && path.test(id);

const shared = {
  cwd: fromRoot(''),
  platform: 'node',
  // It also removes calls within functions, such as one of `decodeURIComponent` that was made to see whether it throws.
  treeshake: false,
  transform: { target: 'node20.19' },
} satisfies RolldownOptions;

const output = {
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  // Names of functions and classes stay, for the stack traces in a bug report.
  minify: {
    compress: false,
    mangle: { keepNames: { function: true, class: true } },
    codegen: { removeWhitespace: true },
  },
} satisfies RolldownOptions['output'];

/**
 * Bundles the command, because a command that is used in loops and hooks is judged by its start: Node reads a few
 * files in place of hundreds. They are CommonJS, which Node starts sooner than modules. The library stays as it is.
 */
export const command = {
  ...shared,
  input: { main: 'src/main.ts' },
  // Its main module loads fetch, WebSocket, caches and mocks besides.
  resolve: { alias: { undici: fromRoot('.config/undici-client.cjs') } },
  plugins: [inlineVersion(), inlineText(), replaceParts(), collectLicences()],
  output: {
    ...output,
    dir: 'dist/command',
    codeSplitting: {
      groups: [
        // All that is loaded on every start.
        { name: 'main', tags: ['$initial'], priority: 2 },
        // Completion needs the settings, the types and an output, and not the client, which would otherwise hold them too.
        {
          name: 'settings',
          test: own(/\/src\/(?:settings\/|media\/asset-types|report\/(?:write-output|escape)|errno)/),
          priority: 2,
        },
        // Measuring the width of text needs a segmenter, which takes Node some milliseconds to create; most runs need none.
        {
          name: 'columns',
          test: /\/node_modules\/(?:string-width|strip-ansi|ansi-regex|get-east-asian-width)\/|\/src\/report\/(?:columns|table|path-label)\.ts/,
          priority: 2,
        },
        // What sends, and what else most commands share, is one file each to read, not ten.
        { name: 'client', test: own(/\/src\/client\//), priority: 1 },
        // Fitting needs Node's child processes, which take time to load.
        { name: 'fit', test: own(/\/src\/fit\//), minShareCount: 2, priority: 1 },
        { name: 'shared', test: own(/\/src\/(?!sandbox\/)/), minShareCount: 2 },
      ],
    },
  },
} satisfies RolldownOptions;

/** The worker that probes, with the library it is made of: one file for the command and the library. */
const probeWorker: RolldownOptions = {
  ...shared,
  input: { 'probe-worker': 'src/media/probe-worker.ts' },
  // Two thirds of the library are unused, and loading them would take the thread as long as starting. Our part makes no
  // call only to see whether it throws.
  treeshake: true,
  plugins: [collectLicences()],
  // No stack trace of it is ever shown, so its names may be short.
  output: {
    ...output,
    dir: 'dist/probe',
    minify: { compress: false, mangle: true, codegen: { removeWhitespace: true } },
  },
};

/** The process that decodes images; sharp and heic-decode are the user's own, if they are there. */
const imageWorker: RolldownOptions = {
  ...shared,
  input: { 'image-worker': 'src/fit/images/image-worker.ts' },
  output: { ...output, dir: 'dist/fit' },
};

export default defineConfig([command, probeWorker, imageWorker]);

/**
 * Puts the values of src/version.ts in its place: the bundle lies deeper in the package, and reading package.json would
 * take time.
 */
function inlineVersion(): Plugin {
  const constants = Object.entries(version).map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(value)};`,
  );
  return {
    name: 'inline-version',
    load: (id) => (id === fromRoot('src/version.ts') ? constants.join('\n') : undefined),
  };
}

/** Puts the text of a file in place of an import of `file?raw`, as vite does for the tests. */
function inlineText(): Plugin {
  return {
    name: 'inline-text',
    resolveId: (id, importer = '') => (id.endsWith('?raw') ? join(dirname(importer), id) : undefined),
    load: (id) =>
      id.endsWith('?raw')
        ? `export default ${JSON.stringify(readFileSync(id.slice(0, -'?raw'.length), 'utf8'))};`
        : undefined,
  };
}

/**
 * Parts of libraries that this program never calls, and that are costly to load: undici's HTTP/2 (it is not allowed
 * here, and Node takes 10 ms to load its own), undici's reading of bodies that are no Buffer, the processes that
 * commander can start for commands of their own, and cosmiconfig's loaders, some of which execute what they load.
 */
const unused = fromRoot('.config/unused.cjs');
const replaced: readonly { readonly importer: RegExp; readonly module: RegExp; readonly by: string }[] = [
  { importer: /\/undici\/lib\//, module: /\/client-h2(\.js)?$|\/web\/fetch\/body\.js$/, by: unused },
  { importer: /\/undici\/lib\//, module: /^node:assert$/, by: fromRoot('.config/undici-assert.cjs') },
  { importer: /\/undici\/lib\//, module: /^node:http$/, by: fromRoot('.config/undici-http.cjs') },
  { importer: /\/commander\/lib\//, module: /^node:child_process$/, by: unused },
  { importer: /\/cosmiconfig\/dist\//, module: /\/loaders(\.js)?$/, by: unused },
  // It asks for the home directory when it is loaded, and throws where there is none.
  { importer: /\/cosmiconfig\/dist\//, module: /^env-paths$/, by: unused },
  // Optional, and only there when some other package has installed it.
  { importer: /\/debug\/src\//, module: /^supports-color$/, by: unused },
];

function replaceParts(): Plugin {
  return {
    name: 'replace-parts',
    resolveId: (id, importer = '') =>
      replaced.find((it) => it.importer.test(importer) && it.module.test(id))?.by,
  };
}

/** Writes the licence of each bundled package, which asks to be kept, and to say where the source is (MPL). */
function collectLicences(): Plugin {
  return {
    name: 'collect-licences',
    generateBundle(_options, bundle) {
      const folders = Object.values(bundle)
        .flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
        .flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
      const texts = [...new Set(folders)].sort().map(readLicence);
      this.emitFile({
        type: 'asset',
        fileName: 'LICENCES.txt',
        source: texts.join(`\n${'-'.repeat(80)}\n\n`),
      });
    },
  };
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly repository?: string | { readonly url: string };
}

function readLicence(folder: string): string {
  const { name, version, license, repository } = JSON.parse(
    readFileSync(`${folder}/package.json`, 'utf8'),
  ) as Package;
  const source = typeof repository === 'string' ? repository : repository?.url;
  const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it));
  if (file === undefined) {
    throw new Error(`${name}: there is no licence file in ${folder}`);
  }
  return `${name} ${version} (${license})\n${source ?? ''}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
}
