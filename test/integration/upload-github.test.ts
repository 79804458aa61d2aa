import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { type CliResult, runCli } from '../harness/run-cli.ts';
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

  it('appends a table with escaped Markdown to the summary', async () => {
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

  it('writes no token that is part of a file name', async () => {
    const { sandbox, env } = await sandboxWith();
    const cwd = await tempDir();
    await copyFile(fixture('night.png').file, join(cwd, `${sandbox.token}.png`));
    const summary = join(cwd, 'summary.md');
    await runCli(['upload', '-r', '.'], {
      env: { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
      cwd,
    });
    expect(await readFile(summary, 'utf8')).toContain('| &#91;token&#93;.png | uploaded | US:sandbox');
  });

  it('annotates at most ten files, and lists them all', async () => {
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

  it('does neither if GITHUB_ACTIONS is not true', async () => {
    const { result, summary } = await step([], { GITHUB_ACTIONS: '' });
    expect(result.stderr).not.toContain('::error');
    expect(summary).toBe('before\n');
  });

  it('does not fail if the summary cannot be written', async () => {
    const { result, sandbox } = await step([], { GITHUB_STEP_SUMMARY: '/nonexistent/summary.md' });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain(
      "warning: the step's summary could not be written: no such file or directory",
    );
    expect(sandbox.assets).toHaveLength(1);
  });
});

/** The commands that the runner would see: it trims each line, and looks for `::name` at its start and `##[` anywhere. */
function commandsIn({ stdout, stderr }: CliResult): string[] {
  return `${stdout}\n${stderr}`.split('\n').filter((line) => /^\s*::|##\w*\[/.test(line));
}

describe('the runner sees no command', () => {
  const evil = [
    '::set-output name=r::evil.png',
    ' ::add-mask::x.png',
    '##[error]x.png',
    'x##vso[task.complete].png',
  ];

  /** A folder with more than ten files of each evil name. */
  async function evilFolder(content: string | Uint8Array): Promise<string> {
    const cwd = await tempDir();
    for (let i = 0; i < 12; i += 1) {
      for (const name of evil) {
        await writeFile(join(cwd, name.replace('.png', `${i}.png`)), content);
      }
    }
    return cwd;
  }

  it.each([
    ['text', []],
    ['ndjson', []],
    ['json', ['-v']],
    ['frames', ['-q']],
  ])('in names of files that fail, --format %s %j', async (format, flags) => {
    const cwd = await evilFolder('');
    const result = await runCli(
      ['upload', '--sandbox', '-r', '.', '--format', format, '--dry-run', ...flags],
      {
        cwd,
        env: { GITHUB_ACTIONS: 'true' },
      },
    );
    expect([1, 2]).toContain(result.exitCode);
    const commands = commandsIn(result);
    expect(commands.filter((line) => !line.startsWith('::error file='))).toEqual([]);
    expect(commands).toHaveLength(result.exitCode === 1 ? 10 : 0);
  });

  it('in names of files that are sent, with -v', async () => {
    const png = await readFile(fixture('night.png').file);
    const cwd = await evilFolder(png);
    const result = await runCli(['upload', '--sandbox', '-r', '.', '-v', '--json'], {
      cwd,
      env: { GITHUB_ACTIONS: 'true', FORCE_COLOR: '1' },
    });
    expect(result.exitCode).toBe(0);
    expect(commandsIn(result)).toEqual([]);
    expect(result.json<{ path: string }[]>().map(({ path }) => path)).toContain('##[error]x0.png');
  });

  it('in names of missing files, and other arguments', async () => {
    const env = { GITHUB_ACTIONS: 'true' };
    for (const args of [
      ['upload', ...evil],
      ['upload', '--x\n::set-output name=r::x'],
      ['::set-output name=r::x'],
      ['upload', '--config', '\n::x', 'a.png'],
      ['upload', '--retries', '\r\n::x##[y]', 'a.png'],
    ]) {
      const result = await runCli(args, { env });
      expect([2, 4]).toContain(result.exitCode);
      expect(commandsIn(result)).toEqual([]);
    }
  });

  it.each([
    [200, { imageRef: '::add-mask::x' }],
    [200, { imageRef: 'x##[set-output]' }],
    [200, { imageRef: 'US:a@b-image:w1:h1:s1-uri:x', error: '::x', account: '::x\n::y' }],
    [200, { error: '\n::set-output name=r::x ##[y]' }],
    [403, { error: '::set-output name=r::x\r\n::x' }],
    [500, { error: ' ::x ##[y]' }],
  ])('in words of the server: %i %j', async (status, body) => {
    const server = await rawServer((response) => sendJson(response, status, body));
    const env = { ...server.env, GITHUB_ACTIONS: 'true' };
    for (const flags of [['-v'], ['--json'], ['--format', 'frames'], ['--no-annotations']]) {
      const result = await runCli(['upload', fixture('night.png').file, '--retries', '1', ...flags], { env });
      expect(commandsIn(result).filter((line) => !line.startsWith('::error title='))).toEqual([]);
    }
  });

  it('in accounts', async () => {
    const account = { account: '::x:##[y]', region: '::z', error: '::w' };
    const server = await rawServer((response) => sendJson(response, 200, { '::add-mask::x': account }));
    const env = { ...server.env, GITHUB_ACTIONS: 'true' };
    for (const args of [['accounts'], ['accounts', '--json'], ['doctor'], ['doctor', '--json']]) {
      expect(commandsIn(await runCli(args, { env }))).toEqual([]);
    }
  });

  it('in references of a manifest', async () => {
    const cwd = await tempDir();
    const entry = {
      sha256: 'a'.repeat(64),
      account: 'US:a@b',
      endpoint: 'sandbox',
      imageRef: '::add-mask::x',
    };
    const more = { size: 1, contentType: 'image/png', uploadedAt: '2026-01-01T00:00:00Z' };
    await writeFile(join(cwd, 'm'), `${JSON.stringify({ ...entry, ...more })}\n`);
    const result = await runCli(['upload', '--sandbox', fixture('night.png').file, '--manifest', 'm'], {
      cwd,
    });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('line 1 is not a manifest entry');
  });
});

describe('an annotation names the file', () => {
  /** The `file` of each annotation of a run in `film/shots` of a workspace. */
  async function filesOf(
    args: readonly string[],
    workspace: string | undefined,
    stdin = '',
  ): Promise<unknown> {
    const root = await tempDir();
    const cwd = join(root, 'film', 'shots');
    await mkdir(cwd, { recursive: true });
    await writeFile(join(cwd, 'a.png'), '');
    await writeFile(join(root, 'b.png'), '');
    await symlink(cwd, join(root, 'link'));
    const { stderr } = await runCli(['upload', '--sandbox', ...args], {
      cwd,
      stdin,
      env: {
        GITHUB_ACTIONS: 'true',
        ...(workspace !== undefined && { GITHUB_WORKSPACE: join(root, workspace) }),
      },
    });
    return [...stderr.matchAll(/^::error (?:file=(.*),)?title=/gm)].map(([, file]) => file);
  }

  it.each([
    ['from the workspace', ['a.png', '../shots/a.png'], '', ['film/shots/a.png', 'film/shots/a.png']],
    ['through a link to the workspace', ['a.png'], 'link', ['a.png']],
    ['but not outside the workspace', ['../../b.png', '/dev/null'], 'film', [undefined, undefined]],
    ['but not standard input', ['-'], '', [undefined]],
    ['from the working directory without a workspace', ['a.png'], undefined, ['a.png']],
  ])('%s', async (_, args, workspace, expected) => {
    expect(await filesOf(args, workspace)).toEqual(expected);
  });
});
