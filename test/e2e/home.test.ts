import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

/** A server that records the tokens that it receives. */
async function openServer() {
  const tokens: (string | undefined)[] = [];
  const { apiUrl } = await rawServer((response, request) => {
    tokens.push(request.headers.authorization);
    sendJson(response, 200, { 'US:a@example.com': { account: 'US:a@example.com', region: 'US' } });
  });
  return { apiUrl, tokens };
}

describe.each([
  ['empty', { HOME: '' }],
  ['the working directory', { HOME: '.' }],
  ['relative', { HOME: 'home', XDG_CONFIG_HOME: 'home/.config' }],
  ['empty, and APPDATA is relative', { HOME: '', APPDATA: 'home/.config' }],
])('if HOME is %s', (_, home) => {
  it('the config of a folder is not the user config, and gets no token', async () => {
    const { apiUrl, tokens } = await openServer();
    const cwd = await tempDir();
    for (const folder of ['.config/dreamina', 'home/.config/dreamina']) {
      await mkdir(join(cwd, folder), { recursive: true });
      await writeFile(join(cwd, folder, 'config.json'), JSON.stringify({ apiUrl }));
    }
    // A proxy that does not listen keeps the upload from leaving this machine.
    const env = {
      ...home,
      DREAMINA_TOKEN: 'user:1-secret',
      DREAMINA_ACCOUNT: 'US:a@example.com',
      HTTPS_PROXY: 'http://127.0.0.1:1',
    };
    const run = spawnCli(['upload', '--retries', '0', night], { cwd, env });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain('the proxy 127.0.0.1:1');
    expect(tokens).toEqual([]);
  });

  it('login writes nothing into the working directory', async () => {
    const { apiUrl, tokens } = await openServer();
    const cwd = await tempDir();
    const run = spawnCli(['login', '--with-token'], { cwd, env: { ...home, DREAMINA_API_URL: apiUrl } });
    run.process.stdin.end('user:1-secret\n');
    expect(await run.ended).toBe(4);
    expect(run.stderr()).toContain('error: there is no home directory to write a config to\n');
    expect(await readdir(cwd)).toEqual([]);
    expect(tokens).toEqual([]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a user that the system does not know, without HOME', () => {
  /** Runs the built command as that user, in a folder with a project config. */
  async function runAsNobody(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const cwd = await tempDir();
    const uid = 61_234;
    await writeFile(join(cwd, '.dreaminarc'), 'retries: 1\n');
    await chown(cwd, uid, uid);
    await chown(join(cwd, '.dreaminarc'), uid, uid);
    const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));
    return spawnSync(process.execPath, [command, ...args], {
      cwd,
      uid,
      gid: uid,
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    });
  }

  it('has no user config, and the run continues', async () => {
    const { status, stdout, stderr } = await runAsNobody(['config']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^retries +1 +project config/m);
    expect(stdout).toMatch(/^user config +none, because there is no home directory$/m);
    expect(status).toBe(0);
  });

  it('can upload', async () => {
    const { status, stdout } = await runAsNobody(['upload', '--sandbox', night]);
    expect(stdout).toMatch(/^US:sandbox@example\.com-image:/);
    expect(status).toBe(0);
  });

  it('can upload if HOME is unreadable', async () => {
    const home = await tempDir();
    await mkdir(join(home, '.config', 'dreamina'), { recursive: true });
    await writeFile(join(home, '.config', 'dreamina', 'config.json'), '{"retries": "wrong"}');
    for (const closed of [home, join(home, '.config')]) {
      await chmod(home, closed === home ? 0o700 : 0o755);
      await chmod(closed, 0o700);
      const { status, stderr } = await runAsNobody(['upload', '--sandbox', night], { HOME: home });
      expect(stderr).toMatch(/^1 uploaded /);
      expect(status).toBe(0);
    }
  });

  it('cannot log in', async () => {
    const { status, stderr } = await runAsNobody(['login', '--with-token']);
    expect(stderr).toContain('error: there is no home directory to write a config to\n');
    expect(status).toBe(4);
  });
});
