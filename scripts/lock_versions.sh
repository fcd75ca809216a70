#!/usr/bin/env bash
# Choose the newest version of everything, for every Python from 3.11 on, and write it to constraints.txt.
# lock_versions.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
"$1/bin/python" -m pip install --quiet uv
{
    echo '# Exact versions of everything, also of what builds and tests. Made by: make lock'
    printf '%s\n' pip hatchling editables | "$1/bin/uv" pip compile --quiet --universal --python-version 3.11 \
        --no-header --no-annotate --group dev pyproject.toml -
} > constraints.new
mv constraints.new constraints.txt
