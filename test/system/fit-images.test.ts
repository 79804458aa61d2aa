// Compares the images that --fit makes with exiftool and with decoders that it does not use: ffmpeg and heif-convert.

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { findProgram, runProgram } from './program.ts';

const run = promisify(execFile);

/** The pixels that ffmpeg decodes: three bytes per pixel, row by row. */
async function decode(path: string, filter = 'null'): Promise<Buffer> {
  const args = ['-v', 'error', '-i', path, '-frames:v', '1', '-vf', filter];
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const { stdout } = await run(await findProgram('ffmpeg'), [...args, ...output], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** Tags by name, as exiftool reads them. */
async function readTags(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await run(await findProgram('exiftool'), ['-json', '-n', path]);
  const [tags] = JSON.parse(stdout);
  return tags;
}

/** The mean difference of two images, from 0 to 255. */
function differenceOf(one: Buffer, other: Buffer): number {
  expect(one.length).toBe(other.length);
  return one.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.length;
}

/** The path of the file that the command converted. */
async function makeFit(source: string): Promise<string> {
  const { env } = await sandboxWith();
  const dir = join(await tempDir(), 'made');
  const result = await runCli(['upload', '--fit-dir', dir, '--json', source], {
    env: { ...env, PATH: process.env.PATH },
  });
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.json()).toMatchObject([{ status: 'uploaded', type: 'image' }]);
  const [name] = await readdir(dir);
  return join(dir, name!);
}

/** Draws an image with ffmpeg. */
async function draw(name: string, options: readonly string[] = [], into?: string): Promise<string> {
  const folder = into ?? (await tempDir());
  const pattern = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x200', '-frames:v', '1'];
  await runProgram('ffmpeg', [...pattern, ...options, name], folder);
  return join(folder, name);
}

describe('a converted image', () => {
  it.each(['a.tiff', 'a.bmp', 'a.gif'])('has the pixels of %s', async (name) => {
    const source = await draw(name);
    const made = await makeFit(source);
    expect(await readTags(made)).toMatchObject({ ImageWidth: 320, ImageHeight: 200 });
    expect(differenceOf(await decode(made), await decode(source))).toBeLessThan(2);
  });
});

describe('a photo with EXIF orientation', () => {
  it.each([
    [2, 'hflip'],
    [3, 'hflip,vflip'],
    [4, 'vflip'],
    [5, 'transpose=cclock_flip'],
    [6, 'transpose=clock'],
    [7, 'transpose=clock_flip'],
    [8, 'transpose=cclock'],
  ])('%i is turned upright, without the tag', async (orientation, filter) => {
    const source = await draw('a.jpg', ['-q:v', '1']);
    const upright = await decode(source, filter);
    await runProgram(
      'exiftool',
      ['-q', '-overwrite_original', '-n', `-Orientation=${orientation}`, source],
      '/',
    );
    const made = await makeFit(source);
    const { Orientation = 1, ImageWidth } = await readTags(made);
    expect([Orientation, ImageWidth]).toEqual([1, orientation < 5 ? 320 : 200]);
    expect(differenceOf(await decode(made), upright)).toBeLessThan(3);
  });
});

describe("a phone's HEIC in Display P3", () => {
  it('has the colours of heif-convert in sRGB, and no profile', async () => {
    const source = fileURLToPath(new URL('../fixtures/display-p3.heic', import.meta.url));
    const decoded = join(await tempDir(), 'decoded.png');
    await runProgram('heif-convert', [source, decoded], '/');
    const made = await makeFit(source);
    expect(await readTags(source)).toMatchObject({ ProfileDescription: 'sP3C' });
    expect(await readTags(made)).not.toHaveProperty('ProfileDescription');
    expect(differenceOf(await decode(made), toSrgb(await decode(decoded)))).toBeLessThan(3);
  });
});

describe('a HEIC', () => {
  it('has the pixels that heif-convert decodes', async () => {
    const folder = await tempDir();
    await draw('a.png', [], folder);
    await runProgram('heif-enc', ['-q', '90', 'a.png', '-o', 'a.heic'], folder);
    await runProgram('heif-convert', ['a.heic', 'decoded.png'], folder);
    const made = await makeFit(join(folder, 'a.heic'));
    expect(differenceOf(await decode(made), await decode(join(folder, 'decoded.png')))).toBeLessThan(3);
  });

  it('stays transparent', async () => {
    const folder = await tempDir();
    const half = ['-v', 'error', '-f', 'lavfi', '-i', 'color=red@0.5:size=40x30,format=rgba'];
    await runProgram('ffmpeg', [...half, '-frames:v', '1', 'a.png'], folder);
    await runProgram('heif-enc', ['a.png', '-o', 'a.heic'], folder);
    const made = await makeFit(join(folder, 'a.heic'));
    await runProgram('ffmpeg', ['-v', 'error', '-i', made, '-vf', 'alphaextract', 'alpha.png'], folder);
    const [level] = await decode(join(folder, 'alpha.png'));
    expect(level).toBeGreaterThan(120);
    expect(level).toBeLessThan(135);
  });
});

describe('an AVIF', () => {
  const encoded = (transfer: string) =>
    draw('a.avif', [
      ...['-c:v', 'libaom-av1', '-still-picture', '1', '-pix_fmt', 'yuv420p10le'],
      ...['-color_primaries', 'bt2020', '-colorspace', 'bt2020nc', '-color_trc', transfer],
    ]);

  it.each(['smpte2084', 'arib-std-b67'])('is refused if it is HDR: %s', async (transfer) => {
    const result = await runCli(['upload', '--dry-run', '--fit', '--json', await encoded(transfer)], {
      env: { PATH: process.env.PATH },
    });
    expect(result.json()).toMatchObject([
      {
        status: 'failed',
        error: { code: 'unsupported_type', message: 'it is HDR, and its colours cannot be converted' },
      },
    ]);
  });

  it('becomes a JPEG if it is not HDR', async () => {
    expect(await readTags(await makeFit(await encoded('bt709')))).toMatchObject({ MIMEType: 'image/jpeg' });
  });
});

/** Display P3 to sRGB, which share a transfer curve: the matrix of CSS Color 4. */
function toSrgb(displayP3: Buffer): Buffer {
  const result = Buffer.alloc(displayP3.length);
  for (let i = 0; i < displayP3.length; i += 3) {
    const [red, green, blue] = [0, 1, 2].map((channel) => toLinear(displayP3[i + channel]! / 255));
    const linear = [
      1.22494 * red! - 0.22494 * green!,
      -0.04206 * red! + 1.04206 * green!,
      -0.01964 * red! - 0.07864 * green! + 1.09827 * blue!,
    ];
    result.set(
      linear.map((value) => Math.round(255 * toCurve(Math.min(1, Math.max(0, value))))),
      i,
    );
  }
  return result;
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function toCurve(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

describe('an AVIF that states its colours by code', () => {
  const drawAvif = (...colours: readonly string[]) =>
    draw('a.avif', [
      // Orange in the numbers of Display P3, as long as nothing else is said.
      ...['-vf', 'drawbox=color=0xE17E38:t=fill,scale=out_color_matrix=bt709,format=yuv444p'],
      ...['-c:v', 'libaom-av1', '-still-picture', '1', '-crf', '5', '-cpu-used', '8'],
      ...['-colorspace', 'bt709', ...colours],
    ]);

  it('is converted from Display P3', async () => {
    const made = await makeFit(await drawAvif('-color_primaries', 'smpte432', '-color_trc', 'iec61966-2-1'));
    const [red, green, blue] = await decode(made);
    expect(Math.abs(red! - 240) + Math.abs(green! - 120) + Math.abs(blue! - 30)).toBeLessThan(15);
  });

  it('is left as it is if that is sRGB', async () => {
    const made = await makeFit(await drawAvif('-color_primaries', 'bt709', '-color_trc', 'iec61966-2-1'));
    const [red, green, blue] = await decode(made);
    expect(Math.abs(red! - 225) + Math.abs(green! - 126) + Math.abs(blue! - 56)).toBeLessThan(15);
  });
});
