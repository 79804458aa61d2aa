import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openShell, type Shell } from '../harness/shell.ts';

const files = [
  'my shot.PNG',
  'my notes.txt',
  'a:b.png',
  'q$x.Jpg',
  "it's.jpeg",
  'back\\slash.webp',
  'st[1].png',
  'two  blanks.jpg',
  '-dash.png',
  'é=ü.png',
  'notes.md',
];

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', (name) => {
  it.each(['dreamina', 'dreamina-upload'])(
    'completes the commands, flags and listed values of %s',
    async (program) => {
      const shell = await openShell(name);
      await expectRuns(shell, {
        [`${program} up\t--js\t`]: ['upload', '--json'],
        [`${program} upload x --no-pr\t-q`]: ['upload', 'x', '--no-progress', '-q'],
        [`${program} upload --format nd\t`]: ['upload', '--format', 'ndjson'],
        [`${program} upload --format=fr\t`]: ['upload', '--format=frames'],
        [`${program} sandbox --api le\t--fault 42\t0.3`]: [
          'sandbox',
          '--api',
          'legacy',
          '--fault',
          '429:0.3',
        ],
        [`${program} sandbox --fault=early\t2`]: ['sandbox', '--fault=early-401:2'],
        [`${program} completion z\tx`]: ['completion', 'zsh', 'x'],
      });
    },
  );

  it('completes at the cursor, whatever follows it', async () => {
    const shell = await openShell(name);
    await expectRuns(shell, {
      'dreamina upload --js x\x1b[D\x1b[D\t': ['upload', '--json', 'x'],
      'true; dreamina upload --js\t': ['upload', '--json'],
      'true | dreamina upload --js\t': ['upload', '--json'],
      'NAME=value dreamina upload --js\t': ['upload', '--json'],
    });
  });

  it('completes images and folders, with quoted names, and other files if there are none', async () => {
    const shell = await openShell(name);
    await mkdir(join(shell.cwd, 'sub dir'));
    for (const file of [...files, join('sub dir', 'in.WebP')]) {
      await writeFile(join(shell.cwd, file), '');
    }
    await expectRuns(shell, {
      'dreamina upload m\t': ['upload', 'my shot.PNG'],
      'dreamina upload my\\ \t': ['upload', 'my shot.PNG'],
      'dreamina upload "my\t': ['upload', 'my shot.PNG'],
      "dreamina upload 'my s\t": ['upload', 'my shot.PNG'],
      'dreamina upload a\t': ['upload', 'a:b.png'],
      'dreamina upload q\t': ['upload', 'q$x.Jpg'],
      'dreamina upload it\t': ['upload', "it's.jpeg"],
      'dreamina upload ba\t': ['upload', 'back\\slash.webp'],
      'dreamina upload st\t': ['upload', 'st[1].png'],
      'dreamina upload tw\t': ['upload', 'two  blanks.jpg'],
      'dreamina upload é\t': ['upload', 'é=ü.png'],
      'dreamina upload -- -d\t': ['upload', '--', '-dash.png'],
      'dreamina upload ./my\t': ['upload', './my shot.PNG'],
      'dreamina upload su\tin\t': ['upload', 'sub dir/in.WebP'],
      'dreamina upload -r x sub\\ dir/\t': ['upload', '-r', 'x', 'sub dir/in.WebP'],
      'dreamina upload no\t': ['upload', 'notes.md'],
      // Fish also takes the text after a colon for the beginning of a path.
      ...(name !== 'fish' && { 'dreamina upload a:\t': ['upload', 'a:b.png'] }),
      'dreamina upload ~/work/my\t': ['upload', join(shell.cwd, 'my shot.PNG')],
      'dreamina upload ~/work/no\t': ['upload', join(shell.cwd, 'notes.md')],
      'dreamina upload ~/work/sub\\ dir/i\t': ['upload', join(shell.cwd, 'sub dir', 'in.WebP')],
    });
  });

  it('completes files for flags that take a file, and only for those', async () => {
    const shell = await openShell(name);
    await writeFile(join(shell.cwd, 'my list.txt'), '');
    await writeFile(join(shell.cwd, '4.png'), '');
    await expectRuns(shell, {
      'dreamina upload --files-from my\t': ['upload', '--files-from', 'my list.txt'],
      'dreamina upload --files-from=my\t': ['upload', '--files-from=my list.txt'],
      'dreamina upload --manifest "my\t': ['upload', '--manifest', 'my list.txt'],
      'dreamina upload --manifest ~/work/my\t': ['upload', '--manifest', join(shell.cwd, 'my list.txt')],
      'dreamina upload --config my\\ \t': ['upload', '--config', 'my list.txt'],
      'dreamina upload --format json -c \t4': ['upload', '--format', 'json', '-c', '4'],
      'dreamina upload -c 4\t': ['upload', '-c', '4'],
      'dreamina upload --retries=4\t': ['upload', '--retries=4'],
      'dreamina upload -qc 4\t': ['upload', '-qc', '4'],
      'dreamina upload -c 4 4\t': ['upload', '-c', '4', '4.png'],
    });
  });

  it('completes the configured account', async () => {
    const shell = await openShell(name);
    await configureAccount(shell, 'US:first.last+tag@example.com');
    const account = 'US:first.last+tag@example.com';
    await expectRuns(shell, {
      'dreamina upload -a \t': ['upload', '-a', account],
      'dreamina upload --format json -a \t': ['upload', '--format', 'json', '-a', account],
      'dreamina upload -ra U\t': ['upload', '-ra', account],
      'dreamina upload --account US:f\t': ['upload', '--account', account],
      'dreamina upload --account=US:first.last+tag@\t': ['upload', `--account=${account}`],
      'dreamina upload --account=\t': ['upload', `--account=${account}`],
      'dreamina upload -aUS:\t': ['upload', `-a${account}`],
      'dreamina login -a \t': ['login', '-a', account],
      'dreamina upload --account "U\t': ['upload', '--account', account],
      '~/bin/dreamina upload -a \t': ['upload', '-a', account],
    });
  });

  it('does not run an account from a config file as a command', async () => {
    const shell = await openShell(name);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
    await configureAccount(shell, 'US:`touch${IFS}pwned`$(touch${IFS}pwned)@example.com');
    const [, , account] = await shell.run('dreamina upload -a US\t');
    expect(account).toBe('US');
    expect(await readdir(shell.cwd)).toEqual(['.dreaminarc.json']);
  });

  it('prints nothing when the settings cannot be read', async () => {
    const shell = await openShell(name);
    await writeFile(join(shell.cwd, '.dreaminarc.json'), '{');
    const output = await shell.show('dreamina upload -a \tend\r', /recorded/);
    expect(output).not.toMatch(/error|dreaminarc/i);
  });
});

