import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { answering, rawServer } from '../harness/raw-server.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;

it.each([
  ['empty', { HOME: '' }],
  ['relative', { HOME: 'home', XDG_CONFIG_HOME: 'home/.config', APPDATA: 'home/.config' }],
])('if HOME is %s, the config of a folder is not the user config, and gets no token', async (_, home) => {
  const { apiUrl, count } = await rawServer(answering(200, {}));
  const cwd = await tempDir();
  for (const folder of ['.config/dreamina', 'home/.config/dreamina']) {
    await mkdir(join(cwd, folder), { recursive: true });
    await writeFile(join(cwd, folder, 'config.json'), JSON.stringify({ apiUrl }));
  }
  const run = spawnCli(['upload', '--retries', '0', night], {
    cwd,
    env: {
      ...home,
      DREAMINA_TOKEN: 'user:1-secret',
      DREAMINA_ACCOUNT: 'US:a@example.com',
      // A proxy that does not listen keeps the upload from leaving this machine.
      HTTPS_PROXY: 'http://127.0.0.1:1',
    },
  });
  expect(await run.ended).toBe(1);
  expect(run.stderr()).toContain('the proxy 127.0.0.1:1');
  expect(count()).toBe(0);
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
    await chmod(home, 0o700);
    const { status, stderr } = await runAsNobody(['upload', '--sandbox', night], { HOME: home });
    expect(stderr).toMatch(/^1 uploaded /);
    expect(status).toBe(0);
  });
});
