import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const video = (size: string, rate: string | number, seconds: number) =>
  `-f lavfi -i testsrc2=size=${size}:rate=${rate}:duration=${seconds}`;
const audio = (seconds: number, rate = 48_000) =>
  `-f lavfi -i sine=frequency=440:sample_rate=${rate}:duration=${seconds}`;
const noiseAndSine =
  '-f lavfi -i anoisesrc=d=3:c=pink:a=0.5:r=44100 -f lavfi -i sine=frequency=440:sample_rate=44100:duration=3';
const concat = '-filter_complex [0:a][1:a]concat=n=2:v=0:a=1';
const x264 = '-c:v libx264 -preset ultrafast -crf 35 -pix_fmt yuv420p';
const x265 = '-c:v libx265 -preset ultrafast -x265-params log-level=error';
const vp9 = '-c:v libvpx-vp9 -b:v 300k -deadline realtime -cpu-used 8';
const aac = '-c:a aac -b:a 64k';
const both = `${video('640x360', 30, 5)} ${audio(5)}`;
const variable =
  "-f lavfi -i testsrc2=size=640x360:rate=60:duration=5,select='if(lt(t\\,2)\\,1\\,not(mod(n\\,7)))'";

/**
 * Clips whose length and size ffprobe measures, by name: the arguments of ffmpeg, in which `{name}` is an earlier clip.
 * Debian's ffmpeg 5.1 makes them all.
 */
