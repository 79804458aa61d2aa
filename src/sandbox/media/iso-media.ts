import { findBox, isLong, readBoxes, readEntries, readFields, requireBox } from './boxes.ts';
import { type Measures, type Sides, withSquarePixels } from './measures.ts';

/** Major brands of still images, which share the container (ISO/IEC 23008-12, AVIF, Canon's CR3). */
const imageBrands = ['mif1', 'msf1', 'heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'avif', 'avis', 'crx '];

/** The boxes that a QuickTime file without a brand may begin with. */
const quickTimeStarts = ['moov', 'mdat', 'wide', 'free', 'skip', 'pnot'];

/** Major brands of audio files: an image in them is a cover. */
const audioBrands = ['M4A ', 'M4B ', 'M4P ', 'F4A ', 'F4B '];

const stillCodecs = ['jpeg', 'png '];

interface Track {
  readonly isVideo: boolean;
  readonly isEnabled: boolean;
  readonly sides: Sides;
  /** Time units per second. */
  readonly timescale: number;
  readonly edits: readonly Edit[];
  sampleCount: number;
  /** Where the last sample in decoding order ends, in time units. */
  decodeTime: number;
  /** Where the last sample in the order of presentation ends, in time units. */
  endTime: number;
}

interface Edit {
  readonly durationSeconds: number;
  /** Where it begins in the track, in the track's time units; -1 for a pause. */
  readonly mediaTime: number;
}

/** Sample defaults of a track in a fragmented file. */
interface Defaults {
  readonly duration: number;
  readonly size: number;
}

/** Whether the bytes begin like an MP4, which an M4A is too; HEIC, AVIF and QuickTime have other brands. */
export function isMp4(bytes: Buffer): boolean {
  const brand = readMajorBrand(bytes);
  return brand !== undefined && brand !== 'qt  ' && !imageBrands.includes(brand);
}

/** Whether the bytes begin like a QuickTime movie. */
export function isQuickTime(bytes: Buffer): boolean {
  const brand = readMajorBrand(bytes);
  return brand === undefined ? quickTimeStarts.includes(bytes.toString('latin1', 4, 8)) : brand === 'qt  ';
}

function readMajorBrand(bytes: Buffer): string | undefined {
  return bytes.toString('latin1', 4, 8) === 'ftyp' ? bytes.toString('latin1', 8, 12) : undefined;
}

/**
 * Measures an MP4, M4A or QuickTime movie, fragmented or not, by its samples and edit lists: the durations in its
 * headers may lie. Checks that the samples lie within the file.
 */
export function measureIsoMedia(bytes: Buffer): Measures {
  // Skip a box that is cut short: either the box or its samples are then found missing.
  const boxes = [...readBoxes(bytes, 'stop')];
  const moov = boxes.find(({ type }) => type === 'moov')?.payload;
  if (!moov || !boxes.some(({ type }) => type === 'mdat' || type === 'moof')) {
    throw new RangeError('its movie header or its data is missing');
  }
  const hasCover = audioBrands.includes(readMajorBrand(bytes) ?? '');
  const tracks = readTracks(moov, { hasCover, fileBytes: bytes.length });
  const defaults = readDefaults(moov);
  for (const box of boxes.filter(({ type }) => type === 'moof')) {
    readFragment(box, tracks, defaults, bytes.length);
  }
  const played = [...tracks.values()].filter(({ sampleCount }) => sampleCount > 0);
  const videos = played.filter(({ isVideo }) => isVideo);
  return {
    sides: (videos.find(({ isEnabled }) => isEnabled) ?? videos[0])?.sides,
    durationMs: Math.max(0, ...played.map(endSeconds)) * 1000,
  };
}

function endSeconds({ edits, timescale, endTime }: Track): number {
  if (edits.length === 0) {
    return endTime / timescale;
  }
  let seconds = 0;
  for (const { durationSeconds, mediaTime } of edits) {
    const availableSeconds = (endTime - mediaTime) / timescale;
    if (mediaTime < 0) {
      seconds += durationSeconds;
    } else {
      // In a fragmented file, 0 means that the edit lasts until the end.
      seconds += Math.max(0, Math.min(durationSeconds || availableSeconds, availableSeconds));
    }
  }
  return seconds;
}

/** Reads the video and audio tracks, by their ID; with `hasCover`, a still image is not a video. */
function readTracks(
  moov: Buffer,
  { hasCover, fileBytes }: { readonly hasCover: boolean; readonly fileBytes: number },
): Map<number, Track> {
  const mvhd = requireBox(moov, 'mvhd');
  const movieTimescale = mvhd.readUInt32BE(isLong(mvhd) ? 20 : 12);
  const tracks = new Map<number, Track>();
  for (const { type, payload: trak } of readBoxes(moov)) {
    if (type !== 'trak') {
      continue;
    }
    const mdia = requireBox(trak, 'mdia');
    const handler = requireBox(mdia, 'hdlr').toString('latin1', 8, 12);
    if (handler !== 'vide' && handler !== 'soun') {
      continue;
    }
    const tkhd = requireBox(trak, 'tkhd');
    const mdhd = requireBox(mdia, 'mdhd');
    const timescale = mdhd.readUInt32BE(isLong(mdhd) ? 20 : 12);
    if (timescale === 0 || movieTimescale === 0) {
      throw new RangeError('a timescale is zero');
    }
    const stbl = requireBox(requireBox(mdia, 'minf'), 'stbl');
    const sizes = readSampleSizes(stbl);
    checkChunks(stbl, sizes, fileBytes);
    const stsd = requireBox(stbl, 'stsd');
    const isCover = hasCover && sizes.count === 1 && stillCodecs.includes(stsd.toString('latin1', 12, 16));
    tracks.set(tkhd.readUInt32BE(isLong(tkhd) ? 20 : 12), {
      isVideo: handler === 'vide' && !isCover,
      isEnabled: (tkhd.readUInt8(3) & 1) === 1,
      sides: handler === 'vide' ? readSides(stsd, tkhd) : { width: 0, height: 0 },
      timescale,
      edits: readEdits(trak, movieTimescale),
      sampleCount: sizes.count,
      ...readSampleTimes(stbl),
    });
  }
  return tracks;
}

/** The sides of the frames with square pixels, after the track's rotation. */
function readSides(stsd: Buffer, tkhd: Buffer): Sides {
  const entry = readBoxes(stsd.subarray(8)).next().value?.payload ?? Buffer.alloc(0);
  const matrixAt = isLong(tkhd) ? 52 : 40;
  let sides = { width: entry.readUInt16BE(24), height: entry.readUInt16BE(26) };
  const pasp = findBox(entry.subarray(78), 'pasp', 'stop');
  if (sides.width === 0 || sides.height === 0) {
    sides = { width: tkhd.readUInt16BE(matrixAt + 36), height: tkhd.readUInt16BE(matrixAt + 40) };
  } else if (pasp && pasp.readUInt32BE(0) > 0 && pasp.readUInt32BE(4) > 0) {
    sides = withSquarePixels(sides, pasp.readUInt32BE(0) / pasp.readUInt32BE(4));
  }
  // The first row of the matrix is where the x axis goes to.
  const isSideways = Math.abs(tkhd.readInt32BE(matrixAt + 4)) > Math.abs(tkhd.readInt32BE(matrixAt));
  return isSideways ? { width: sides.height, height: sides.width } : sides;
}

function readEdits(trak: Buffer, movieTimescale: number): Edit[] {
  const edts = findBox(trak, 'edts');
  const elst = edts && findBox(edts, 'elst');
  if (!elst) {
    return [];
  }
  const long = isLong(elst);
  return readEntries(elst, 4, long ? 20 : 12, (entry) => ({
    durationSeconds: (long ? Number(entry.readBigUInt64BE(0)) : entry.readUInt32BE(0)) / movieTimescale,
    mediaTime: long ? Number(entry.readBigInt64BE(8)) : entry.readInt32BE(4),
  }));
}

/** Where the samples end, by the tables of their durations and of their composition offsets. */
function readSampleTimes(stbl: Buffer): { decodeTime: number; endTime: number } {
  const readCounted = (table: Buffer) =>
    readEntries(table, 4, 8, (entry) => ({ count: entry.readUInt32BE(0), value: entry.readInt32BE(4) }));
  const durations = readCounted(requireBox(stbl, 'stts'));
  const ctts = findBox(stbl, 'ctts');
  const offsets = ctts ? readCounted(ctts) : [];
  let decodeTime = 0;
  let endTime = 0;
  let index = 0;
  let left = offsets[0]?.count ?? Number.POSITIVE_INFINITY;
  for (const { count, value: duration } of durations) {
    for (let samples = count; samples > 0; ) {
      // Samples of one duration and one offset; each step uses up an entry of one of the tables.
      const step = Math.min(samples, left);
      if (step > 0) {
        decodeTime += step * duration;
        endTime = Math.max(endTime, decodeTime + (offsets[index]?.value ?? 0));
      }
      samples -= step;
      left -= step;
      if (left === 0) {
        index += 1;
        left = offsets[index]?.count ?? Number.POSITIVE_INFINITY;
      }
    }
  }
  return { decodeTime, endTime };
}

interface SampleSizes {
  readonly count: number;
  /** The size of every sample if it is the same, otherwise 0. */
  readonly common: number;
  readonly each: readonly number[];
}

function readSampleSizes(stbl: Buffer): SampleSizes {
  const stsz = findBox(stbl, 'stsz');
  if (!stsz) {
    // With stz2, the compact form, only the beginnings of chunks are checked.
    return { count: requireBox(stbl, 'stz2').readUInt32BE(8), common: 0, each: [] };
  }
  const common = stsz.readUInt32BE(4);
  return {
    count: stsz.readUInt32BE(8),
    common,
    each: common > 0 ? [] : readEntries(stsz, 8, 4, (entry) => entry.readUInt32BE(0)),
  };
}

/** Checks that the samples of each chunk lie within the file. */
function checkChunks(stbl: Buffer, { common, each }: SampleSizes, fileBytes: number): void {
  const stco = findBox(stbl, 'stco');
  const offsets = stco
    ? readEntries(stco, 4, 4, (entry) => entry.readUInt32BE(0))
    : readEntries(requireBox(stbl, 'co64'), 4, 8, (entry) => Number(entry.readBigUInt64BE(0)));
  const runs = readEntries(requireBox(stbl, 'stsc'), 4, 12, (entry) => ({
    firstChunk: entry.readUInt32BE(0),
    samples: entry.readUInt32BE(4),
  }));
  let run = 0;
  let sample = 0;
  for (const [index, offset] of offsets.entries()) {
    while ((runs[run + 1]?.firstChunk ?? Number.POSITIVE_INFINITY) <= index + 1) {
      run += 1;
    }
    const samples = runs[run]?.samples ?? 0;
    let sizeBytes = common * samples;
    for (const end = Math.min(sample + samples, each.length); sample < end; sample += 1) {
      sizeBytes += each[sample]!;
    }
    assertInFile(offset + sizeBytes, fileBytes);
  }
}

function readDefaults(moov: Buffer): Map<number, Defaults> {
  const mvex = findBox(moov, 'mvex') ?? Buffer.alloc(0);
  const trexes = [...readBoxes(mvex)].filter(({ type }) => type === 'trex');
  return new Map(
    trexes.map(({ payload }) => [
      payload.readUInt32BE(4),
      { duration: payload.readUInt32BE(12), size: payload.readUInt32BE(16) },
    ]),
  );
}

/** Adds the samples of the movie fragment that begins at `start` to its tracks. */
function readFragment(
  { payload: moof, start }: { readonly payload: Buffer; readonly start: number },
  tracks: ReadonlyMap<number, Track>,
  defaults: ReadonlyMap<number, Defaults>,
  fileBytes: number,
): void {
  for (const { type, payload: traf } of readBoxes(moof)) {
    if (type !== 'traf') {
      continue;
    }
    const header = readFields(requireBox(traf, 'tfhd'));
    const id = header.next(true);
    const baseOffset = header.has(0x01) ? header.next64() : start;
    header.next(header.has(0x02));
    const duration = header.next(header.has(0x08)) ?? defaults.get(id!)?.duration ?? 0;
    const size = header.next(header.has(0x10)) ?? defaults.get(id!)?.size ?? 0;
    const track = tracks.get(id!);
    if (!track) {
      continue;
    }
    const tfdt = findBox(traf, 'tfdt');
    if (tfdt) {
      track.decodeTime = isLong(tfdt) ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4);
    }
    for (const { type, payload } of readBoxes(traf)) {
      if (type === 'trun') {
        const run = readRun(payload, { duration, size });
        track.sampleCount += run.count;
        track.endTime = Math.max(track.endTime, track.decodeTime + run.end);
        track.decodeTime += run.duration;
        assertInFile(baseOffset + run.dataOffset + run.size, fileBytes);
      }
    }
  }
}

