#!/bin/sh
# A file to text while it is recognised, with nothing but curl: each line that is printed is an event.
#
#     sh curl_stream.sh SPEECH [FORMAT]      json, text, or diarized_json for a call with a channel for each end
#
# Environment: SAYWIRE_URL, where the server is (http://127.0.0.1:8000), and SAYWIRE_KEY, if it wants one.
set -eu
file=${1:?usage: sh curl_stream.sh SPEECH [FORMAT]}

curl --silent --show-error --fail-with-body --no-buffer \
    --header "Authorization: Bearer ${SAYWIRE_KEY:-none}" \
    --form "file=@$file" \
    --form model=auto \
    --form stream=true \
    --form "response_format=${2:-json}" \
    "${SAYWIRE_URL:-http://127.0.0.1:8000}/v1/audio/transcriptions" |
    sed -n 's/^data: //p'
