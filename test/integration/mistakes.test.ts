import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

async function folder(): Promise<string> {
  const cwd = await tempDir();
  await mkdir(join(cwd, 'shots'));
  for (const name of ['a.png', '-odd.png', 'my shot.png', 'uplod']) {
    await writeFile(join(cwd, name), 'text');
  }
  return cwd;
}

/** The text on standard error for these arguments. */
async function read(argv: readonly string[], cwd?: string): Promise<readonly string[]> {
  const { stdout, stderr, exitCode } = await runCli(argv, { cwd: cwd ?? (await folder()) });
  expect({ argv, stdout, exitCode }).toEqual({ argv, stdout: '', exitCode: 2 });
  return stderr.trimEnd().split('\n');
}

describe('the suggested command line', () => {
  it.each<[argv: string[], what: string, line: string]>([
    [['a.png'], '"a.png" is a file, not a command', 'upload a.png'],
    [['my shot.png', 'a.png'], '"my shot.png" is a file, not a command', "upload 'my shot.png' a.png"],
    [['shots'], '"shots" is a folder, not a command', 'upload -r shots'],
    [['shots', '-r'], '"shots" is a folder, not a command', 'upload shots -r'],
    // It exists, so it is not a misspelled command.
    [['uplod'], '"uplod" is a file, not a command', 'upload uplod'],
    [['b.png', '-q'], '"b.png" is not a command', 'upload b.png -q'],
    [['*.png'], '"*.png" is not a command', "upload '*.png'"],
    [['shots/a'], '"shots/a" is not a command', 'upload shots/a'],
    [["it's.png"], '"it\'s.png" is not a command', "upload 'it'\\''s.png'"],
    [['-'], '"-" is not a command', 'upload -'],
    [['--', 'a.png'], '"a.png" is a file, not a command', 'upload -- a.png'],
    [['-q', 'upload', 'a.png'], '-q must come after the command', 'upload -q a.png'],
    [['-c', '4', 'upload', 'a.png'], '-c must come after the command', 'upload -c 4 a.png'],
    [['-r', 'shots'], '-r must come after the command', 'upload -r shots'],
    [['-rq', 'shots'], '-r must come after the command', 'upload -rq shots'],
    [['--format=json', 'a.png'], '--format must come after the command', 'upload --format=json a.png'],
    [['--json', 'config'], '--json must come after the command', 'config --json'],
    [['--no-color', 'doctor'], '--no-color must come after the command', 'doctor --no-color'],
    [['--port', '80'], '--port must come after the command', 'sandbox --port 80'],
    [['version'], 'there is no command "version"', '--version'],
    [['dreamina', 'upload', 'a.png'], "the program's name appears twice", 'upload a.png'],
    [
      ['upload', '-odd.png', 'a.png'],
      '"-odd.png" looks like a flag; put it after --',
      'upload a.png -- -odd.png',
    ],
    [
      ['-q', ...Array.from({ length: 20 }, () => 'a.png')],
      '-q must come after the command',
      `upload -q${' a.png'.repeat(10)} …`,
    ],
  ])('of %j', async (argv, what, line) => {
    expect(await read(argv)).toEqual([`error: ${what}`, `  Run: dreamina ${line}`]);
  });
});

