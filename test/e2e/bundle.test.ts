import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../.config/rolldown.config.ts';
import { clip, clips, fixture } from '../fixtures.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

/** The modules in each file of the bundle, by absolute path. */
const modules = new Map<string, readonly string[]>();

beforeAll(async () => {
  const bundle = await rolldown(command);
  const { output } = await bundle.generate(command.output);
  for (const file of output) {
    if (file.type === 'chunk') {
      modules.set(file.fileName, file.moduleIds);
    }
  }
  await bundle.close();
});

/** Runs the built command, and returns the files of the build that its main thread and its workers loaded. */
async function filesLoadedBy(
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
  return loaded;
}

/** The modules in the files of the bundle that a run loaded. */
async function modulesLoadedBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const files = await filesLoadedBy(args, env);
  return files.flatMap((file) => modules.get(file.replace(/^command\//, '')) ?? []);
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

  it.each([['http://u:p%zz@h:1'], ['http://%u:p@h:1']])(
    'keeps a call whose result is unused but which may throw: HTTPS_PROXY=%s',
    async (address) => {
      const cwd = await tempDir();
      const run = spawnCli(['config'], { cwd, env: { HTTPS_PROXY: address } });
      expect(await run.ended).toBe(4);
      expect(run.stderr()).toMatch(/^error: environment variable HTTPS_PROXY: .* percent-encoded .*\n$/);
    },
  );

  it('loads only what an upload needs for an upload', async () => {
    const { env } = await sandboxWith();
    const loaded = await modulesLoadedBy(['upload', fixture('night.png').file], env);
    expect(loaded).toContainEqual(expect.stringMatching(/\/src\/client\/client\.ts$/));
    const needless =
      /\/src\/(?:sandbox|fit)\/|\/src\/commands\/(?!upload\/)\w+\/(?!command\.ts)|\/src\/report\/(?:pad-to-width|progress|github)|\/src\/files\/(?:pattern|search|absent|read-list)|\/(?:@inquirer|ora|chalk|js-yaml|cosmiconfig|file-type|string-width|debug)\//;
    expect(loaded.filter((id) => needless.test(id))).toEqual([]);
  });

  it('does not load the clip probe for images', async () => {
    const { env } = await sandboxWith();
    const args = ['upload', fixture('night.png').file, fixture('sunset.jpg').file, fixture('logo.webp').file];
    expect(await modulesLoadedBy(args, env)).not.toContainEqual(
      expect.stringMatching(/\/src\/media\/probe|mediabunny/),
    );
    expect(await filesLoadedBy(args, env)).not.toContainEqual(expect.stringMatching(/^probe\//));
  });

  it('loads the clip probe for a video', async () => {
    const { env } = await sandboxWith();
    const args = ['upload', clip('clip.mp4').file];
    expect(await modulesLoadedBy(args, env)).toContainEqual(
      expect.stringMatching(/\/src\/media\/probe\.ts$/),
    );
  });

  it('loads neither the client nor the sandbox for a completion', async () => {
    const loaded = await modulesLoadedBy(['complete', 'zsh', '--', 'upload', '-a', '']);
    expect(loaded).toContainEqual(expect.stringMatching(/\/src\/commands\/complete\/run\.ts$/));
    const needless = /\/src\/(client|sandbox|files)|\/(undici|ora|chalk)\//;
    expect(loaded.filter((id) => needless.test(id))).toEqual([]);
  });

  it.each([['--version'], ['--help']])('loads next to nothing for %s', async (flag) => {
    const loaded = await modulesLoadedBy([flag]);
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

  it.each([
    ['a usage error', ['--format', 'frames'], 2],
    ['a dry run', ['--dry-run'], 0],
  ])('exits at once after %s that measured a clip', async (_, flags, exitCode) => {
    const { sandbox, env } = await sandboxWith();
    const run = spawnCli(['upload', clip('clip.mp4').file, ...flags], { env });
    expect(await run.ended).toBe(exitCode);
    expect(sandbox.requests).toEqual([]);
  });

  it('contains only the readers of the probing library', async () => {
    const { size } = await stat(new URL('../../dist/probe/probe-worker.cjs', import.meta.url));
    // The whole library takes 780 kB.
    expect(size).toBeLessThan(300_000);
  });
});
