#!/usr/bin/env bash
# Make or refresh the virtual environment: make_environment.sh DIRECTORY [EXTRA]
# With an extra: one to test that alone in, without the tools of development.
# Uses $PYTHON, or else the first Python on the path that is new enough. Needs no root.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
extra=${2:-}

fail() {
    printf 'saywire: %s\n' "$@" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
        echo "$PYTHON"
        return
    fi
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer is on the path" \
        "install one (Debian 12: python3 python3-venv), or name it: make setup PYTHON=/path/to/python3"
}

make_venv() {
    local python
    python=$(choose_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail \
        "$python cannot make virtual environments: its ensurepip is missing" \
        "install it (Debian: apt-get install python3-venv), or name another: make setup PYTHON=/path/to/python3," \
        "or with uv: uv venv --seed $venv && make setup"
    "$python" -m venv --clear "$venv"
}

new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv

# pip of Debian 12 (23.0) knows no dependency groups, so pip itself comes first, at its pinned version.
constraints=constraints${extra:+-extras}.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=$constraints PIP_BUILD_CONSTRAINT=$constraints
"$venv/bin/python" -m pip install --quiet --upgrade pip
if [ -n "$extra" ]; then
    "$venv/bin/python" -m pip install --quiet --editable ".[$extra]" pytest
else
    "$venv/bin/python" -m pip install --quiet --editable . --group dev
fi