/** The sums of a run's samples, in time units and bytes, and where the last of them in the order of presentation ends. */
function readRun(trun: Buffer, defaults: Defaults) {
  const fields = readFields(trun);
  const count = fields.next(true)!;
  const dataOffset = (fields.next(fields.has(0x01)) ?? 0) | 0;
  fields.next(fields.has(0x04));
  const [hasDuration, hasSize, hasFlags, hasOffset] = [0x100, 0x200, 0x400, 0x800].map(fields.has);
  if (!hasDuration && !hasSize && !hasFlags && !hasOffset) {
    const duration = defaults.duration * count;
    return { count, dataOffset, duration, end: duration, size: defaults.size * count };
  }
  let duration = 0;
  let end = 0;
  let size = 0;
  // Each sample has a field at least, so that a wrong count ends at the end of the box.
  for (let sample = 0; sample < count; sample += 1) {
    duration += fields.next(hasDuration) ?? defaults.duration;
    size += fields.next(hasSize) ?? defaults.size;
    fields.next(hasFlags);
    const offset = (fields.next(hasOffset) ?? 0) | 0;
    end = Math.max(end, duration + offset);
  }
  return { count, dataOffset, duration, end, size };
}

function assertInFile(end: number, fileBytes: number): void {
  if (end > fileBytes) {
    throw new RangeError('its samples lie beyond its end');
  }
}
