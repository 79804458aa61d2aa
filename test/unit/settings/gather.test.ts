import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cosmiconfig } from 'cosmiconfig';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, UsageError } from '../../../src/errors.ts';
import type { Environment } from '../../../src/host.ts';
import { Secrets } from '../../../src/secrets.ts';
import { gatherSettings, type SettingsRequest, type Surroundings } from '../../../src/settings/gather.ts';
import { requireSettings, resolveSettings } from '../../../src/settings/resolve.ts';
import type { Layer } from '../../../src/settings/source.ts';

let root: string;
let cwd: string;
let marker: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'dreamina-settings-')));
  cwd = join(root, 'project', 'a', 'b');
  marker = join(root, 'executed');
  await mkdir(cwd, { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, content: string | object): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, typeof content === 'string' ? content : JSON.stringify(content));
  return full;
}

const gather = (
  request: SettingsRequest = {},
  env: Environment = {},
  surroundings: Partial<Surroundings> = {},
) =>
  gatherSettings(request, {
    env,
    cwd,
    homeDir: join(root, 'home'),
    platform: 'linux',
    userId: process.geteuid?.(),
    secrets: new Secrets(),
    ...surroundings,
  });

/** The layers of settings without problems. */
async function load(...given: Parameters<typeof gather>) {
  const { layers, files } = await gather(...given);
  expect(files.filter(({ status }) => status === 'wrong')).toEqual([]);
  return layers;
}

/** The problem of the only file that is wrong. */
async function failure(request: SettingsRequest = {}, env: Environment = {}): Promise<ConfigError> {
  const { files } = await gather(request, env);
  const problems = files.flatMap((file) => (file.status === 'wrong' ? file.problem : []));
  expect(problems).toHaveLength(1);
  return problems[0]!;
}

const settingsOf = (layers: readonly Layer[]) => requireSettings(resolveSettings({ layers, files: [] }));

const user = (content: string | object) => write('home/.config/dreamina/config.json', content);

describe('flags and environment', () => {
  test('each flag and each variable is its own layer, flags first', async () => {
    const layers = await load(
      { flags: { account: 'US:a@example.com', timeout: '3', retries: undefined } },
      {
        DREAMINA_API_URL: 'https://example.com',
        USEAPI_TOKEN: 'second',
        DREAMINA_TOKEN: 'first',
        OTHER: 'x',
      },
    );
    expect(layers).toEqual([
      { source: { kind: 'flag', name: '--account' }, values: { account: 'US:a@example.com' } },
      { source: { kind: 'flag', name: '--timeout' }, values: { timeout: '3' } },
      { source: { kind: 'environment', name: 'DREAMINA_TOKEN' }, values: { token: 'first' } },
      { source: { kind: 'environment', name: 'USEAPI_TOKEN' }, values: { token: 'second' } },
      {
        source: { kind: 'environment', name: 'DREAMINA_API_URL' },
        values: { apiUrl: 'https://example.com' },
      },
    ]);
    expect(settingsOf(layers).token?.value).toBe('first');
  });

  test('an empty variable counts as unset; an empty flag is an error', async () => {
    expect(await load({}, { DREAMINA_TOKEN: '', DREAMINA_CONCURRENCY: '', DREAMINA_CONFIG: '' })).toEqual([]);
    const layers = await load({}, { DREAMINA_TOKEN: '', USEAPI_TOKEN: 'user:1-a' });
    expect(settingsOf(layers).token?.source).toEqual({
      kind: 'environment',
      name: 'USEAPI_TOKEN',
    });
    const empty = await load({ flags: { concurrency: '' } });
    expect(() => settingsOf(empty)).toThrow(UsageError);
  });

  test('only known flags set something', async () => {
    const flags = { token: 'user:1-a', apiUrl: 'https://evil.example', json: true } as object;
    expect(await load({ flags })).toEqual([]);
  });
});

