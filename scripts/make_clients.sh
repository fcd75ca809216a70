#!/usr/bin/env bash
# Install the clients that tests/clients lets talk to us, at their pinned versions, into DIRECTORY/python and
# DIRECTORY/node: make_clients.sh DIRECTORY PYTHON. Needs no root. Without npm those of Node are left out.
# The first generation of DashScope's SDK has an environment of its own, DIRECTORY/dashscope1.
set -euo pipefail
clients=$(mkdir -p "$1" && cd "$1" && pwd)
python=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "$0")/../tests/clients"

export PIP_DISABLE_PIP_VERSION_CHECK=1
install() {
    [ -x "$clients/$1/bin/python" ] || "$python" -m venv "$clients/$1"
    "$clients/$1/bin/python" -m pip install --quiet --requirement "$2" --constraint "$3"
}
install python requirements.txt constraints.txt
install dashscope1 requirements-dashscope1.txt constraints-dashscope1.txt

if ! command -v npm >/dev/null; then
    echo 'there is no npm: clients of Node are not installed' >&2
    exit 0
fi
mkdir -p "$clients/node"
cp package.json package-lock.json "$clients/node"
npm ci --prefix "$clients/node" --no-audit --no-fund --loglevel=error
