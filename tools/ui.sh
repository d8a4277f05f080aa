#!/bin/sh
# tools/ui.sh deps|build|<npm script>: packages and build of ui/, each only when its inputs changed.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/tools/node:$PATH"
export PATH CI=1 NO_UPDATE_NOTIFIER=1 npm_config_fund=false npm_config_audit=false
hash() { git hash-object --stdin | cut -c1-16; }

deps=ui/node_modules/.ready-$({ cat ui/package-lock.json ui/.npmrc; node --version; } | hash)
if [ ! -f "$deps" ]; then
    echo "Setting up: packages of the screens" >&2
    npm --prefix ui ci --silent
    : >"$deps"
fi
case $1 in
deps) ;;
build)
    built=ui/dist/.ready-$(git ls-files --cached --others --exclude-standard -z ui | xargs -0 cat | hash)
    if [ ! -f "$built" ]; then
        echo "Setting up: the screens" >&2
        log=$(mktemp)
        npm --prefix ui run --silent build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
        rm -f "$log"
        : >"$built"
    fi
    ;;
check)
    npm --prefix ui run --silent api -- --check >/dev/null 2>&1 || { echo "ui/src/api is out of date: run make openapi" >&2; exit 1; }
    npm --prefix ui run --silent check
    ;;
*) npm --prefix ui run --silent "$@" ;;
esac
