#!/usr/bin/env bash
# Makes the clips of this folder again; needs ffmpeg with libx264, libvpx-vp9, libopus and libmp3lame.
# Their properties are in test/fixtures.ts; the lengths differ, so that no two can be mistaken for each other.
set -euo pipefail
cd "$(dirname "$0")"

make() { ffmpeg -hide_banner -nostdin -loglevel error -y "$@"; }
reproducible=(-fflags +bitexact -flags +bitexact -map_metadata -1)
video() { echo -f lavfi -i "color=c=steelblue:size=$1:rate=10:duration=$2"; }
audio() { echo -f lavfi -i "sine=frequency=440:sample_rate=$2:duration=$1"; }
x264=(-c:v libx264 -preset veryslow -crf 40 -pix_fmt yuv420p)
aac=(-c:a aac -b:a 16k -ac 1)

make $(video 224x208 2.5) $(audio 2.5 16000) "${x264[@]}" "${aac[@]}" "${reproducible[@]}" clip.mp4
make $(video 208x256 3) $(audio 3 16000) "${x264[@]}" "${aac[@]}" "${reproducible[@]}" clip.mov
make $(video 240x208 2.2) $(audio 2.2 48000) -c:v libvpx-vp9 -b:v 10k -c:a libopus -b:a 8k -ac 1 "${reproducible[@]}" clip.webm

make $(audio 2.4 16000) -c:a libmp3lame -b:a 16k "${reproducible[@]}" tone.mp3
make $(audio 2.1 4000) -c:a pcm_u8 "${reproducible[@]}" tone.wav
make $(audio 2.6 16000) "${aac[@]}" "${reproducible[@]}" tone.m4a
make $(audio 2.3 16000) "${aac[@]}" -f adts "${reproducible[@]}" tone.aac
