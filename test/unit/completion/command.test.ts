import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageExtensions } from '../../../src/completion/read-program.ts';
import { fixture } from '../../fixtures.ts';
import { runCli } from '../../harness/run-cli.ts';
import { tempDir } from '../../harness/temp-dir.ts';

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])(
    'prints a script for %s with every command and flag of help',
    async (shell) => {
      const { stdout, stderr, exitCode } = await runCli(['completion', shell]);
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      const { stdout: help } = await runCli(['--help']);
      const commands = [
        ...help
          .split('Commands:')[1]!
          .split('\n\n')[0]!
          .matchAll(/^ {2}([a-z]+)/gm),
      ].map(([, name]) => name!);
      expect(commands).toEqual(expect.arrayContaining(['upload', 'sandbox', 'completion']));
      for (const command of commands) {
        expect(stdout).toContain(`'${command}`);
        const { stdout: commandHelp } = await runCli([command, '--help']);
        for (const [, flag] of commandHelp.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)) {
          expect(stdout).toContain(shell === 'fish' ? `-l ${flag} ` : `--${flag}`);
        }
      }
      expect(stdout).not.toContain("'complete-accounts'");
    },
  );

  it('names the same programs as package.json', async () => {
    const manifest = new URL('../../../package.json', import.meta.url);
    const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Record<string, string> };
    const { lines } = await runCli(['completion', 'zsh']);
    expect(lines[0]).toBe(`#compdef ${Object.keys(bin).join(' ')}`);
  });

  it('offers the files that upload -r takes', async () => {
    const cwd = await tempDir();
    const picture = await readFile(fixture('night.png').file);
    for (const extension of [...imageExtensions, 'gif', 'bmp', 'txt']) {
      await writeFile(join(cwd, `${extension}.${extension}`), picture);
    }
    const { lines } = await runCli(['upload', '-r', '.', '--dry-run', '--format', 'ndjson'], { cwd });
    const paths = lines.map((line) => (JSON.parse(line) as { path: string }).path);
    expect(paths).toEqual(imageExtensions.map((extension) => `${extension}.${extension}`).sort());
  });

  it('refuses another shell, and names the three', async () => {
    const { stdout, stderr, exitCode } = await runCli(['completion', 'tcsh']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toMatch(/^error: .*tcsh.*bash, zsh, fish/);
  });

  it('says how when no shell is named', async () => {
    const { stdout, stderr, exitCode } = await runCli(['completion']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toBe(
      "error: missing required argument 'shell'\n  Try: source <(dreamina completion bash); for zsh and fish see --help.\n",
    );
  });

  it('shows how to install each script', async () => {
    const { stdout } = await runCli(['completion', '--help']);
    expect(stdout).toContain('bash  source <(dreamina completion bash)');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
    expect(stdout).toContain('zsh   dreamina completion zsh > "${fpath[1]}/_dreamina"');
    expect(stdout).toContain('fish  dreamina completion fish > ~/.config/fish/completions/dreamina.fish');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('complete-accounts', () => {
  it('prints the accounts of all settings, each once', async () => {
    const homeDir = await tempDir();
    const cwd = await tempDir();
    await mkdir(join(homeDir, '.config', 'dreamina'), { recursive: true });
    await writeFile(join(homeDir, '.config', 'dreamina', 'config.json'), '{"account":"US:user@example.com"}');
    await writeFile(join(cwd, '.dreaminarc'), 'account: CA:project@example.com');
    const world = { homeDir, cwd, platform: 'linux' } as const;
    const env = { DREAMINA_ACCOUNT: 'US:user@example.com' };
    expect((await runCli(['complete-accounts'], world)).lines).toEqual([
      'CA:project@example.com',
      'US:user@example.com',
    ]);
    expect((await runCli(['complete-accounts'], { ...world, env })).lines).toEqual([
      'US:user@example.com',
      'CA:project@example.com',
    ]);
  });

  it.each([
    ['a file that cannot be read', '{', 'US:env@example.com\n'],
    ['what is no account', '{"account":"US:line\\nbreak@example.com"}', 'US:env@example.com\n'],
    ['a value of another type', '{"account":7}', 'US:env@example.com\n'],
  ])('passes over %s, silently', async (_, config, stdout) => {
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc.json'), config);
    const result = await runCli(['complete-accounts'], {
      cwd,
      env: { DREAMINA_ACCOUNT: 'US:env@example.com' },
    });
    expect({ ...result, lines: undefined }).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  it('is not for people: help does not show it', async () => {
    expect((await runCli(['--help'])).stdout).not.toContain('complete-accounts');
    expect((await runCli(['complete-account'])).stderr).not.toContain('complete-accounts');
  });
});
