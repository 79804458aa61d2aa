import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../../../fixtures.ts';
import { runCli, type World } from '../../../harness/run-cli.ts';
import { tempDir } from '../../../harness/temp-dir.ts';

/** The output for the script of fish about these words, without descriptions. */
async function complete(words: readonly string[], world?: World): Promise<readonly string[]> {
  const { lines, stderr, exitCode } = await runCli(['complete', 'fish', '--', ...words], world);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return lines.map((line) => line.split('\t')[0]!);
}

const flagsOfProgram = ['-V', '--version', '-h', '--help'];
const flagsOfConfig = ['-V', '--version', '--no-color', '--json', '--config', '--no-config', '-h', '--help'];
const formats = ['text', 'json', 'ndjson', 'frames', 'omni', 'images'];
const extensions = 'jpg|jpeg|png|webp|mp4|m4v|mov|webm|mp3|wav|m4a|aac';
const fittable = `${extensions}|avif|gif|tif|tiff|heic`;
const shells = ['bash', 'zsh', 'fish'];

describe('complete', () => {
  it('offers every command and flag that is in help', async () => {
    const { stdout: help } = await runCli(['--help']);
    const [, list = ''] = /Commands:\n([\s\S]*?)\n\n/.exec(help) ?? [];
    const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
    expect(commands).toEqual(expect.arrayContaining(['upload', 'sandbox', 'completion']));
    expect(await complete([''])).toEqual(['words', '', ...commands]);
    for (const command of commands) {
      const { stdout: commandHelp } = await runCli([command, '--help']);
      const flags = [...commandHelp.matchAll(/^ {2}(-\w, )?(--[a-z-]+)/gm)].flatMap(([, short, long]) => [
        ...(short === undefined ? [] : [short.slice(0, 2)]),
        long!,
      ]);
      const [kind, head, ...offered] = await complete([command, '-']);
      expect([kind, head, ...offered.toSorted()]).toEqual(['words', '', ...flags.toSorted()]);
    }
  });

  it.each<[words: readonly string[], head: string, candidates: readonly string[]]>([
    [['-'], '', flagsOfProgram],
    [['config', '-'], '', flagsOfConfig],
    [['config', ''], '', flagsOfConfig],
    [['config', '--', ''], '', []],
    [['config', 'x'], '', []],
    [['nothing', ''], '', []],
    [['complete', ''], '', []],
    [['upload', '--format', ''], '', formats],
    [['upload', '--format='], '--format=', formats.map((it) => `--format=${it}`)],
    [['upload', '--format', 'json', '-c', ''], '', []],
    [['upload', '-c', ''], '', []],
    [['upload', '-c4'], '-c', []],
    [['upload', '-qc', ''], '', []],
    [['upload', '--retries', ''], '', []],
    [['upload', '--unknown=x'], '', expect.arrayContaining(['--format']) as string[]],
    [['sandbox', '--api', ''], '', ['legacy', 'current', 'both']],
    [['sandbox', '--fault', ''], '', expect.arrayContaining(['429:', 'early-401:']) as string[]],
    [
      ['sandbox', '--fault', '429:1', '--fault='],
      '--fault=',
      expect.arrayContaining(['--fault=429:']) as string[],
    ],
    [['completion', ''], '', shells],
    [['help', ''], '', expect.arrayContaining(['upload', 'login', 'help']) as string[]],
    [['completion', 'zsh', ''], '', ['-V', '--version', '--no-color', '-h', '--help']],
    [['upload', '-a', 'US:a@b.c', '--format', ''], '', formats],
    [['--version', 'sandbox', '--api', ''], '', ['legacy', 'current', 'both']],
  ])('offers words for %j', async (words, head, candidates) => {
    const [kind, ...rest] = await complete(words);
    expect({ kind, head: rest[0], candidates: rest.slice(1) }).toEqual({ kind: 'words', head, candidates });
  });

  it.each<[words: readonly string[], head: string, offered: string]>([
    [['upload', ''], '', extensions],
    [['upload', 'a.png', 'b'], '', extensions],
    [['upload', '-q', 'a.png', '--', '-'], '', extensions],
    [['upload', '--json', '-0', ''], '', extensions],
    [['upload', '-c', '4', ''], '', extensions],
    [['upload', '--fit', ''], '', expect.stringContaining(fittable)],
    [['upload', '-q', '--frame', 'last', 'a.mp4', ''], '', expect.stringContaining(fittable)],
    [['upload', '--aspect=1:1', ''], '', expect.stringContaining(fittable)],
    [['upload', '--format', '--fit', ''], '', extensions],
    [['upload', '--', '--fit', ''], '', extensions],
    // The values of these flags look like flags themselves.
    [['upload', '--manifest', '--', '-a', '--format', ''], '', extensions],
    [['upload', '--files-from', ''], '', ''],
    [['upload', '--report', ''], '', 'html|htm'],
    [['upload', '--fit-dir', ''], '', ''],
    [['upload', '--manifest=m'], '--manifest=', ''],
    [['config', '--config', '~/'], '', ''],
  ])('offers files for %j', async (words, head, offered) => {
    expect(await complete(words)).toEqual(['files', head, offered]);
  });

  it('prefers the files that upload -r takes', async () => {
    const cwd = await tempDir();
    const image = await readFile(fixture('night.png').file);
    const [, , offered = ''] = await complete(['upload', '']);
    for (const extension of [...offered.split('|'), 'gif', 'bmp', 'txt']) {
      await writeFile(join(cwd, `a.${extension}`), image);
    }
    const { lines } = await runCli(['upload', '-r', '.', '--dry-run', '--format', 'ndjson'], { cwd });
    const paths = lines.map((line) => (JSON.parse(line) as { path: string }).path);
    expect(paths).toEqual(
      offered
        .split('|')
        .map((extension) => `a.${extension}`)
        .toSorted(),
    );
  });

  it('is hidden: help does not show it', async () => {
    expect((await runCli(['--help'])).stdout).not.toMatch(/^ {2}complete /m);
    expect((await runCli(['complete-'])).stderr).not.toMatch(/complete(\b(?!-))/);
  });

  it('describes commands and flags, with escaped colons for zsh, and not for bash', async () => {
    const words = (shell: string, ...rest: string[]) => runCli(['complete', shell, '--', ...rest]);
    expect((await words('fish', '')).lines).toContain('doctor\tfind out why uploads fail');
    expect((await words('zsh', '')).lines).toContain('doctor:find out why uploads fail');
    expect((await words('zsh', 'sandbox', '--fault', '')).lines).toContain('429\\:');
    expect((await words('bash', 'dreamina do', 'do')).lines).toEqual(['words', '', 'doctor']);
  });

  it.each<[line: string, replaced: string, lines: readonly string[]]>([
    ['dreamina upload --format=fr', 'fr', ['words', '--format=', 'frames']],
    ['dreamina upload --format fr', 'fr', ['words', '', 'frames']],
    ['dreamina sandbox --fault=early', 'early', ['words', '--fault=', 'early-401:']],
    ['dreamina upload a:b', 'b', ['files', 'a:', extensions, 'a:b']],
    ['dreamina upload my\\ s', 'my\\ s', ['files', '', extensions, 'my s']],
    ['dreamina upload --config "my', 'my', ['files', '', '', 'my']],
    ['dreamina upload > ', '', ['files', '', '']],
  ])('gives bash, which splits words differently, the right words for %s', async (line, replaced, lines) => {
    expect((await runCli(['complete', 'bash', '--', line, replaced])).lines).toEqual(lines);
  });
});

