/**
 * Converts files and exits: `node fit-run.mjs ours FILE…` with the fitter, `node fit-run.mjs heic|png FILE…` with a
 * script as people write it, which converts one file after the other.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const maxBytes = 10_485_760;
const [who, ...files] = process.argv.slice(2);
await { ours: fitAll, heic: convertHeics, png: shrinkPngs }[who](files);

async function fitAll(paths) {
  const { Fitter } = await import('../../dist/fit/fitter.js');
  const fitter = new Fitter(
    { noLimits: false, fitDir: undefined },
    {
      env: process.env,
      platform: process.platform,
      tempDir: tmpdir(),
      userId: process.getuid?.(),
      cores: availableParallelism(),
      now: Date.now,
    },
  );
  const { signal } = new AbortController();
  await Promise.all(
    paths.map(async (path) => {
      const plan = await fitter.plan(await fitter.loadSource(path, signal), {}, false, signal);
      if (plan.kind !== 'fit') {
        throw new Error(`${path}: ${plan.kind}`);
      }
      await (await fitter.fit(plan, path, signal)).discard();
    }),
  );
  await fitter.close();
}

async function convertHeics(paths) {
  const [{ default: decode }, { default: sharp }] = await Promise.all([
    import('heic-decode'),
    import('sharp'),
  ]);
  await intoFolder(paths, async (path, made) => {
    const { data, width, height } = await decode({ buffer: await readFile(path) });
    await sharp(data, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toFile(`${made}.jpg`);
  });
}

async function shrinkPngs(paths) {
  const { default: sharp } = await import('sharp');
  await intoFolder(paths, async (path, made) => {
    const png = await sharp(path).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
    if (png.length <= maxBytes) {
      await writeFile(`${made}.png`, png);
      return;
    }
    for (const quality of [95, 90, 85, 80]) {
      const jpeg = await sharp(path).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
      if (jpeg.length <= maxBytes) {
        await writeFile(`${made}.jpg`, jpeg);
        return;
      }
    }
  });
}

async function intoFolder(paths, convert) {
  const folder = await mkdtemp(join(tmpdir(), 'by-hand-'));
  for (const [i, path] of paths.entries()) {
    await convert(path, join(folder, String(i)));
  }
  await rm(folder, { recursive: true });
}
