// How fast the built command is, against rivals on the same machine in the same run; prints a table in Markdown.
//
//   npm run bench                 all of it, some minutes
//   npm run bench -- start one    some parts of it: start, one, many, memory, videos, clips, scale, again,
//                                 interrupt, fit
//
// It needs curl, xargs and sha256sum; for the clips and fit ffmpeg and ffprobe too.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTurn, measureInterruption, median, ratio, reporting } from './measure.mjs';

const fromHere = (path) => fileURLToPath(new URL(path, import.meta.url));
const command = fromHere('../../bin/dreamina.js');
const node = process.execPath;
const image = await readFile(fromHere('../fixtures/night.png'));
const miB = 1024 * 1024;

const work = await mkdtemp(join(tmpdir(), 'dreamina-bench-'));
const servers = [];

/** A folder of PNG files of that size, no two of them the same. */
async function makeImages(count, bytes) {
  const folder = join(work, `${count}-${bytes}`);
  await mkdir(folder, { recursive: true });
  const files = [];
  for (let i = 0; i < count; i += 1) {
    const file = join(folder, `${i}.png`);
    await writeFile(file, Buffer.concat([image, randomBytes(bytes - image.length)]));
    files.push(file);
  }
  return { folder, files, bytes: count * bytes };
}

/** The environment that points the command, and its rivals, at a server. */
async function startServer(latencyMs) {
  const server = spawn(node, [fromHere('server.mjs'), String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  const [port] = await once(server.stdout, 'data');
  return {
    PATH: process.env.PATH,
    HOME: work,
    DREAMINA_API_URL: `http://127.0.0.1:${String(port).trim()}/v1/dreamina`,
    DREAMINA_TOKEN: 'user:1000-bench',
    DREAMINA_ACCOUNT: 'US:bench@example.com',
  };
}

const upload = (...args) => [node, ...reporting, command, 'upload', ...args];

/** curl's own parallel mode, with a list of transfers as in its manual. */
async function curlParallel(files, env) {
  const list = join(work, 'curl.cfg');
  const transfers = files.map((file) =>
    [
      `url = "${uploadUrl(env)}"`,
      'request = POST',
      `header = "Authorization: Bearer ${env.DREAMINA_TOKEN}"`,
      'header = "Content-Type: image/png"',
      'header = "Expect:"',
      `data-binary = "@${file}"`,
      'output = /dev/null',
    ].join('\n'),
  );
  await writeFile(list, transfers.join('\nnext\n'));
  return ['curl', '--fail', '--silent', '--parallel', '--parallel-max', '8', '--config', list];
}

/** A curl for each file, eight at once. */
async function curlByXargs(files, env) {
  const list = join(work, 'files');
  await writeFile(list, files.join('\0'));
  const curl = [
    'curl --fail --silent --output /dev/null --data-binary @{}',
    `-H "Authorization: Bearer ${env.DREAMINA_TOKEN}" -H "Content-Type: image/png" -H Expect:`,
    uploadUrl(env),
  ].join(' ');
  return ['sh', '-c', `xargs -0 -P 8 -I '{}' ${curl} < ${list}`];
}

function uploadUrl(env) {
  return `${env.DREAMINA_API_URL}/assets/${encodeURIComponent(env.DREAMINA_ACCOUNT)}`;
}

const hasProgram = (program) => spawnSync(program, ['-version']).status === 0;

/** Empties the page cache, for root on Linux; returns whether it could. */
function dropCaches() {
  const drop = 'sync && echo 3 > /proc/sys/vm/drop_caches';
  return spawnSync('sh', ['-c', drop], { stdio: 'ignore' }).status === 0;
}

/**
 * Clips of 5 to 45 MB in four forms, no two the same: MP4 with its index in front and at the end, WebM, and MP3. Noise
 * makes them large; each is cut to another length.
 */
async function makeClips(count) {
  const [sources, folder] = [join(work, 'sources'), join(work, 'clips')];
  await mkdir(sources);
  await mkdir(folder);
  const ffmpeg = (...args) => execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args]);
  const pixels =
    '-f rawvideo -pixel_format yuv420p -video_size 640x360 -framerate 30 -t 14.9 -i /dev/urandom';
  const tone = '-f lavfi -i sine=duration=14.9';
  const encode = (name, args) => ffmpeg(...args.split(' '), join(sources, name));
  const rates = [8, 16, 24];
  for (const rate of rates) {
    const limit = `-b:v ${rate}M -maxrate ${rate}M -bufsize ${rate}M`;
    encode(`${rate}.mp4`, `${pixels} ${tone} -c:v libx264 -preset ultrafast ${limit} -c:a aac`);
    encode(
      `${rate}.webm`,
      `${pixels} ${tone} -c:v libvpx -deadline realtime -cpu-used 16 ${limit} -c:a libopus`,
    );
  }
  encode(
    'audio.mp3',
    '-f s16le -ar 44100 -ac 2 -t 390 -i /dev/urandom -c:a libmp3lame -b:a 320k -compression_level 9',
  );
  for (let i = 0; i < count; i += 1) {
    const share = i / count;
    const rate = rates[i % rates.length];
    const [extension, source, secondsLong, flags] = [
      ['mp4', `${rate}.mp4`, 6 + 8.9 * share, []],
      ['mp4', `${rate}.mp4`, 6 + 8.9 * share, ['-movflags', '+faststart']],
      ['webm', `${rate}.webm`, 6 + 8.9 * share, []],
      // Longer than an MP3 may be for an upload; a shorter one would not have 5 MB.
      ['mp3', 'audio.mp3', 130 + 250 * share, []],
    ][i % 4];
    const cut = ['-t', secondsLong.toFixed(3), '-c', 'copy', ...flags];
    ffmpeg('-i', join(sources, source), ...cut, join(folder, `${i}.${extension}`));
  }
  return folder;
}

