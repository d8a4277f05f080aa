#!/bin/sh
# tools/bootstrap.sh run|dev: the virtual environment from the locks; nothing to do when they did not change.
set -eu
cd "$(dirname "$0")/.."
want=$1
hash=$(cat pyproject.toml requirements/*.txt tools/bootstrap.sh | git hash-object --stdin | cut -c1-16)
[ -f ".venv/.ready-dev-$hash" ] && exit 0
[ "$want" = run ] && [ -f ".venv/.ready-run-$hash" ] && exit 0
for old in .venv/.ready-dev-*; do
    [ -f "$old" ] && want=dev # who tests here keeps the tools of tests
done

say() { printf '%s\n' "$*" >&2; }

if [ ! -x .venv-tools/bin/pip ]; then
    python=${PYTHON:-}
    for candidate in python3.11 python3; do
        [ -n "$python" ] || ! command -v "$candidate" >/dev/null || python=$candidate
    done
    version=$("${python:-false}" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
    if [ "$version" != 3.11 ]; then
        say "Siyu needs Python 3.11 (found: $version). Install it, or name it: make PYTHON=/path/to/python3.11 ..."
        exit 1
    fi
    say "Setting up: environment for tools"
    if ! "$python" -m venv .venv-tools >/dev/null 2>&1; then
        rm -rf .venv-tools
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        else
            say "Python's venv module is incomplete. On Debian or Ubuntu: sudo apt-get install python3-venv"
            exit 1
        fi
        "$python" -m venv .venv-tools
    fi
fi
# Compiled here, where one waits anyway: the first start after it takes 5 s instead of 9 (measured).
export UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$PWD/.venv" PIP_DISABLE_PIP_VERSION_CHECK=1
.venv-tools/bin/pip install --quiet --require-hashes -r requirements/uv.txt
uv=.venv-tools/bin/uv
[ -x .venv/bin/python ] || "$uv" venv --quiet --python .venv-tools/bin/python .venv
say "Setting up: Python packages ($want)"
if [ "$want" = run ]; then
    "$uv" pip sync --quiet --require-hashes requirements/runtime.txt requirements/build.txt
else
    "$uv" pip sync --quiet --require-hashes requirements/dev.txt
fi
"$uv" pip install --quiet --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q siyu sandbox people migrations
rm -f .venv/.ready-*
: >".venv/.ready-$want-$hash"
