import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { envFor, rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli, type World } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

/** A folder with one of each kind of file. */
async function folder(): Promise<string> {
  const cwd = await tempDir();
  await copyFile(fixture('night.png').file, join(cwd, 'night.png'));
  await mkdir(join(cwd, 'shots'));
  await mkdir(join(cwd, 'empty-folder'));
  const contents: Readonly<Record<string, string | Buffer>> = {
    'empty.png': '',
    'photo.bmp': Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]),
    'notes.png': 'just text',
    'page.pdf': '%PDF-1.7\n',
    'bom.jpg': Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0xd8, 0xff, 0xe0]),
    'large.png': Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(10_485_753)]),
    'evil\x1b[2J\u202egnp.txt': 'text',
    'list.txt': 'night.png\nmissing.png\n',
    'wrong.json': '{"concurrency": "many", "acount": "US:a@b.co"}',
    'broken.yaml': 'token: [user:1-secret',
    'foreign.ndjson': '{"some": "thing"}\n',
  };
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(cwd, name), content);
  }
  return cwd;
}

/** The text on standard error, without the parts that differ from run to run. */
async function stderrOf(args: readonly string[], world: World = {}): Promise<string> {
  const cwd = await folder();
  const { stderr, exitCode } = await runCli(args, { cwd, ...world });
  return `${stderr
    .replaceAll(cwd, '<folder>')
    .replace(/127\.0\.0\.1:\d+/g, '<server>')
    .replace(/in [\d.]+m?s/g, 'in <time>')}exit ${exitCode}\n`;
}

// People read these texts when something has gone wrong: read the snapshot as one of them.
describe('the text on standard error', () => {
  it.each([
    'upload',
    'upload missing.png *.gif shots',
    'upload -r empty-folder',
    'upload --files-from list.txt',
    'upload --files-from no-list.txt',
    'upload -0 night.png',
    'upload --sandbox night.png -c 100',
    'upload --sandbox night.png --retries some',
    'upload --sandbox night.png --timeout 0',
    'upload --sandbox night.png -a me@example.com',
    'upload --sandbox night.png --format xml',
    'upload --sandbox night.png --json --format text',
    'upload --sandbox night.png -q -v',
    'upload --sandbox night.png --max-age 7d',
    'upload --sandbox night.png --manifest foreign.ndjson',
    'upload --sandbox night.png --manifest shots',
    `upload --sandbox${' night.png'.repeat(11)} --format frames`,
    'upload --concurency 3 night.png',
    'uplod night.png',
    'upload night.png',
    'upload night.png --config wrong.json',
    'upload night.png --config broken.yaml',
    'upload night.png --config none.json',
    'sandbox --fault flood:1',
  ])('of %s', async (command) => {
    expect(await stderrOf(command.split(' '))).toMatchSnapshot();
  });

  it('of files that cannot be sent', async () => {
    expect(
      await stderrOf([
        'upload',
        '--sandbox',
        'night.png',
        'empty.png',
        'photo.bmp',
        'notes.png',
        'page.pdf',
        'bom.jpg',
        'large.png',
        'evil\x1b[2J\u202egnp.txt',
        '/dev/null',
      ]),
    ).toMatchSnapshot();
  });

  it.each([
    [
      400,
      { error: 'Content-Type (image/bmp) not supported. Valid values: image/jpeg, image/png, image/webp' },
    ],
    [401, { error: 'Unauthorized' }],
    [402, {}],
    [404, { error: 'Unable to find configuration for account US:name@example.com' }],
    [413, { error: 'Too large\x1b[2J' }],
    [429, { error: 'At capacity' }],
    [500, {}],
    [596, { error: 'Session expired' }],
    [200, { error: 'Something odd' }],
    [200, {}],
    [302, {}],
  ])('of an answer %i %j', async (status, body) => {
    const { env } = await rawServer((response) =>
      sendJson(response, status, body, status === 302 ? { location: 'https://elsewhere.example/' } : {}),
    );
    expect(await stderrOf(['upload', 'night.png', '--retries', '0'], { env })).toMatchSnapshot();
  });

  it('of a server that does not listen', async () => {
    const env = envFor('http://127.0.0.1:1/v1/dreamina');
    expect(await stderrOf(['upload', 'night.png', '--retries', '0'], { env })).toMatchSnapshot();
  });

  it('of a project that names its own server', async () => {
    const cwd = await folder();
    await writeFile(join(cwd, '.dreaminarc'), 'apiUrl: https://elsewhere.example/v1\n');
    const { stderr } = await runCli(['upload', 'night.png'], {
      cwd,
      env: { DREAMINA_TOKEN: 'user:1234-abcdef', DREAMINA_ACCOUNT: 'US:name@example.com' },
    });
    expect(stderr.replaceAll(cwd, '<folder>')).toMatchSnapshot();
  });
});
