// Draws the screenshots of the README and of .github/docs, each from a real run of the built command against its sandbox.
//
//   npm run screenshots
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));
const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const screenshots = new URL('../../.github/docs/screenshots/', import.meta.url);

const columns = 116;
const [cellWidth, cellHeight, margin] = [8.43, 19, 16];
/** The sixteen colours of a terminal, some of which the command uses; text without a colour is dark. */
const palette = { 1: '#ff7b72', 2: '#7ee787', 3: '#e3b341', 4: '#79c0ff', 6: '#56d4dd', 8: '#8b949e' };
const [background, foreground] = ['#0d1117', '#e6edf3'];

/** Runs a shell line on a pseudo-terminal and returns the screen, at its end or as soon as `until` matches. */
async function run(line, { cwd, env, until }) {
  const screen = new xterm.Terminal({ cols: columns, rows: 40, allowProposedApi: true });
  const write = (text) => new Promise((done) => screen.write(text, done));
  await write(`\x1b[90m$\x1b[0m ${line}\r\n`);
  const child = pty.spawn('/bin/sh', ['-c', line], { cols: columns, rows: 40, cwd, env });
  await new Promise((resolve) => {
    child.onData(async (data) => {
      await write(data);
      if (until?.test(readText(screen))) {
        child.kill();
        resolve();
      }
    });
    child.onExit(async () => {
      await write('');
      resolve();
    });
  });
  return screen;
}

function readRows(screen) {
  const { active } = screen.buffer;
  const rows = Array.from({ length: active.length }, (_, y) => active.getLine(y));
  const last = rows.findLastIndex((row) => row.translateToString(true) !== '');
  return rows.slice(0, last + 1);
}

function readText(screen) {
  return readRows(screen)
    .map((row) => row.translateToString(true))
    .join('\n');
}

function escapeXml(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** One row as runs of text of one colour each. */
function drawRow(row, y) {
  const runs = [];
  for (let x = 0; x < row.length; x += 1) {
    const cell = row.getCell(x);
    const colour = cell.isDim() ? palette[8] : cell.isFgPalette() ? palette[cell.getFgColor()] : undefined;
    const last = runs.at(-1);
    if (last?.colour === (colour ?? foreground)) {
      last.text += cell.getChars() || ' ';
    } else {
      runs.push({ x, colour: colour ?? foreground, text: cell.getChars() || ' ' });
    }
  }
  return runs
    .filter(({ text }) => text.trim() !== '')
    .map(({ x, colour, text }) => {
      const [left, top] = [margin + x * cellWidth, margin + (y + 0.75) * cellHeight];
      return `<text xml:space="preserve" x="${left.toFixed(1)}" y="${top.toFixed(1)}" fill="${colour}">${escapeXml(text.trimEnd())}</text>`;
    })
    .join('\n');
}

async function draw(name, title, screen) {
  const rows = readRows(screen);
  const [width, height] = [2 * margin + columns * cellWidth, 2 * margin + rows.length * cellHeight];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<rect width="100%" height="100%" rx="8" fill="${background}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${rows.map(drawRow).filter(Boolean).join('\n')}
</g>
</svg>
`;
  await writeFile(new URL(`${name}.svg`, screenshots), svg);
  console.log(`\n${name}:\n${readText(screen)}`);
}

/** A sandbox in its own process, and the environment that points at it. */
async function startSandbox(args) {
  const server = spawn(process.execPath, [command, 'sandbox', '--quiet', ...args]);
  let text = '';
  while (text.split('\n').length <= 3) {
    text += (await once(server.stdout, 'data'))[0];
  }
  return {
    server,
    env: Object.fromEntries(
      [...text.matchAll(/export (\w+)='(.*)'/g)].map(([, name, value]) => [name, value]),
    ),
  };
}

const home = await mkdtemp(join(tmpdir(), 'dreamina-screenshots-'));
const sandboxes = [];
try {
  await mkdir(screenshots, { recursive: true });
  const bin = join(home, 'bin');
  const shots = join(home, 'shots');
  await mkdir(bin);
  await symlink(command, join(bin, 'dreamina'));
  await cp(fixtures, shots, { recursive: true });
  const base = { HOME: home, TERM: 'xterm-256color', PATH: `${bin}:${process.env.PATH}` };

  await draw(
    'first-run',
    'dreamina upload --sandbox prints a reference for each image',
    await run('dreamina upload --sandbox shots/sunset.jpg shots/night.png', { cwd: home, env: base }),
  );

  const slow = await startSandbox(['--latency', '400']);
  sandboxes.push(slow.server);
  const many = join(home, 'frames');
  await mkdir(many);
  const image = await readFile(join(shots, 'spinner.png'));
  for (let i = 1; i <= 60; i += 1) {
    await writeFile(join(many, `${i}.png`), Buffer.concat([image, Buffer.alloc(600_000, i)]));
  }
  await draw(
    'progress',
    'A batch in progress: files, bytes, rate and time left',
    await run('dreamina upload -r frames > refs.txt', {
      cwd: home,
      env: { ...base, ...slow.env },
      until: /2\d\/60 files.*left/,
    }),
  );

  const busy = await startSandbox(['--fault', '500:1.0']);
  sandboxes.push(busy.server);
  await writeFile(join(shots, 'poster.heic'), Buffer.from('00000018667479706865696300000000', 'hex'));
  await draw(
    'failure',
    'Failures name the file, say what is wrong and what to do',
    await run('dreamina upload shots/poster.heic shots/night.png --retries 1', {
      cwd: home,
      env: { ...base, ...busy.env },
    }),
  );
} finally {
  for (const server of sandboxes) {
    server.kill();
  }
  await rm(home, { recursive: true });
}