describe('complete for an account', () => {
  it('offers the accounts of all settings, each once', async () => {
    const homeDir = await tempDir();
    const cwd = await tempDir();
    await mkdir(join(homeDir, '.config', 'dreamina'), { recursive: true });
    await writeFile(join(homeDir, '.config', 'dreamina', 'config.json'), '{"account":"US:user@example.com"}');
    await writeFile(join(cwd, '.dreaminarc'), 'account: CA:project@example.com');
    const world = { homeDir, cwd, platform: 'linux' } as const;
    const env = { DREAMINA_ACCOUNT: 'US:user@example.com' };
    const [first, second] = ['CA:project@example.com', 'US:user@example.com'];
    expect(await complete(['upload', '-a', ''], world)).toEqual(['words', '', first, second]);
    expect(await complete(['login', '--account', ''], { ...world, env })).toEqual([
      'words',
      '',
      second,
      first,
    ]);
    expect(await complete(['upload', '-raU'], { ...world, env })).toEqual([
      'words',
      '-ra',
      `-ra${second}`,
      `-ra${first}`,
    ]);
  });

  it.each([
    ['a file that cannot be read', '{'],
    ['text that is not an account', '{"account":"US:line\\nbreak@example.com"}'],
    ['a value of another type', '{"account":7}'],
  ])('silently skips %s', async (_, config) => {
    const cwd = await tempDir();
    await writeFile(join(cwd, '.dreaminarc.json'), config);
    const env = { DREAMINA_ACCOUNT: 'US:env@example.com' };
    expect(await complete(['upload', '-a', ''], { cwd, env })).toEqual(['words', '', 'US:env@example.com']);
  });

  it.each(['US:`id`@example.com', 'US:$id@example.com', 'US:a;id@example.com', "US:'@example.com"])(
    'does not offer %s to bash, which inserts words without quotes',
    async (account) => {
      const env = { DREAMINA_ACCOUNT: account };
      const { lines } = await runCli(['complete', 'bash', '--', 'dreamina upload -a ', ''], { env });
      expect(lines).toEqual(['words', '']);
      expect(await complete(['upload', '-a', ''], { env })).toEqual(['words', '', account]);
    },
  );
});
