import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

it.skipIf(process.platform === 'win32').each([
  [['-'], 1, 'standard input: it cannot be read: it is a directory'],
  [['--fit', '-'], 1, 'it is a directory'],
  [['--files-from', '-'], 2, '--files-from -: it cannot be read: it is a directory'],
])('reports that standard input is a directory: upload %j', async (args, code, words) => {
  const run = spawnCli(['upload', '--sandbox', ...args], { shell: 'exec < /' });
  expect(await run.ended).toBe(code);
  expect(run.stderr()).toContain(words);
});

describe.skipIf(process.platform === 'win32')('in a deleted working directory', () => {
  async function start(...args: readonly string[]) {
    const cwd = await tempDir();
    return spawnCli(args, { cwd, shell: 'mkdir gone; cd gone; rmdir ../gone' });
  }

  it.each([
    [['--version']],
    [['--help']],
    [['upload', '--help']],
    [['upload', '--sandbox', night]],
    [['upload', '--sandbox', '--manifest', '/tmp/../dev/stdin', '--dry-run', '-']],
    [['upload', '--dry-run', night]],
    [['completion', 'bash']],
    [['config']],
    [['doctor']],
  ])('dreamina %j still works', async (args) => {
    const run = await start(...args);
    run.process.stdin.end();
    await run.ended;
    expect(run.stderr()).not.toMatch(/uv_cwd|^ {4}at /m);
    if (!['doctor', '-'].includes(args.at(-1)!)) {
      expect(await run.ended).toBe(0);
    }
  });

  it.each([
    [['a.png']],
    [['*.png']],
    [['-r', '.']],
    [['--files-from', 'list']],
    [['--manifest', 'm', night]],
    [['--config', 'c.json', night]],
  ])('dreamina upload --sandbox %j reports it', async (args) => {
    const run = await start('upload', '--sandbox', ...args);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toMatch(/^error: \S+: the working directory is gone/);
    expect(run.stdout()).toBe('');
  });
});

describe('the file that Node starts', () => {
  const bin = new URL('../../bin/dreamina.js', import.meta.url);

  it('has syntax that Node 12 can parse', async () => {
    const code = (await readFile(bin, 'utf8')).replaceAll(/\/\/.*/g, '');
    expect(code).not.toMatch(/\?\.|\?\?|\|\|=|&&=|\b(?:import|export|await|static)\b|#(?!!)/);
  });

  it.each([
    ['12.22.12', 1],
    ['18.20.8', 1],
    ['20.18.3', 1],
    ['20.19.0', 0],
    ['22.0.0', 0],
    ['100.0.0', 0],
  ])('on Node %s ends with %i', async (version, exitCode) => {
    const fake = join(await tempDir(), 'fake.cjs');
    await writeFile(fake, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    const run = spawnCli(['--version'], { env: { NODE_OPTIONS: `--require ${fake}` } });
    expect(await run.ended).toBe(exitCode);
    expect(run.stderr()).toBe(
      exitCode === 0 ? '' : `error: dreamina needs Node.js 20.19 or newer; this is ${process.version}\n`,
    );
  });

  it('needs the version that package.json names', async () => {
    const { engines } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(engines.node).toBe('>=20.19.0');
  });
});
