#!/usr/bin/env bash
# Synthesise the samples of `saywire demo` (16 kHz, 16-bit, mono FLAC) from Debian's flite, espeak-ng
# and sox. What is said, and by whom, is written in samples.json beside them by hand.
set -euo pipefail
cd "$(dirname "$0")/../src/saywire/samples"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A synthesiser's exact samples depend on its version; the texts are what the tests hold.
part=0
say() { # say COMMAND... : the command writes the WAV file named by its last argument, {}
    part=$((part + 1))
    local file
    file=$(printf '%s/%03d' "$work" "$part")
    "${@/\{\}/$file.raw.wav}"
    # -D: without dither two runs make the same file.
    sox -D "$file.raw.wav" -r 16000 -b 16 -c 1 "$file.wav" norm -6
    rm "$file.raw.wav"
}
pause() { # pause SECONDS
    part=$((part + 1))
    sox -D -n -r 16000 -b 16 -c 1 "$(printf '%s/%03d.wav' "$work" "$part")" trim 0 "$1"
}
finish() { # finish FILE
    sox -D "$work"/*.wav -C 8 "$1"
    rm "$work"/*.wav
    part=0
    echo "$1: $(soxi -D "$1") s, $(stat -c %s "$1") bytes"
}

dictate() { say flite -voice rms -t "$1" -o '{}'; }
command() { say espeak-ng -v en-us+m3 -s 150 -g 2 -w '{}' "$1"; }
# espeak-ng 1.51 reads Chinese characters wrongly; pinyin with tones it reads well.
mandarin() { say espeak-ng -v cmn-latn-pinyin -s 150 -g 2 -w '{}' "$1"; }

pause 0.6
dictate 'It was a beautiful morning in the middle of the summer.'
pause 1.0
dictate 'The children were playing in the park.'
pause 1.0
dictate 'Nobody knew what had happened during the night.'
pause 1.2
finish dictation.flac

pause 0.5
command 'hello computer'
pause 0.7
command 'play one two three'
pause 0.7
mandarin 'da3kai1 deng1' # 打开灯
pause 0.7
mandarin 'bo1fang4 xia4yi1shou3' # 播放下一首
pause 0.7
mandarin 'yin1liang4 shang4' # 音量上
pause 0.7
command 'cancel'
pause 0.5
finish commands.flac
