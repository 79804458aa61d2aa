/** Compares `--fit` with the same work by hand. Needs ffmpeg, sharp and heic-decode. */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { makeHeic } from './make-heic.mjs';
import { inTurn, measureTreePeak, median, ratio, reporting } from './measure.mjs';

const rounds = Number(process.env.FIT_ROUNDS ?? 3);
const maxRatio = 1.1;
const maxBatchMiB = 700;
const folder = mkdtempSync(join(tmpdir(), 'dreamina-bench-'));
const env = { ...process.env, HOME: folder };
const script = fileURLToPath(new URL('fit-run.mjs', import.meta.url));
const node = (who, files) => [process.execPath, ...reporting, script, who, ...files];
let isGood = true;

try {
  const heics = copies(await makePhoto(), 20);
  const pngs = copies(await makeRender(), 20);
  const clip = makeClip();
  const byHand = [
    'ffmpeg',
    '-nostdin',
    '-v',
    'error',
    '-y',
    '-i',
    clip,
    '-t',
    '15.3',
    '-map',
    '0:V:0',
    '-map',
    '0:a:0?',
  ];
  byHand.push(
    '-c:v',
    'libx264',
    '-preset',
    'fast',
    '-crf',
    '18',
    '-profile:v',
    'high',
    '-maxrate',
    '22M',
    '-bufsize',
    '44M',
  );
  byHand.push(
    '-vf',
    'fps=30,format=yuv420p',
    '-c:a',
    'copy',
    '-movflags',
    '+faststart',
    join(folder, 'by-hand.mp4'),
  );
  await compare('a HEIC of 12 MP', node('ours', heics.slice(0, 1)), node('heic', heics.slice(0, 1)));
  await compare('20 PNGs of 25 MB', node('ours', pngs), node('png', pngs));
  await compare('a 1080p video of 40 s', node('ours', [clip]), byHand);
  await compare('20 HEICs of 12 MP, a process each by hand', node('ours', heics), xargs(heics, 1), 1);
  await compare('20 HEICs of 12 MP, ten a process by hand', node('ours', heics), xargs(heics, 10), 1);
  const peakMiB = await measureTreePeak(node('ours', heics), env);
  judge('peak of memory of that batch', peakMiB, maxBatchMiB, 'MiB');
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = isGood ? 0 : 1;

async function compare(name, ours, theirs, limit = maxRatio) {
  const [our, their] = await inTurn(rounds, [ours, theirs], env);
  const seconds = (results) => `${median(results.map((it) => it.wall)).toFixed(2)} s`;
  console.log(`${name}: ${seconds(our)}, by hand ${seconds(their)}`);
  judge('  ratio', ratio(our, their, 'wall'), limit, '');
}

function judge(name, figure, limit, unit) {
  const good = figure <= limit;
  isGood &&= good;
  console.log(`${name}: ${figure.toFixed(2)} ${unit} (at most ${limit})${good ? '' : ' TOO MUCH'}`);
}

/** By hand on all processors, like `xargs -P`. */
function xargs(files, perProcess) {
  const command = `printf '%s\\0' "$@" | xargs -0 -n ${perProcess} -P ${availableParallelism()} "${process.execPath}" "${script}" heic`;
  return ['sh', '-c', command, 'sh', ...files];
}

function copies(file, count) {
  return Array.from({ length: count }, (_, i) => {
    const copy = file.replace('.', `-${i}.`);
    copyFileSync(file, copy);
    return copy;
  });
}

async function makePhoto() {
  const path = join(folder, 'photo.heic');
  const flat = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  const { icc } = await sharp(await flat.withIccProfile('p3').png().toBuffer()).metadata();
  await makeHeic(path, 'mandelbrot=size=4032x3024', icc);
  return path;
}

/** Smooth shades under grain, badly compressed. */
async function makeRender() {
  const path = join(folder, 'render.png');
  const [width, height] = [3840, 2160];
  const pixels = randomFillSync(Buffer.alloc(width * height * 3));
  for (let i = 0; i < pixels.length; i += 1) {
    const x = (i / 3) % width;
    const y = i / 3 / width;
    pixels[i] = Math.min(255, (x / width) * 120 + (y / height) * 100 + (pixels[i] & 31));
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path);
  return path;
}

function makeClip() {
  const path = join(folder, 'clip.mkv');
  const video = 'testsrc2=size=1920x1080:rate=30:duration=40';
  const audio = 'sine=frequency=440:sample_rate=48000:duration=40';
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', video, '-f', 'lavfi', '-i', audio],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', path],
  ]);
  return path;
}
