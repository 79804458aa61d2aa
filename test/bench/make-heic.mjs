import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Makes a HEIC of one frame that ffmpeg encodes as HEVC, with a colour profile: no common tool writes HEIC.
 * The boxes are those of ISO/IEC 23008-12.
 *
 * @param source what ffmpeg draws, such as `testsrc2=size=640x480`
 */
export async function makeHeic(path, source, icc) {
  const folder = await mkdtemp(join(tmpdir(), 'dreamina-test-'));
  try {
    const clip = join(folder, 'one.mp4');
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', `${source}:rate=1`, '-frames:v', '1'],
      ...[
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-crf',
        '20',
        '-x265-params',
        'log-level=none:keyint=1:info=0',
      ],
      ...['-pix_fmt', 'yuv420p', '-tag:v', 'hvc1', clip],
    ]);
    const [, width = '', height = ''] = /size=(\d+)x(\d+)/.exec(source) ?? [];
    const mp4 = await readFile(clip);
    await writeFile(path, assemble(mp4, Number(width), Number(height), icc));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function assemble(mp4, width, height, icc) {
  const configuration = findBox(mp4, 'hvcC');
  const frame = findBox(mp4, 'mdat').subarray(8);
  const start = box('ftyp', 'heic', u32(0), 'mif1heic');
  const properties = box(
    'iprp',
    box(
      'ipco',
      configuration,
      box('ispe', u32(0), u32(width), u32(height)),
      box('colr', 'prof', icc),
      box('pixi', u32(0), u8(3, 8, 8, 8)),
    ),
    box('ipma', u32(0), u32(1), u16(1), u8(4, 0x81, 2, 3, 4)),
  );
  const describe = (offset) =>
    box(
      'meta',
      u32(0),
      box('hdlr', u32(0), u32(0), 'pict', Buffer.alloc(13)),
      box('pitm', u32(0), u16(1)),
      box('iloc', u32(0), u8(0x44, 0), u16(1), u16(1), u16(0), u16(1), u32(offset), u32(frame.length)),
      box('iinf', u32(0), u16(1), box('infe', u32(0x02000000), u16(1), u16(0), 'hvc1', u8(0))),
      properties,
    );
  const offset = start.length + describe(0).length + 8;
  return Buffer.concat([start, describe(offset), box('mdat', frame)]);
}

/** The first box of that name, with its header. */
function findBox(file, name) {
  const at = file.indexOf(name, 0, 'latin1') - 4;
  return file.subarray(at, at + file.readUInt32BE(at));
}

function box(name, ...content) {
  const body = Buffer.concat(content.map((it) => (typeof it === 'string' ? Buffer.from(it, 'latin1') : it)));
  return Buffer.concat([u32(body.length + 8), Buffer.from(name, 'latin1'), body]);
}

function u8(...values) {
  return Buffer.from(values);
}

function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
