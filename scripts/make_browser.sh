#!/usr/bin/env bash
# Install what tests/web drives Chromium with and checks the page by, at pinned versions, into DIRECTORY/python and
# DIRECTORY/node: make_browser.sh DIRECTORY PYTHON. Needs no root. Without npm there is no DIRECTORY/node.
# No browser is downloaded: it is the system's.
set -euo pipefail
browser=$(mkdir -p "$1" && cd "$1" && pwd)
python=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "$0")/../tests/web"

# No environment of its own: a folder for PYTHONPATH, beside all that the tests need anyway.
rm -rf "$browser/python"
PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip install --quiet --no-deps --target "$browser/python" \
    --requirement requirements.txt

if ! command -v npm >/dev/null; then
    echo 'there is no npm: types and accessibility of the page are not checked' >&2
    exit 0
fi
mkdir -p "$browser/node"
cp package.json package-lock.json "$browser/node"
npm ci --prefix "$browser/node" --no-audit --no-fund --loglevel=error
