#!/usr/bin/env bash
# Install the clients that tests/clients lets talk to us, at their pinned versions, into DIRECTORY/python and
# DIRECTORY/node: make_clients.sh DIRECTORY PYTHON. Needs no root. Without npm those of Node are left out.
set -euo pipefail
cd "$(dirname "$0")/../tests/clients"
clients=$(mkdir -p "$1" && cd "$1" && pwd)

export PIP_DISABLE_PIP_VERSION_CHECK=1
[ -x "$clients/python/bin/python" ] || "$2" -m venv "$clients/python"
"$clients/python/bin/python" -m pip install --quiet --requirement requirements.txt --constraint constraints.txt

if ! command -v npm >/dev/null; then
    echo 'there is no npm: clients of Node are not installed' >&2
    exit 0
fi
mkdir -p "$clients/node"
cp package.json package-lock.json "$clients/node"
npm ci --prefix "$clients/node" --no-audit --no-fund --loglevel=error