describe('the nearest name', () => {
  it.each<[argv: string[], what: string]>([
    [['uplaod', 'a.png'], 'there is no command "uplaod"; did you mean upload?'],
    [['UPLOAD', 'a.png'], 'there is no command "UPLOAD"; did you mean upload?'],
    [['acc'], 'there is no command "acc"; did you mean accounts?'],
    [['logut'], 'there is no command "logut"; did you mean logout?'],
    [['hlep'], 'there is no command "hlep"; did you mean help?'],
    [['help', 'uplod'], 'there is no command "uplod"; did you mean upload?'],
    [['--verson'], 'there is no flag --verson; did you mean --version?'],
    [['--hlep'], 'there is no flag --hlep; did you mean --help?'],
    [
      ['upload', '--concurency', '3'],
      'dreamina upload has no flag --concurency; did you mean --concurrency?',
    ],
    [['upload', '--dryrun'], 'dreamina upload has no flag --dryrun; did you mean --dry-run?'],
    [['upload', '--dry_run'], 'dreamina upload has no flag --dry_run; did you mean --dry-run?'],
    [['upload', '--DRY-RUN'], 'dreamina upload has no flag --DRY-RUN; did you mean --dry-run?'],
    [['upload', '--man'], 'dreamina upload has no flag --man; did you mean --manifest?'],
    [['upload', '-json'], 'dreamina upload has no flag -json; did you mean --json?'],
    [['upload', '--progress'], 'dreamina upload has no flag --progress; did you mean --no-progress?'],
    [['upload', '--retry', '3'], 'dreamina upload has no flag --retry; did you mean --retries?'],
    [['upload', 'a.png', '--no-limits=1'], '--no-limits takes no value'],
    [['upload', '--json=true'], '--json takes no value'],
    [['upload', '--quiet='], '--quiet takes no value'],
    [['take.mp4#frame=last'], '"take.mp4#frame=last" is not a command'],
    [['shots/nigh?.png'], '"shots/nigh?.png" is not a command'],
    [['upload', '-#frame=last'], '"-#frame=last" looks like a flag; put it after --'],
    [['upload', '-R', 'shots'], 'dreamina upload has no flag -R; did you mean -r?'],
    [
      ['upload', '--format', 'jsno'],
      '--format must be text, json, ndjson, frames, omni or images; it is "jsno"; did you mean json?',
    ],
    [['completion', 'bsh'], '<shell> must be bash, zsh or fish; it is "bsh"; did you mean bash?'],
    [
      ['completion', "' for argument 'x'."],
      "<shell> must be bash, zsh or fish; it is \"' for argument 'x'.\"",
    ],
  ])('to %j', async (argv, what) => {
    expect((await read(argv))[0]).toBe(`error: ${what}`);
  });

  it.each<[argv: string[], what: string, advice: string]>([
    [['frobnicate'], 'there is no command "frobnicate"', 'The commands are upload, login, '],
    [['help', 'frobnicate'], 'there is no command "frobnicate"', 'The commands are upload, login, '],
    [[''], 'there is no command ""', 'The commands are upload, login, '],
    [['upload', '-x'], 'dreamina upload has no flag -x', '`dreamina upload --help` lists its flags.'],
    [
      ['upload', '--frobnicate=s3cret'],
      'dreamina upload has no flag --frobnicate',
      '`dreamina upload --help` lists its flags.',
    ],
    [
      ['upload', '--fault', 'x'],
      '--fault is a flag of sandbox, not of upload',
      '`dreamina upload --help` lists its flags.',
    ],
    [['upload', '-c'], '--concurrency needs a value: -c, --concurrency <n>', ''],
    [['upload', '--format'], '--format needs a value: --format <format>', ''],
    [['sandbox', '--api', 'new'], '--api must be legacy, current or both; it is "new"', ''],
    [['--json'], '--json must come after its command: upload, accounts, config or doctor', ''],
    [
      ['completion'],
      'dreamina completion needs <shell>: bash, zsh or fish',
      '`dreamina completion --help` shows its usage.',
    ],
    [
      ['config', 'help'],
      'dreamina config takes no arguments; unexpected "help"',
      '`dreamina config --help` shows its usage.',
    ],
    [
      ['help', 'upload', 'x'],
      'dreamina help takes one argument; unexpected "x"',
      '`dreamina help --help` shows its usage.',
    ],
    [
      ['upload', '--\x1b[2J'],
      'dreamina upload has no flag "--\\u001b[2J"',
      '`dreamina upload --help` lists its flags.',
    ],
  ])('is missing if nothing is near %j', async (argv, what, advice) => {
    const [error, below = ''] = await read(argv);
    expect(error).toBe(`error: ${what}`);
    expect(below.trim().startsWith(advice)).toBe(true);
  });

  it('is cut if the words are too long', async () => {
    for (const argv of [
      ['x'.repeat(100_000)],
      [`--${'x'.repeat(100_000)}`],
      ['upload', `-${'x'.repeat(100_000)}`],
    ]) {
      expect((await read(argv)).join('').length).toBeLessThan(300);
    }
  });
});

describe('a token in the command', () => {
  const secret = 'op4que-s3cret';
  it.each<[argv: string[], what: string]>([
    [['upload', '--token', secret, 'a.png'], 'there is no --token'],
    [['--token'], 'there is no --token'],
    [['--token', secret], 'there is no --token'],
    [[`--token=${secret}`, 'upload', 'a.png'], 'there is no --token'],
    [['login', '--token', secret], 'there is no --token'],
    [['accounts', '--api-key', secret], 'there is no --api-key'],
    [['upload', '--useapi-token', secret], 'there is no --useapi-token'],
    [['upload', '--concurency', '3', '--token', secret], 'there is no --token'],
    [['user:1-s3cret'], 'do not put a token on the command line'],
    [['login', 'user:1-s3cret'], 'do not put a token on the command line'],
    [['upload', '-tuser:1-s3cret'], 'do not put a token on the command line'],
  ])('is not repeated: %j', async (argv, what) => {
    const lines = await read(argv);
    expect(lines).toEqual([
      `error: ${what}: other users of this machine can see the arguments of a command`,
      '  Run `dreamina login`, or set DREAMINA_TOKEN; `dreamina login --with-token` reads standard input.',
    ]);
  });

  it('does not include the flag --with-token', async () => {
    expect(await read(['upload', '--with-token'])).toContain(
      'error: --with-token is a flag of login, not of upload',
    );
  });
});

describe('help', () => {
  it('prints what --help prints', async () => {
    for (const command of ['upload', 'login', 'logout', 'sandbox', 'completion', 'help']) {
      expect(await runCli(['help', command])).toMatchObject({
        exitCode: 0,
        stderr: '',
        stdout: (await runCli([command, '--help'])).stdout,
      });
    }
    expect((await runCli(['help'])).stdout).toBe((await runCli(['--help'])).stdout);
  });
});

describe('an error of the command line', () => {
  it('is coloured like every other error', async () => {
    const env = { FORCE_COLOR: '1' };
    for (const argv of [['uplaod'], ['upload', '--dryrun'], ['upload', '-c']]) {
      expect((await runCli(argv, { env })).stderr).toMatch(/^\x1b\[31merror:\x1b\[39m /);
      expect((await runCli([...argv, '--no-color'], { env })).stderr).toMatch(
        argv.at(-1) === '-c' ? /./ : /^error: /,
      );
    }
  });
});