test('each token becomes a secret, used or not, without surrounding spaces', async () => {
  const tokens = ['user:1-environment', 'user:2-other', 'user:3-project', 'user:4-user'];
  const [first, second, third, fourth] = tokens;
  await write('project/.dreaminarc', { token: ` ${third}` });
  await user({ token: fourth });
  const secrets = new Secrets();
  await gather({}, { DREAMINA_TOKEN: `${first}\n`, USEAPI_TOKEN: second }, { secrets });
  expect(tokens.map((token) => secrets.maskData(token))).toEqual(tokens.map(() => '[token]'));
});

test('only tokens become secrets', async () => {
  await write('project/.dreaminarc', { token: ['user:1-project'], account: 'US:name@example.com' });
  const secrets = new Secrets();
  await gather({}, {}, { secrets });
  expect(secrets.maskData('user:1-project US:name@example.com')).toBe('user:1-project US:name@example.com');
});

test('flag, environment, project, user: every pair in this order', async () => {
  await write('project/.dreaminarc', { concurrency: 3 });
  await user({ concurrency: 4 });
  const layers = await load({ flags: { concurrency: '1' } }, { DREAMINA_CONCURRENCY: '2' });
  expect(layers.map(({ source }) => source.kind)).toEqual(['flag', 'environment', 'project', 'user']);
  for (let skipped = 0; skipped < layers.length; skipped++) {
    expect(settingsOf(layers.slice(skipped)).concurrency.value).toBe(skipped + 1);
  }
});

describe('a named config file', () => {
  beforeEach(async () => {
    await write('project/a/b/.dreaminarc', { retries: 1 });
    await user({ retries: 2 });
  });

  test.each(['c.json', 'c.yaml', 'c.yml', 'c', '.c'])(
    '--config %s replaces project and user',
    async (name) => {
      const path = await write(`project/a/b/${name}`, { retries: 3 });
      const expected = [{ source: { kind: 'config-file', path }, values: { retries: 3 } }];
      expect(await load({ config: name })).toEqual(expected);
      expect(await load({ config: path })).toEqual(expected);
      expect(await load({}, { DREAMINA_CONFIG: name })).toEqual(expected);
      expect(await load({ config: name }, { DREAMINA_CONFIG: 'missing.json' })).toEqual(expected);
    },
  );

  test('--no-config excludes all files, even DREAMINA_CONFIG', async () => {
    expect(await load({ config: false })).toEqual([]);
    expect(await load({ config: false }, { DREAMINA_CONFIG: 'missing.json' })).toEqual([]);
  });

  test('a package.json sets its property', async () => {
    const path = await write('project/package.json', { dreamina: { retries: 3 } });
    expect(await load({ config: path })).toEqual([
      { source: { kind: 'config-file', path }, values: { retries: 3 } },
    ]);
    await write('project/package.json', { name: 'x' });
    expect((await failure({ config: path })).message).toContain('no "dreamina" property');
  });

  test('a missing file, an unreadable file and a file of another kind cause an error that names it', async () => {
    const missing = await failure({ config: 'missing.json' });
    expect(missing).toBeInstanceOf(ConfigError);
    expect(missing.message).toContain(join(cwd, 'missing.json'));
    expect(missing.message).toContain('--config');
    expect((await failure({}, { DREAMINA_CONFIG: 'missing.json' })).message).toContain('DREAMINA_CONFIG');
    expect((await failure({ config: '.' })).message).toContain('cannot be read: it is a directory');
    expect((await failure({ config: '.dreaminarc/c.json' })).message).toContain(
      'there is no such config file',
    );
    await expect(gather({ config: '' })).rejects.toThrow(UsageError);
    await expect(gather({ config: '' })).rejects.toThrow('--config');
    await write('project/a/b/c.toml', 'retries = 3');
    expect((await failure({ config: 'c.toml' })).message).toContain('JSON or YAML only');
  });

  test.runIf(process.platform === 'linux')('an endless device is read only in part', async () => {
    expect((await failure({ config: '/dev/zero' })).message).toContain('1 MiB');
    expect(await load({ config: '/dev/null' })).toMatchObject([{ values: {} }]);
  });

  test.runIf(process.platform !== 'win32')('a pipe is read to its end', async () => {
    const pipe = join(root, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const [layers] = await Promise.all([load({ config: pipe }), writeFile(pipe, 'retries: 3')]);
    expect(layers).toMatchObject([{ values: { retries: 3 } }]);
  });
});

describe("the user's config", () => {
  test.each(['', '  \n', '{}'])('%j sets nothing', async (content) => {
    const path = await user(content);
    expect(await load()).toEqual([{ source: { kind: 'user', path }, values: {} }]);
  });

  test('a malformed one is an error, a missing one is not', async () => {
    expect(await load()).toEqual([]);
    await user('{"token": user:1-secret');
    const error = await failure();
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).not.toContain('secret');
  });

  test('a home directory that is a file holds no config', async () => {
    await write('home', 'a file');
    expect(await load()).toEqual([]);
  });

  test('1 MiB is the limit', async () => {
    const fill = (size: number) => user(`{"retries": 1${' '.repeat(size - 14)}}`);
    await fill(1024 * 1024);
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
    await fill(1024 * 1024 + 1);
    expect((await failure()).message).toContain('1 MiB');
  });
});

