import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../harness/run-cli.ts';

describe('completion', () => {
  it.each([
    ['bash', /^complete .* -F _dreamina (.*)$/m],
    ['zsh', /^#compdef (.*)$/m],
    ['fish', /^for name in (.*)$/m],
  ])('prints a script for %s that completes both names of the program', async (shell, names) => {
    const { stdout, stderr, exitCode } = await runCli(['completion', shell]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    const manifest = new URL('../../../../package.json', import.meta.url);
    const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Record<string, string> };
    expect(names.exec(stdout)?.[1]).toBe(Object.keys(bin).join(' '));
    expect(stdout).toContain(`complete ${shell} -- `);
  });

  it('refuses any other shell, and names the three', async () => {
    const { stdout, stderr, exitCode } = await runCli(['completion', 'tcsh']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toBe('error: <shell> must be bash, zsh or fish; it is "tcsh"\n');
  });

  it('says how to use it when no shell is named', async () => {
    const { stdout, stderr, exitCode } = await runCli(['completion']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toBe(
      'error: dreamina completion needs <shell>: bash, zsh or fish\n  `dreamina completion --help` shows its usage.\n',
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
