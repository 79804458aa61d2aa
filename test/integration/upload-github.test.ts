import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

async function step(args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) {
  const { sandbox, env } = await sandboxWith();
  const cwd = await tempDir();
  await copyFile(fixture('night.png').file, join(cwd, 'night.png'));
  await writeFile(join(cwd, 'a:b,100%|<x>\n.png'), 'no image');
  const summary = join(cwd, 'summary.md');
  await writeFile(summary, 'before\n');
  const result = await runCli(['upload', '-r', '.', ...args], {
    env: { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, ...more },
    cwd,
  });
  return { result, sandbox, summary: await readFile(summary, 'utf8') };
}

describe('in a step of GitHub Actions', () => {
  it('annotates a failed file, escaped, on standard error', async () => {
    const { result } = await step();
    expect(result.exitCode).toBe(3);
    expect(result.stderr.split('\n').filter((line) => line.startsWith('::'))).toEqual([
      '::error file=a%3Ab%2C100%25|<x>\\n.png,title=dreamina upload::a:b,100%25|<x>\\n.png: ' +
        'it is a text file; JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted',
    ]);
    expect(result.lines).toHaveLength(1);
  });

  it('appends a table to the summary that Markdown cannot misread', async () => {
    const { summary } = await step();
    expect(summary.split('\n')).toEqual([
      'before',
      '### dreamina upload',
      '',
      '| file | status | reference |',
      '| --- | --- | --- |',
      expect.stringMatching(/^\| a:b,100%&#124;&#60;x&#62;&#92;n\.png \| failed \| it is a text file.* \|$/),
      expect.stringMatching(/^\| night\.png \| uploaded \| US:sandbox&#64;example\.com&#45;image:w90:.* \|$/),
      '',
      '',
    ]);
  });

  it('annotates ten files at the most, and lists them all', async () => {
    const { env } = await sandboxWith();
    const cwd = await tempDir();
    for (let i = 0; i < 12; i += 1) {
      await writeFile(join(cwd, `${i}.png`), '');
    }
    const summary = join(cwd, 'summary.md');
    const result = await runCli(['upload', '-r', '.'], {
      env: { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
      cwd,
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr.match(/^::error /gm)).toHaveLength(10);
    expect((await readFile(summary, 'utf8')).match(/\| failed \|/g)).toHaveLength(12);
  });

  it('does neither with --no-annotations', async () => {
    const { result, summary } = await step(['--no-annotations']);
    expect(result.stderr).not.toContain('::error');
    expect(summary).toBe('before\n');
  });

  it('does neither where GITHUB_ACTIONS is not true', async () => {
    const { result, summary } = await step([], { GITHUB_ACTIONS: '' });
    expect(result.stderr).not.toContain('::error');
    expect(summary).toBe('before\n');
  });

  it('does not fail for a summary that cannot be written', async () => {
    const { result, sandbox } = await step([], { GITHUB_STEP_SUMMARY: '/nonexistent/summary.md' });
    expect(result.exitCode).toBe(3);
    expect(sandbox.assets).toHaveLength(1);
  });
});