describe("the project's config", () => {
  const places = [
    '.dreaminarc',
    '.dreaminarc.json',
    '.dreaminarc.yaml',
    '.dreaminarc.yml',
    '.config/dreaminarc',
    '.config/dreaminarc.json',
    '.config/dreaminarc.yaml',
    '.config/dreaminarc.yml',
    'package.json',
  ];
  const content = (place: string, retries: number) =>
    place === 'package.json' ? { name: 'x', dreamina: { retries } } : { retries };

  test('the places of one folder are searched in order', async () => {
    for (const place of places) {
      await write(`project/${place}`, content(place, places.indexOf(place)));
    }
    for (const [index, place] of places.entries()) {
      const path = join(root, 'project', place);
      expect(await load()).toEqual([{ source: { kind: 'project', path }, values: { retries: index } }]);
      await rm(path);
    }
  });

  test.each(places)('the nearest folder takes precedence, with %s', async (place) => {
    await write('project/.dreaminarc', { retries: 1 });
    const path = await write(`project/a/${place}`, content(place, 2));
    expect(await load()).toEqual([{ source: { kind: 'project', path }, values: { retries: 2 } }]);
  });

  test('a file that sets nothing is skipped, an empty mapping is not', async () => {
    await write('project/.dreaminarc', { retries: 1 });
    await write('project/a/.dreaminarc', '');
    await write('project/a/.dreaminarc.json', ' \n');
    await write('project/a/.dreaminarc.yaml', '# retries: 2\n');
    await mkdir(join(root, 'project/a/.dreaminarc.yml'));
    await write('project/a/.config', 'a file');
    await write('project/a/package.json', { name: 'x', dreamina: null });
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
    await write('project/a/b/.dreaminarc', '{}');
    expect(await load()).toMatchObject([{ values: {} }]);
  });

  test.each([
    '{"name": "x"}',
    '{"name": "x", ',
    '{"dreamina": user:1-secret}',
    '',
    '[]',
    'null',
    '"x"',
    `{"dreamina": {"retries": 2}, "x": "${'x'.repeat(1024 * 1024)}"}`,
  ])('a package.json without a config is skipped (%#)', async (manifest) => {
    await write('project/.dreaminarc', { retries: 1 });
    await write('project/a/package.json', manifest);
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
  });

  test.each([
    ['.dreaminarc', 'not valid JSON', '{"token": "user:1-secret"'],
    ['.dreaminarc.json', 'not valid JSON', '{"token": user:1-secret}'],
    ['.dreaminarc.yaml', 'not valid YAML', 'token: "user:1-secret'],
    ['.config/dreaminarc', 'must be a mapping', '- user:1-secret'],
    ['.dreaminarc', 'must be a mapping', 'user:1-secret'],
    ['package.json', 'must be a mapping', '{"dreamina": "user:1-secret"}'],
    ['.dreaminarc.yml', '1 MiB', `a: ${'x'.repeat(1024 * 1024)}`],
  ])('an error about %s says "%s", names the file and does not quote it', async (place, message, text) => {
    await write('project/.dreaminarc', { retries: 1 });
    const path = await write(`project/a/${place}`, text);
    const error = await failure();
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(path);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBeUndefined();
  });

  test('1 MiB is the limit of a project config too', async () => {
    const text = (size: number) => `{"retries": 1${' '.repeat(size - 14)}}`;
    await write('project/.dreaminarc.json', text(1024 * 1024));
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
    await write('project/.dreaminarc.json', text(1024 * 1024 + 1));
    expect((await failure()).message).toContain('1 MiB');
  });

  // Reading this file fails, even for root.
  test.runIf(process.platform === 'linux').each(['.dreaminarc', 'package.json'])(
    'a %s that cannot be read is an error, not skipped',
    async (name) => {
      await symlink('/proc/self/mem', join(cwd, name));
      const error = await failure();
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toBe(`the project's config in ${cwd} cannot be read: the disk reports an error`);
      expect(error.cause).toMatchObject({ code: 'EIO' });
    },
  );

  test('a byte order mark is ignored', async () => {
    await write('project/.dreaminarc.json', '\uFEFF{"retries": 1}');
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
  });

  test('the config of the user is never taken for the project’s', async () => {
    const home = join(root, 'home');
    const path = await user({ apiUrl: 'https://example.com' });
    for (const from of [home, join(home, '.config'), join(home, '.config', 'dreamina')]) {
      expect(await load({}, {}, { cwd: from })).toEqual([
        { source: { kind: 'user', path }, values: { apiUrl: 'https://example.com' } },
      ]);
    }
  });

  test('is read whoever owns it, if users have no numbers', async () => {
    await write('project/.dreaminarc', { retries: 1 });
    await chown(join(root, 'project/.dreaminarc'), 61_234, 61_234).catch(() => {});
    expect(await load({}, {}, { userId: undefined })).toMatchObject([{ values: { retries: 1 } }]);
  });

  test('is not searched if the working directory is unknown', async () => {
    const path = await user({ retries: 2 });
    const { files } = await gather({}, {}, { cwd: undefined });
    expect(files).toMatchObject([
      { kind: 'project', path: '', status: 'absent' },
      { kind: 'user', path, status: 'found' },
    ]);
  });

  test('a deleted working directory is not an error', async () => {
    await write('project/.dreaminarc', { retries: 1 });
    await rm(cwd, { recursive: true });
    expect(await load()).toMatchObject([{ values: { retries: 1 } }]);
  });

  test.runIf(process.platform !== 'win32')('only regular files are opened', async () => {
    const path = join(cwd, '.dreaminarc');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    expect((await failure()).message).toBe(`${path}: a config file must be a regular file`);
    await rm(path);
    await symlink('/dev/zero', path);
    expect((await failure()).message).toContain('regular file');
    await rm(path);
    await symlink('/dev/zero', join(cwd, 'package.json'));
    expect(await load()).toEqual([]);
  });
});

