#!/bin/sh
# A file to text with nothing but curl.
#
#     sh curl_transcribe.sh SPEECH [FORMAT]      text, json, verbose_json, srt or vtt
#
# Environment: SAYWIRE_URL, where the server is (http://127.0.0.1:8000), and SAYWIRE_KEY, if it wants one.
set -eu
file=${1:?usage: sh curl_transcribe.sh SPEECH [FORMAT]}

exec curl --silent --show-error --fail-with-body \
    --header "Authorization: Bearer ${SAYWIRE_KEY:-none}" \
    --form "file=@$file" \
    --form model=auto \
    --form "response_format=${2:-text}" \
    "${SAYWIRE_URL:-http://127.0.0.1:8000}/v1/audio/transcriptions"
