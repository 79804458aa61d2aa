// How much memory a large batch takes compared with a small one: 10,000 and 100 files of 10 kB, 16 in flight, sent by
// the built command to the sandbox in a process of its own.
//
//   npm run bench
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));
const picture = await readFile(new URL('../fixtures/night.png', import.meta.url));
const fileBytes = 10_000;
const mostDifferenceMiB = 40;

// Runs in the measured process, after all of its work, and reports the largest resident set it had, in KiB.
const reportPeak = `data:text/javascript,process.on('exit',()=>console.error('peak='+process.resourceUsage().maxRSS))`;

async function makeFolder(files) {
  const folder = await mkdtemp(join(tmpdir(), 'dreamina-bench-'));
  for (let i = 0; i < files; i += 1) {
    // Padding that differs, so that no two files are the same.
    const padding = Buffer.alloc(fileBytes - picture.length, `${i} `);
    await writeFile(join(folder, `${i}.png`), Buffer.concat([picture, padding]));
  }
  return folder;
}

async function startSandbox() {
  const server = spawn(process.execPath, [command, 'sandbox', '--quiet']);
  let text = '';
  while (text.split('\n').length <= 3) {
    text += (await once(server.stdout, 'data'))[0];
  }
  const exports = [...text.matchAll(/export (\w+)='(.*)'/g)].map(([, name, value]) => [name, value]);
  return { server, env: { ...process.env, ...Object.fromEntries(exports) } };
}

async function measure(folder, files, env) {
  const args = ['--import', reportPeak, command, 'upload', '--recursive', folder, '--concurrency', '16'];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env });
  let references = 0;
  let errors = '';
  child.stdout.on('data', (chunk) => {
    references += chunk.toString().split('\n').length - 1;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || references !== files) {
    throw new Error(`${files} files: exit ${code}, ${references} references\n${errors}`);
  }
  const peakMiB = Number(/peak=(\d+)/.exec(errors)[1]) / 1024;
  return { files, seconds: (performance.now() - startedAt) / 1000, peakMiB };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const { server, env } = await startSandbox();
const folders = new Map();
try {
  const peaks = new Map();
  for (const files of [100, 10_000]) {
    folders.set(files, await makeFolder(files));
    peaks.set(files, []);
  }
  for (let round = 1; round <= 3; round += 1) {
    for (const [files, folder] of folders) {
      const { seconds, peakMiB } = await measure(folder, files, env);
      peaks.get(files).push(peakMiB);
      console.log(
        `round ${round}: ${files} files in ${seconds.toFixed(1)} s, peak ${peakMiB.toFixed(0)} MiB`,
      );
    }
  }
  const [small, large] = [100, 10_000].map((files) => median(peaks.get(files)));
  console.log(`\nNode ${process.version}, ${process.platform}. Peak memory, medians of three rounds:`);
  console.log(`   100 files  ${small.toFixed(0)} MiB`);
  console.log(
    `10,000 files  ${large.toFixed(0)} MiB  (+${(large - small).toFixed(0)}, at most +${mostDifferenceMiB} is the aim)`,
  );
} finally {
  server.kill();
  await Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true })));
}
