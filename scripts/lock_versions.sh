#!/usr/bin/env bash
# Choose the newest version of everything, for every Python from 3.11 on: of what we are made of, in
# constraints.txt, of what the extras are tested with, in constraints-extras.txt, and of what comes with the
# clients that test us. lock_versions.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
"$1/bin/python" -m pip install --quiet uv

compile() {
    echo '# Exact versions of everything, also of what builds and tests. Made by: make lock'
    "$1/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate "${@:2}"
}

printf '%s\n' pip hatchling editables | compile "$1" --group dev pyproject.toml - > constraints.new
mv constraints.new constraints.txt
for name in '' -dashscope1; do
    compile "$1" "tests/clients/requirements$name.txt" > tests/clients/constraints.new
    mv tests/clients/constraints.new "tests/clients/constraints$name.txt"
done
# Newer torches there are not everywhere without CUDA, which is 3 GB that the tests have no use for.
printf '%s\n' pip hatchling editables pytest torch==2.13.0 |
    compile "$1" --all-extras pyproject.toml - > constraints-extras.new
mv constraints-extras.new constraints-extras.txt
