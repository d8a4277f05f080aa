#!/bin/sh
# Locks with hashes and without addresses: the same files serve behind any mirror (docs/adr/0002).
set -eu
cd "$(dirname "$0")/../requirements"
uv=../.venv-tools/bin/uv
export UV_PYTHON_DOWNLOADS=never
lock() {
    from=$1 to=$2
    shift 2
    "$uv" pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header --no-emit-index-url "$@" "$from" -o "$to"
    ! grep -n '://' "$to" || { echo "$to names an address" >&2; exit 1; }
}
lock uv.in uv.txt "$@"
lock ../pyproject.toml runtime.txt "$@"
lock build.in build.txt "$@"
lock dev.in dev.txt "$@"
