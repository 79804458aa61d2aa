import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { fixture } from '../fixtures.ts';
import { exampleReference, rawServer, sendJson } from '../harness/raw-server.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { casesOf } from './cases.ts';
import { hostileText, token } from './hostile-text.ts';
import { runAndExpect } from './promises.ts';

/** No path leads out of the folder of the run: -r would read, and --manifest write, anywhere on this machine. */
const argument = hostileText.map((text) => text.replaceAll('/', '|').replaceAll('..', '.'));

const good = fc.constantFrom('a.png', 'shot[1].png', 'folder/b.jpg', '*.png', '**/*.jpg', '-');

const file = fc.oneof(
  { weight: 4, arbitrary: good },
  fc.constantFrom(
    'a.png',
    'shot[1].png',
    'folder',
    'folder/b.jpg',
    'list',
    'text.txt',
    '-',
    'absent.png',
    '',
  ),
  fc.constantFrom(
    '*.png',
    '**',
    '*',
    '{a,b}.png',
    '!',
    '!*',
    '!(a).png',
    '+(*.png|x)',
    '[',
    '[]',
    '{',
    '((((',
    '@(a|',
    '\\',
    '**/*.jpg',
  ),
  argument,
);

const commands = [
  'upload',
  'login',
  'accounts',
  'config',
  'doctor',
  'sandbox',
  'completion',
  'complete',
  'logout',
  'help',
];
const nearCommands = ['uplaod', 'Upload', 'logot', '__proto__', 'constructor', '', '--', '-'];

const uploadSwitches = [
  '--null',
  '-0',
  '-r',
  '--recursive',
  '--fail-fast',
  '--dry-run',
  '--sandbox',
  '-q',
  '--quiet',
  '-v',
  '--verbose',
  '--no-progress',
  '--no-annotations',
  '--no-config',
  '--no-color',
  '-qr',
];
const switches = [...uploadSwitches, '--with-token'];
const nearSwitches = [
  '--jsn',
  '--dry',
  '--no-json',
  '--token',
  '-x',
  '-',
  '--',
  '---',
  '-=',
  '--=x',
  '-h',
  '-V',
  '--version',
];

const uploadValues = [
  ['-a', 'US:name@example.com'],
  ['--account', 'US:name@example.com'],
  ['-c', '4'],
  ['--concurrency', '64'],
  ['--retries', '0'],
  ['--timeout', '5'],
  ['--format', 'ndjson'],
  ['--manifest', 'manifest'],
  ['--max-age', '7d'],
  ['--files-from', 'list'],
  ['--config', 'config.yaml'],
] as const;
const values = [
  ...uploadValues,
  ['--port', '0'],
  ['--api', 'legacy'],
  ['--latency', '1'],
  ['--fault', '429:0.5'],
  ['--seed', '7'],
] as const;

/** A flag with a value that is right, nearly right or wrong. */
function valued(pairs: readonly (readonly [name: string, right: string])[], wrong: number) {
  return fc
    .tuple(
      fc.constantFrom(...pairs),
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        {
          weight: wrong,
          arbitrary: fc.constantFrom('', '0', '-1', '1e3', '٣', '0x10', '65', '1.5', '9'.repeat(20)),
        },
        {
          weight: wrong,
          arbitrary: fc.constantFrom('-', '--json', 'a.png', 'folder', 'text.txt', token),
        },
        { weight: wrong, arbitrary: argument },
      ),
      fc.boolean(),
    )
    .map(([[name, right], value, isGlued]) => {
      // The name of an existing file is shown, whatever it is.
      const text = name === '--config' && value === token ? right : (value ?? right);
      return isGlued ? [name.startsWith('--') ? `${name}=${text}` : `${name}${text}`] : [name, text];
    });
}