describe('the files', () => {
  test('are listed in their order, with the missing ones', async () => {
    const userPath = join(root, 'home/.config/dreamina/config.json');
    expect((await gather()).files).toEqual([
      { kind: 'project', path: cwd, status: 'absent' },
      { kind: 'user', path: userPath, status: 'absent' },
    ]);
    const path = await write('project/.dreaminarc', { retries: 1 });
    await user({ retries: 2 });
    expect((await gather()).files).toMatchObject([
      { kind: 'project', path, status: 'found', layer: { values: { retries: 1 } }, exposesToken: false },
      { kind: 'user', path: userPath, status: 'found', layer: { values: { retries: 2 } } },
    ]);
    expect((await gather({ config: false })).files).toEqual([]);
  });

  test('are listed first if they are not read', async () => {
    const path = await write('project/a/.dreaminarc.js', '');
    await write('.dreaminarc.js', '');
    const project = await write('project/.dreaminarc', { retries: 1 });
    expect((await gather()).files).toMatchObject([
      { kind: 'project', path, status: 'unread' },
      { kind: 'project', path: project, status: 'found' },
      { kind: 'user', status: 'absent' },
    ]);
    await rm(project);
    expect((await gather()).files).toMatchObject([
      { path, status: 'unread' },
      { path: join(root, '.dreaminarc.js'), status: 'unread' },
      { path: cwd, status: 'absent' },
      { kind: 'user', status: 'absent' },
    ]);
  });

  test('are still read if another one is wrong', async () => {
    await write('project/.dreaminarc', '{');
    const path = await user({ retries: 2 });
    const { layers, files } = await gather({}, { DREAMINA_RETRIES: '3' });
    expect(files.map(({ status }) => status)).toEqual(['wrong', 'found']);
    expect(layers.map(({ source }) => source)).toEqual([
      { kind: 'environment', name: 'DREAMINA_RETRIES' },
      { kind: 'user', path },
    ]);
  });

  test.runIf(process.platform !== 'win32')('show whether they expose a token', async () => {
    const path = await user({ token: 'user:1-a' });
    await chmod(path, 0o644);
    expect((await gather()).files).toMatchObject([{}, { exposesToken: true }]);
    await chmod(path, 0o600);
    expect((await gather()).files).toMatchObject([{}, { exposesToken: false }]);
  });
});

