import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

describe.skipIf(process.platform === 'win32')('the command', () => {
  it('reports that standard input is a directory', async () => {
    const run = spawnCli(['upload', '--sandbox', '-'], { shell: 'exec < /' });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain('standard input: it cannot be read: it is a directory');
  });

  async function startInDeletedFolder(...args: readonly string[]) {
    const cwd = await tempDir();
    return spawnCli(args, { cwd, shell: 'mkdir gone; cd gone; rmdir ../gone' });
  }

  // Other commands load and do less.
  it.each([
    [['upload', '--sandbox', night]],
    [['upload', '--sandbox', '--manifest', '/tmp/../dev/stdin', '--dry-run', '-']],
    [['config']],
    [['doctor']],
  ])('works in a deleted working directory: dreamina %j', async (args) => {
    const run = await startInDeletedFolder(...args);
    run.process.stdin.end();
    await run.ended;
    expect(run.stderr()).not.toMatch(/uv_cwd|^ {4}at /m);
    if (!['doctor', '-'].includes(args.at(-1)!)) {
      expect(await run.ended).toBe(0);
    }
  });

  it('reports that it needs a deleted working directory', async () => {
    const run = await startInDeletedFolder('upload', '--sandbox', 'a.png');
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toMatch(/^error: a.png: the working directory is gone/);
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
    ['20.18.3', 1],
    ['20.19.0', 0],
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
