import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fixture, fixtures } from '../fixtures.ts';
import { compilePreload } from '../harness/preload.ts';
import { spawnCli } from '../harness/spawn-cli.ts';

const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Reads what `dreamina sandbox` prints first: lines of `export NAME='value'`. */
function readExports(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => /^export (\w+)='(.*)'$/.exec(line)!.slice(1) as [string, string]),
  );
}

describe('the built command', () => {
  it('prints the version', async () => {
    const run = spawnCli(['--version']);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toBe(`${manifest.version}\n`);
    expect(run.stderr()).toBe('');
  });

  it('reports a mistake on the command line', async () => {
    const run = spawnCli(['upload', '--concurency', '3']);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain('--concurrency');
    expect(run.stdout()).toBe('');
  });

  it.runIf(process.platform === 'linux')('prints help once to a pipe that is full for a moment', async () => {
    const preload = await compilePreload(`
      #include <errno.h>
      ssize_t write(int fd, const void *bytes, size_t length) {
        static int calls;
        ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        if (fd != 1 || ++calls > 3) return real(fd, bytes, length);
        if (calls == 1) return real(fd, bytes, 10);
        /* Twice: Node tries a second time itself. */
        errno = EAGAIN;
        return -1;
      }`);
    const plain = spawnCli(['--help']);
    expect(await plain.ended).toBe(0);
    expect(plain.stderr()).toBe('');
    expect(plain.stdout()).toContain('Examples:');
    const run = spawnCli(['--help'], { env: { LD_PRELOAD: preload } });
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toBe(plain.stdout());
  });

  it('exits after a usage error, although it has started a sandbox', async () => {
    const run = spawnCli(['upload', '--sandbox', '--fit-dir', '', fixture('night.png').file]);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain('--fit-dir needs the name of a folder');
  });

  it('uploads every fixture and standard input to its own sandbox', async () => {
    const images = [...fixtures, fixture('night.png')];
    const run = spawnCli(['upload', '--sandbox', ...fixtures.map(({ file }) => file), '-']);
    run.process.stdin.end(await readFile(fixture('night.png').file));
    expect(await run.ended).toBe(0);
    expect(run.stdout().trimEnd().split('\n')).toEqual(
      images.map(({ width, height, size }) =>
        expect.stringContaining(`-image:w${width}:h${height}:s${size}-uri:`),
      ),
    );
    // Off a terminal: one summary line and no colour.
    expect(run.stderr()).toMatch(/^8 uploaded \(25\.1 kB in [^\x1b\n]+\)\n$/);
  });

  it('sandbox prints the environment first, and an upload with it works', async () => {
    const server = spawnCli(['sandbox', '--api', 'current']);
    await server.waitFor('stdout', 'DREAMINA_ACCOUNT');
    const env = readExports(server.stdout());
    expect(Object.keys(env)).toEqual(['DREAMINA_API_URL', 'DREAMINA_TOKEN', 'DREAMINA_ACCOUNT']);
    const run = spawnCli(['upload', fixture('logo.webp').file], { env });
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(/^US:sandbox@example\.com-image:w120:h60:s2928-uri:/);
    server.process.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toContain('POST /v1/dreamina/assets/US%3Asandbox%40example.com (2.93 kB): 200');
  });
});