describe('no config file is ever executed', () => {
  const script = () =>
    `require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'x'); module.exports = {};\n`;
  const module = () =>
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(marker)}, 'x'); export default {};\n`;
  const wasExecuted = () =>
    realpath(marker).then(
      () => true,
      () => false,
    );

  async function writeScripts(folder: string): Promise<void> {
    for (const name of ['.dreaminarc', '.config/dreaminarc', '.config/config', 'dreamina.config']) {
      for (const extension of ['cjs', 'js', 'ts']) {
        await write(`${folder}/${name}.${extension}`, script());
      }
      await write(`${folder}/${name}.mjs`, module());
    }
  }

  async function inFolder<Result>(folder: string, run: () => Promise<Result>): Promise<Result> {
    const before = process.cwd();
    process.chdir(folder);
    try {
      return await run();
    } finally {
      process.chdir(before);
    }
  }

  test('not by the search, from the working directory of the process itself', async () => {
    await writeScripts('project/a/b');
    await writeScripts('project');
    expect(await inFolder(cwd, () => load())).toEqual([]);
    await write('project/a/b/.dreaminarc', { retries: 1 });
    await write('project/a/b/package.json', {
      cosmiconfig: { searchPlaces: ['.dreaminarc.js'], $import: './.config/config.js' },
      $import: './.config/config.js',
      dreamina: { retries: 2 },
    });
    expect(await inFolder(cwd, () => load())).toMatchObject([{ values: { retries: 1 } }]);
    await rm(join(cwd, '.dreaminarc'));
    expect(await inFolder(cwd, () => load())).toMatchObject([{ values: { retries: 2 } }]);
    expect(await wasExecuted()).toBe(false);
  });

  test('although cosmiconfig() itself would do so, whatever its options', async () => {
    await write('project/a/b/.config/config.cjs', script());
    await inFolder(cwd, async () => cosmiconfig('dreamina', { searchPlaces: [], loaders: {} }).search(cwd));
    expect(await wasExecuted()).toBe(true);
  });

  test.each([
    ['.dreaminarc', '$import: ./evil.cjs'],
    ['.dreaminarc', '$import: [./evil.cjs]'],
    ['.dreaminarc.json', '{"$import": "./evil.cjs"}'],
    ['.dreaminarc.yaml', '$import: ./evil.cjs'],
    ['package.json', '{"dreamina": {"$import": "./evil.cjs"}}'],
  ])('not by $import in %s: %s', async (place, text) => {
    await write('project/a/b/evil.cjs', script());
    const path = await write(`project/a/b/${place}`, text);
    for (const request of [{}, { config: place }]) {
      const error = await failure(request);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toContain(path);
      expect(error.message).toContain('$import');
    }
    expect(await wasExecuted()).toBe(false);
  });

  test.each(['js', 'cjs', 'mjs', 'ts', 'mts'])('not by --config x.%s', async (extension) => {
    await write(`project/a/b/x.${extension}`, extension === 'mjs' ? module() : script());
    for (const error of [
      await failure({ config: `x.${extension}` }),
      await failure({}, { DREAMINA_CONFIG: `x.${extension}` }),
    ]) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toContain('JSON or YAML only');
    }
    expect(await wasExecuted()).toBe(false);
  });
});