const rows = [];
function row(what, ours, rival, theirs, value, aim) {
  rows.push([what, ours, rival, theirs, value, aim]);
  console.error(`${what}: ${value} (at most ${aim})`);
}

const ms = (results) => `${Math.round(median(results.map(({ wall }) => wall)) * 1000)} ms`;
const seconds = (results, figure = 'wall') =>
  `${median(results.map((result) => result[figure])).toFixed(2)} s`;
const times = (value) => value.toFixed(2);

/** A version, as the program prints it first. */
const versionOf = (program, pattern) => pattern.exec(execFileSync(program, ['--version']).toString())[1];

const parts = {
  async start() {
    const env = await startServer(0);
    for (const flag of ['--version', '--help']) {
      const [ours, bare] = await inTurn(
        40,
        [
          [node, command, flag],
          [node, '-e', '0'],
        ],
        env,
      );
      row(`\`dreamina ${flag}\``, ms(ours), 'node -e 0', ms(bare), times(ratio(ours, bare, 'wall')), '1.25');
    }
  },

  async one() {
    const env = await startServer(0);
    const { files } = await makeImages(1, 100_000);
    const [ours, script] = await inTurn(
      40,
      [
        [node, command, 'upload', ...files],
        [node, fromHere('fetch-script.mjs'), ...files],
      ],
      env,
    );
    row(
      'one image of 100 kB',
      ms(ours),
      'a script with fetch',
      ms(script),
      times(ratio(ours, script, 'wall')),
      '1.00',
    );
  },

  async many() {
    const { files } = await makeImages(200, 2_000_000);
    for (const [latencyMs, most] of [
      [0, '0.90'],
      [50, '0.95'],
    ]) {
      const env = await startServer(latencyMs);
      const [ours, curl, xargs, loop] = await inTurn(
        7,
        [
          upload('-c', '8', ...files),
          await curlParallel(files, env),
          await curlByXargs(files, env),
          [node, ...reporting, fromHere('undici-loop.mjs'), ...files],
        ],
        env,
      );
      const what = `200 x 2 MB, 8 in flight, latency ${latencyMs} ms`;
      const [wall, cpu] = [seconds(ours), seconds(ours, 'cpu')];
      row(what, wall, 'curl --parallel', seconds(curl), times(ratio(ours, curl, 'wall')), most);
      row(what, wall, 'xargs -P8 curl', seconds(xargs), times(ratio(ours, xargs, 'wall')), '0.80');
      row(
        `${what}: CPU`,
        cpu,
        'a bare undici loop',
        seconds(loop, 'cpu'),
        times(ratio(ours, loop, 'cpu')),
        '1.25',
      );
    }
  },

  async memory() {
    const env = await startServer(0);
    const { folder } = await makeImages(200, 9_900_000);
    const inFlightMiB = (8 * 9_900_000) / miB;
    const [ours, bare] = await inTurn(
      3,
      [upload('-c', '8', '-r', folder), [node, ...reporting, '-e', '0']],
      env,
    );
    const [peak, floor] = [ours, bare].map((results) => median(results.map(({ peakMiB }) => peakMiB)));
    row(
      '200 x 9.9 MB, 8 in flight: peak memory',
      `${peak.toFixed(0)} MiB`,
      'bytes in flight + node -e 0',
      `${(inFlightMiB + floor).toFixed(0)} MiB`,
      `${(peak - inFlightMiB - floor).toFixed(0)} MiB more`,
      '60 MiB more',
    );
  },

  async videos() {
    const env = await startServer(0);
    const folder = join(work, 'videos');
    await mkdir(folder);
    const clip = await readFile(fromHere('../clips/clip.mp4'));
    const size = 50_000_000;
    // A box that is skipped makes it large; the content of the box makes each clip different.
    const head = Buffer.alloc(8);
    head.writeUInt32BE(size - clip.length);
    head.write('free', 4);
    for (let i = 0; i < 64; i += 1) {
      await writeFile(
        join(folder, `${i}.mp4`),
        Buffer.concat([clip, head, randomBytes(size - clip.length - head.length)]),
      );
    }
    const [ours] = await inTurn(3, [upload('-c', '64', '-r', folder)], env);
    const peak = Math.max(...ours.map(({ peakMiB }) => peakMiB));
    row(
      '64 x 50 MB, 64 in flight: peak memory',
      `${peak.toFixed(0)} MiB`,
      'bytes in flight',
      '256 MiB',
      `${(peak - 256).toFixed(0)} MiB more`,
      '120 MiB more',
    );
    await rm(folder, { recursive: true });
  },

  async clips() {
    if (!hasProgram('ffmpeg') || !hasProgram('ffprobe')) {
      console.error('clips: skipped, because there is no ffmpeg');
      return;
    }
    const folder = await makeClips(200);
    const env = { PATH: process.env.PATH, HOME: work };
    const check = [node, command, 'upload', '--dry-run', '--no-limits', '-r', folder];
    const ffprobe = [
      'sh',
      '-c',
      `find ${folder} -type f -print0 | xargs -0 -n1 -P2 ffprobe -v error -show_entries format=duration:stream=width,height`,
    ];
    for (const cache of ['cold', 'warm']) {
      const beforeEach = cache === 'cold' ? dropCaches : undefined;
      if (cache === 'cold' && !dropCaches()) {
        console.error('clips: not measured cold, because the page cache cannot be dropped');
        continue;
      }
      const [ours, theirs] = await inTurn(3, [check, ffprobe], env, beforeEach);
      row(
        `checking 200 clips of 5 to 45 MB, ${cache}`,
        seconds(ours),
        'xargs -P2 ffprobe',
        seconds(theirs),
        times(ratio(ours, theirs, 'wall')),
        '0.25',
      );
    }
    await rm(folder, { recursive: true });
  },

  async scale() {
    const env = await startServer(0);
    const [few, many] = [await makeImages(1000, 10_000), await makeImages(10_000, 10_000)];
    const [small, large] = await inTurn(
      3,
      [upload('-c', '16', '-r', few.folder), upload('-c', '16', '-r', many.folder)],
      env,
    );
    row(
      '10,000 x 10 kB, 16 in flight, per file',
      `${(median(large.map(({ wall }) => wall)) / 10).toFixed(2)} ms`,
      'the same for 1,000',
      `${median(small.map(({ wall }) => wall)).toFixed(2)} ms`,
      times(ratio(large, small, 'wall') / 10),
      '1.10',
    );
  },

  async again() {
    const env = await startServer(0);
    const { folder, files } = await makeImages(200, 2_000_000);
    const manifest = join(work, 'refs.manifest');
    // The uncounted round is the first run, which fills the manifest.
    const [ours, sums] = await inTurn(
      7,
      [upload('-r', folder, '--manifest', manifest), ['sha256sum', ...files]],
      env,
    );
    row(
      'second run with `--manifest`, 200 x 2 MB',
      seconds(ours),
      'sha256sum',
      seconds(sums),
      times(ratio(ours, sums, 'wall')),
      '1.60',
    );
  },

  async interrupt() {
    const env = await startServer(600_000);
    const list = join(work, 'list');
    await writeFile(list, `${fromHere('../fixtures/night.png')}\n`.repeat(200_000));
    const takes = [];
    for (let round = 0; round < 5; round += 1) {
      takes.push(await measureInterruption(upload('--files-from', list, '--json', '-v'), env, 'sending'));
    }
    const endedMs = 1000 * median(takes);
    row(
      'Ctrl-C with 200,000 files',
      `${endedMs.toFixed(0)} ms`,
      'what is promised',
      '1000 ms',
      times(endedMs / 1000),
      '1.00',
    );
  },

  /** Prints its own figures. */
  async fit() {
    const { status } = spawnSync(node, [fromHere('fit.mjs')], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  },
};

const chosen = process.argv.slice(2);
try {
  for (const name of chosen.length > 0 ? chosen : Object.keys(parts)) {
    await parts[name]();
  }
} finally {
  for (const server of servers) {
    server.kill();
  }
  await rm(work, { recursive: true });
}

const today = new Date().toISOString().slice(0, 10);
console.log(`
${today}, Node ${process.version}, ${process.platform}, ${cpus().length} x ${cpus()[0].model.trim()},
curl ${versionOf('curl', /curl (\S+)/)}, sha256sum ${versionOf('sha256sum', /([\d.]+)$/m)}. Medians, in turn.

| what | takes | rival | takes | ratio | aim, at most |
| --- | --- | --- | --- | --- | --- |
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`);
