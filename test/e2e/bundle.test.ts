import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../.config/rolldown.config.ts';
import { clip, clips, fixtures } from '../fixtures.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

/** The modules in each file of the bundle, by absolute path. */
const modules = new Map<string, readonly string[]>();

beforeAll(async () => {
  const bundle = await rolldown(command);
  // Only which module is in which file matters.
  const { output } = await bundle.generate({ ...command.output, minify: false });
  for (const file of output) {
    if (file.type === 'chunk') {
      modules.set(file.fileName, file.moduleIds);
    }
  }
  await bundle.close();
});

/**
 * Runs the built command, and returns what its main thread and its workers loaded: the modules in the files of the
 * bundle, and the names of the other files of the build.
 */
async function loadedBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const folder = await tempDir();
  // Outside this repository, whose package.json mentions the program.
  const run = spawnCli(args, { env: { ...env, NODE_V8_COVERAGE: folder }, cwd: folder });
  expect(await run.ended).toBe(0);
  const loaded: string[] = [];
  // One report per thread.
  for (const report of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, report), 'utf8')) as {
      result: readonly { url: string }[];
    };
    loaded.push(...result.flatMap(({ url }) => /\/dist\/(.+)$/.exec(url)?.[1] ?? []));
  }
  expect(loaded).toContain('command/main.cjs');
  return loaded.flatMap((file) => modules.get(file.replace(/^command\//, '')) ?? file);
}

describe('the bundle', () => {
  it('has one copy of each library', () => {
    const folders = new Set(
      [...modules.values()]
        .flat()
        .flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
    );
    const names = [...folders].map((folder) => folder.slice(folder.lastIndexOf('/node_modules/')));
    expect(names).toContain('/node_modules/undici');
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  it('has the licence of each library', async () => {
    const licences = await readFile(new URL('../../dist/command/LICENCES.txt', import.meta.url), 'utf8');
    for (const id of [...modules.values()].flat()) {
      const name = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1];
      if (name !== undefined) {
        expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
      }
    }
  });

  it('contains no module that could execute a config file', () => {
    expect(
      [...modules.values()].flat().filter((id) => /cosmiconfig\/dist\/loaders|import-fresh/.test(id)),
    ).toEqual([]);
  });

  it('keeps a call whose result is unused but which may throw', async () => {
    const cwd = await tempDir();
    const run = spawnCli(['config'], { cwd, env: { HTTPS_PROXY: 'http://%u:p@h:1' } });
    expect(await run.ended).toBe(4);
    expect(run.stderr()).toMatch(/^error: environment variable HTTPS_PROXY: .* percent-encoded .*\n$/);
  });

  it('loads only what an upload of images needs', async () => {
    const { env } = await sandboxWith();
    const images = fixtures.map(({ file }) => file);
    const loaded = await loadedBy(['upload', ...images], env);
    expect(loaded).toContainEqual(expect.stringMatching(/\/src\/client\/client\.ts$/));
    const needless =
      /^probe\/|\/src\/(?:sandbox|fit)\/|\/src\/media\/probe|\/src\/commands\/(?!upload\/)\w+\/(?!command\.ts)|\/src\/report\/(?:pad-to-width|progress|github)|\/src\/files\/(?:pattern|search|absent|read-list)|\/(?:@inquirer|ora|chalk|js-yaml|cosmiconfig|file-type|string-width|debug|mediabunny)\//;
    expect(loaded.filter((id) => needless.test(id))).toEqual([]);
    expect([...modules.values()].flat()).toContainEqual(expect.stringMatching(/\/src\/media\/probe\.ts$/));
  });

  it('loads neither the client nor the sandbox for a completion', async () => {
    const loaded = await loadedBy(['complete', 'zsh', '--', 'upload', '-a', '']);
    expect(loaded).toContainEqual(expect.stringMatching(/\/src\/commands\/complete\/run\.ts$/));
    const needless = /\/src\/(client|sandbox|files)|\/(undici|ora|chalk)\//;
    expect(loaded.filter((id) => needless.test(id))).toEqual([]);
  });

  it.each([['--version'], ['--help']])('loads next to nothing for %s', async (flag) => {
    const loaded = await loadedBy([flag]);
    expect(loaded).toContainEqual(expect.stringMatching(/\/src\/cli\.ts$/));
    const needless =
      /\/src\/(client|files|settings|sandbox|commands)\/(?!defaults|source\.ts|\w+\/command\.ts)|\/(undici|valibot|chalk)\//;
    expect(loaded.filter((id) => needless.test(id))).toEqual([]);
  });
});

describe('the built command', () => {
  it('measures every clip as the sources do, and exits while the probe thread is idle', async () => {
    const { sandbox, env } = await sandboxWith();
    const run = spawnCli(['upload', '--json', ...clips.map(({ file }) => file)], { env });
    expect(await run.ended).toBe(0);
    expect(JSON.parse(run.stdout())).toMatchObject(
      clips.map(({ type, contentType, durationMs }) => ({
        status: 'uploaded',
        type,
        contentType,
        mediaDurationMs: expect.closeTo(durationMs, -1),
      })),
    );
    expect(sandbox.assets).toHaveLength(clips.length);
  });

  it('exits at once after a usage error, although it measured a clip', async () => {
    const { sandbox, env } = await sandboxWith();
    const run = spawnCli(['upload', clip('clip.mp4').file, '--format', 'frames'], { env });
    expect(await run.ended).toBe(2);
    expect(sandbox.requests).toEqual([]);
  });

  it('contains only the readers of the probing library', async () => {
    const { size } = await stat(new URL('../../dist/probe/probe-worker.cjs', import.meta.url));
    // The whole library takes 780 kB.
    expect(size).toBeLessThan(300_000);
  });
});
