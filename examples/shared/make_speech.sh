#!/usr/bin/env bash
# Makes speech.wav and speech.txt in this folder. Needs Debian's espeak-ng and sox. See README.md.
set -euo pipefail
cd "$(dirname "$0")"

rate=16000
lead=0.45
# The sentence, its level in dB under the loudest one, and the pause after it in seconds.
sentences=(
  "Today is Monday.|0|0.40"
  "The sun is shining.|-3|0.95"
  "I am going to the market.|0|0.55"
  "We will see you tomorrow.|-6|0.50"
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >speech.txt
sox -D -n -r "$rate" -b 16 -c 1 "$work/0.wav" trim 0 "$lead"
parts=("$work/0.wav")
at=$lead
for sentence in "${sentences[@]}"; do
  IFS='|' read -r text level pause <<<"$sentence"
  part="$work/${#parts[@]}.wav"
  espeak-ng -v en-us+f2 -s 145 --stdout "$text" |
    # What is under 0.3 % of the peak before and after the words is cut off, so the true times are known to a few milliseconds.
    sox -D -t wav - -r "$rate" -b 16 -c 1 "$work/words.wav" \
      norm -3 silence 1 0.005 0.3% reverse silence 1 0.005 0.3% reverse gain "$level"
  sox -D "$work/words.wav" "$part" pad 0 "$pause"
  end=$(awk "BEGIN { print $at + $(soxi -D "$work/words.wav") }")
  awk "BEGIN { printf \"%.3f\t%.3f\t%s\n\", $at, $end, \"$text\" }" >>speech.txt
  at=$(awk "BEGIN { print $at + $(soxi -D "$part") }")
  parts+=("$part")
done

sox -D "${parts[@]}" "$work/clean.wav"
# The quiet hiss of a room, so that a pause is not digital silence. sox -R repeats its random numbers.
sox -R -D "$work/clean.wav" -p synth pinknoise vol 0.008 | sox -D -m -v 1 "$work/clean.wav" -v 1 -p speech.wav