export const clipArguments: Readonly<Record<string, string>> = {
  'plain.mp4': `${both} ${x264} -bf 3 ${aac}`,
  'faststart.mp4': '-i {plain.mp4} -c copy -movflags +faststart',
  'fragmented.mp4': '-i {plain.mp4} -c copy -movflags +frag_keyframe+empty_moov+default_base_moof',
  'fragmented-index.mp4':
    '-i {plain.mp4} -c copy -movflags +frag_keyframe+empty_moov+default_base_moof+global_sidx -frag_duration 1000000',
  'no-audio.mp4': `${video('640x360', 30, 5)} ${x264} -an`,
  'open-gop.mp4': `${video('640x360', 25, 5)} -c:v libx264 -preset veryfast -bf 4 -x264-params b-pyramid=normal:open-gop=1 -g 50`,
  'long-gop.mp4': `${video('640x360', 30, 8)} ${audio(8)} ${x264} -g 120 ${aac}`,
  'trimmed.mp4': '-ss 2.5 -i {long-gop.mp4} -c copy -t 4',
  'audio-late.mp4': '-i {plain.mp4} -itsoffset 1.5 -i {plain.mp4} -map 0:v -map 1:a -c copy',
  'turned-90.mp4': '-i {plain.mp4} -c copy -metadata:s:v rotate=90',
  'turned-180.mp4': '-i {plain.mp4} -c copy -metadata:s:v rotate=180',
  'turned-270.mp4': '-i {plain.mp4} -c copy -metadata:s:v rotate=270',
  'hevc.mp4': `${both} ${x265} -tag:v hvc1 -pix_fmt yuv420p ${aac}`,
  'hevc-10-bit.mp4': `${video('640x360', 30, 5)} ${x265} -tag:v hev1 -pix_fmt yuv420p10le`,
  'av1.mp4': `${video('320x240', 10, 3)} -c:v libaom-av1 -cpu-used 8 -usage realtime`,
  'mpeg4.mp4': `${both} -c:v mpeg4 -q:v 5 ${aac}`,
  'variable-rate.mp4': `${variable} ${audio(5)} -vsync vfr ${x264} ${aac}`,
  'audio-longer.mp4': `${video('640x360', 30, 3)} ${audio(5)} ${x264} ${aac}`,
  'audio-shorter.mp4': `${video('640x360', 30, 5)} ${audio(3)} ${x264} ${aac}`,
  'wide-pixels.mp4': `${video('720x576', 25, 5)} -vf setsar=16/15 ${x264}`,
  'odd-sides.mp4': `${video('638x358', 30, 5)} -vf format=yuv444p,crop=637:357:0:0:exact=1 -c:v libx264 -preset ultrafast`,
  'cropped-1080.mp4': `${video('1920x1080', 30, 3)} ${x264}`,
  'ntsc.mp4': `${video('640x360', '30000/1001', 5)} ${audio(5)} ${x264} ${aac}`,
  'two-audio-tracks.mp4': `${both} -map 0:v -map 1:a -map 1:a ${x264} ${aac}`,
  'two-video-tracks.mp4': `${video('640x360', 30, 5)} ${video('320x240', 30, 4)} -map 0:v -map 1:v ${x264}`,
  'm4v.m4v': `${both} ${x264} ${aac} -f ipod`,
  'encrypted.mp4': `-i {plain.mp4} -c copy -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8`,
  'plain.mov': `${both} ${x264} ${aac}`,
  'pcm.mov': `${both} ${x264} -c:a pcm_s16le`,
  'prores.mov': `${both} -c:v prores_ks -profile:v 0 -c:a pcm_s16le`,
  'mjpeg.mov': `${both} -c:v mjpeg -q:v 20 -c:a pcm_s16le`,
  'still.mov': `${video('640x360', '1/5', 5)} ${audio(5)} -c:v mjpeg -q:v 20 ${aac}`,
  'turned.mov': '-i {plain.mov} -c copy -metadata:s:v rotate=90',
  'vp8.webm': `${both} -c:v libvpx -b:v 300k -deadline realtime -cpu-used 8 -c:a libvorbis`,
  'vp9.webm': `${both} ${vp9} -c:a libopus`,
  'av1.webm': `${video('320x240', 10, 3)} -c:v libaom-av1 -cpu-used 8 -usage realtime`,
  'variable-rate.webm': `${variable} -vsync vfr ${vp9}`,
  'live.webm': '-i {vp9.webm} -c copy -live 1 -cluster_time_limit 500',
  'transparent.webm': `${video('640x360', 30, 3)} ${vp9} -pix_fmt yuva420p`,
  'constant.mp3': `${audio(5, 44_100)} -c:a libmp3lame -b:a 128k`,
  'constant-plain.mp3': `${audio(5, 44_100)} -c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0`,
  'variable.mp3': `${noiseAndSine} ${concat} -c:a libmp3lame -q:a 2`,
  'variable-plain.mp3': `${noiseAndSine} ${concat} -c:a libmp3lame -q:a 2 -write_xing 0`,
  'cover.mp3':
    '-i {constant.mp3} -f lavfi -i color=red:size=1000x1000:duration=0.04 -map 0:a -map 1:v -c:a copy -c:v png -frames:v 1 -disposition:v attached_pic',
  'mpeg-2.mp3': `${audio(5, 22_050)} -c:a libmp3lame -b:a 64k`,
  'mpeg-2.5.mp3': `${audio(5, 8000)} -c:a libmp3lame -b:a 16k`,
  'pcm-8.wav': `${audio(5, 8000)} -c:a pcm_u8`,
  'pcm-16.wav': `${audio(5, 44_100)} -c:a pcm_s16le`,
  'float.wav': `${audio(5, 44_100)} -c:a pcm_f32le`,
  'a-law.wav': `${audio(5, 8000)} -c:a pcm_alaw`,
  'six-channels.wav': `${audio(5)} -af aformat=channel_layouts=5.1 -c:a pcm_s24le`,
  'long-sizes.wav': `${audio(5, 44_100)} -c:a pcm_s16le -rf64 always`,
  'tagged.wav': `${audio(5, 44_100)} -c:a pcm_s16le -metadata title=T -metadata artist=A`,
  'aac.m4a': `${audio(5, 44_100)} ${aac}`,
  'alac.m4a': `${audio(5, 44_100)} -c:a alac`,
  'audio-only.mp4': `${audio(5, 44_100)} ${aac}`,
  'cover.m4a':
    '-i {aac.m4a} -f lavfi -i color=red:size=500x500:duration=0.04 -map 0 -map 1 -c:a copy -c:v mjpeg -frames:v 1 -disposition:v attached_pic',
  'adts.aac': `${audio(5, 44_100)} ${aac} -f adts`,
  'tagged.aac': '-i {adts.aac} -c copy -write_id3v2 1 -metadata title=T',
};

/** Makes one clip in that folder, after the clips on which it depends; returns its path. */
export async function makeClip(folder: string, name: string): Promise<string> {
  return runFfmpeg(folder, name, clipArguments[name]!);
}

/** Makes a clip of that name with other arguments; returns its path. */
export async function runFfmpeg(folder: string, name: string, args: string): Promise<string> {
  const path = join(folder, name);
  for (const [, input = ''] of args.matchAll(/\{(.+?)\}/g)) {
    if (!existsSync(join(folder, input))) {
      await makeClip(folder, input);
    }
  }
  const complete = args.split(' ').map((arg) => arg.replace(/^\{(.+)\}$/, (_, input) => join(folder, input)));
  await run('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', ...complete, path]);
  return path;
}
