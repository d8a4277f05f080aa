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
    sources=$(find ui -type f ! -path 'ui/node_modules/*' ! -path 'ui/dist/*' ! -path '*/.*' -print | LC_ALL=C sort)
    built=ui/dist/.ready-$({ echo "$sources"; echo "$sources" | tr '\n' '\0' | xargs -0 cat; } | hash)
    if [ ! -f "$built" ]; then
        echo "Setting up: the screens" >&2
        npm --prefix ui run --silent build >ui/build.log 2>&1 || { cat ui/build.log >&2; exit 1; }
        : >"$built"
    fi
    ;;
*) npm --prefix ui run --silent "$@" ;;
esac