describe('complete offers the right words', () => {
  it('in bash', async () => {
    const shell = await openShell('bash');
    expect(await shell.runAll('dreamina completion ')).toEqual(['completion', 'bash', 'fish', 'zsh']);
    expect(await shell.runAll('dreamina upload --format ')).toEqual([
      'upload',
      '--format',
      ...['frames', 'images', 'json', 'ndjson', 'omni', 'text'],
    ]);
    await writeFile(join(shell.cwd, 'a.png'), '');
    await writeFile(join(shell.cwd, 'a.txt'), '');
    expect(await shell.runAll('dreamina upload ')).toEqual(['upload', 'a.png']);
    expect(await shell.runAll('dreamina upload -')).toContain('--files-from');
    expect(await shell.runAll('dreamina sandbox -')).not.toContain('--files-from');
  });

  it('in zsh, with descriptions', async () => {
    const shell = await openShell('zsh');
    expect(await shell.runAll('dreamina completion ')).toEqual(['completion', 'bash', 'fish', 'zsh']);
    await writeFile(join(shell.cwd, 'a.png'), '');
    await writeFile(join(shell.cwd, 'a.txt'), '');
    expect(await shell.runAll('dreamina upload ')).toEqual(['upload', 'a.png']);
    await shell.show('dreamina \t', /sandbox +-- run a local stand-in for the API/);
    await shell.show(
      'upload -\t',
      /--files-from +-- read paths from a file, one a line; - for standard input/,
    );
  });

  it('in fish, with descriptions', async () => {
    const shell = await openShell('fish');
    await writeFile(join(shell.cwd, 'a.png'), '');
    await writeFile(join(shell.cwd, 'a.txt'), '');
    const offered = (line: string) => shell.run(`dreamina (complete -C '${line}')`);
    expect(await offered('dreamina upload --fo')).toEqual(['--format\tform of the results (default: text)']);
    expect(await offered('dreamina up')).toEqual([
      'upload\tupload images, videos and audio, print one reference per file',
    ]);
    expect(await offered('dreamina upload ')).toEqual(['a.png']);
    expect(await offered('dreamina-upload completion ')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offered('dreamina upload -c ')).toEqual([]);
  });
});

/** Types each line, and compares the arguments with which the command is run. */
async function expectRuns(
  shell: Shell,
  expected: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const actual: Record<string, readonly string[]> = {};
  for (const keys of Object.keys(expected)) {
    actual[keys] = await shell.run(keys);
  }
  expect(actual).toEqual(expected);
}

async function configureAccount(shell: Shell, account: string): Promise<void> {
  await writeFile(join(shell.cwd, '.dreaminarc.json'), JSON.stringify({ account }));
}