const flags = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...switches).map((name) => [name]) },
  { weight: 5, arbitrary: valued(values, 1) },
  { weight: 1, arbitrary: fc.constantFrom(...nearSwitches).map((name) => [name]) },
  { weight: 1, arbitrary: argument.map((text) => [`--${text}`]) },
  // People try this; the token is not an argument, and must not be repeated.
  {
    weight: 1,
    arbitrary: fc.constantFrom([`--token=${token}`], ['--token', token], [`-t${token}`], [token]),
  },
);

const argv = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...commands, 'upload', 'upload', 'upload') },
      { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...nearCommands), argument) },
    ),
    fc.array(
      fc.oneof({ weight: 3, arbitrary: flags }, { weight: 2, arbitrary: file.map((name) => [name]) }),
      {
        maxLength: 6,
      },
    ),
  )
  .map(([command, rest]) => [command, ...rest.flat()]);

/**
 * Only flags that the command has, `--json` first, so that no flag takes it for its value; most of these arguments
 * are accepted.
 */
const argvForJson = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(
          fc.oneof(
            fc.constantFrom(...uploadSwitches.slice(2)).map((name) => [name]),
            valued(
              uploadValues.filter(([name]) => name !== '--format'),
              0,
            ),
          ),
          { maxLength: 4 },
        ),
        fc.array(fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: file }), {
          minLength: 1,
          maxLength: 3,
        }),
      )
      .map(([some, files]) => ['upload', '--json', ...some.flat(), '--', ...files]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('config', 'accounts', 'doctor'),
        fc.subarray(['--no-config', '--config=config.yaml', '--no-color'], { maxLength: 1 }),
      )
      .map(([command, some]) => [command, '--json', ...some]),
  },
);

test('a run keeps its promises, whatever its arguments are', async () => {
  const server = await rawServer((response, request) =>
    sendJson(
      response,
      200,
      request.method === 'POST' ? { imageRef: exampleReference } : { 'US:name@example.com': {} },
    ),
  );
  const homeDir = await tempDir();
  const cwd = join(homeDir, 'work');
  const refill = async () => {
    await mkdir(join(cwd, 'folder'), { recursive: true });
    await copyFile(fixture('night.png').file, join(cwd, 'a.png'));
    await copyFile(fixture('logo.webp').file, join(cwd, 'shot[1].png'));
    await copyFile(fixture('sunset.jpg').file, join(cwd, 'folder', 'b.jpg'));
    await writeFile(join(cwd, 'text.txt'), 'no image');
    await writeFile(join(cwd, 'list'), 'a.png\nfolder/b.jpg\n');
    await writeFile(join(cwd, 'config.yaml'), 'retries: 1\n');
  };
  await refill();
  const usual = (await readdir(cwd)).length;
  const env = {
    DREAMINA_API_URL: server.apiUrl,
    DREAMINA_TOKEN: token,
    DREAMINA_ACCOUNT: 'US:name@example.com',
  };
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        argv.map((all) => ({ all, isJson: false })),
        argvForJson.map((all) => ({ all, isJson: true })),
      ),
      fc.oneof(fc.constant(token), fc.constant('a.png'), hostileText),
      async ({ all, isJson }, stdin) => {
        const interruption = new AbortController();
        const { exitCode, stdout } = await runAndExpect(
          all,
          {
            env,
            homeDir,
            cwd,
            stdin,
            signal: interruption.signal,
            // The sandbox runs until it is interrupted.
            onStdout: (text) => {
              if (text.startsWith('export ')) {
                interruption.abort(new Interruption('SIGINT'));
              }
            },
          },
          { exitCodes: [0, 1, 2, 3, 4], form: isJson ? 'json' : 'text' },
        );
        if (isJson && exitCode !== 2 && exitCode !== 4 && all[0] !== 'accounts') {
          expect(stdout).not.toBe('');
        }
        if ((await readdir(cwd)).length !== usual) {
          await rm(cwd, { recursive: true });
          await refill();
        }
        await rm(join(homeDir, '.config'), { recursive: true, force: true });
      },
    ),
    casesOf('command line'),
  );
});
