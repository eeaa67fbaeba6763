#!/bin/sh
# Installs the servers that benchmarks stand beside, pinned, into node_modules.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
stamp="$here/node_modules/.stamp"
[ "$(cat "$stamp" 2>/dev/null)" != "$(cksum <"$here/package-lock.json")" ] || exit 0
npm --prefix "$here" ci --no-audit --no-fund --ignore-scripts --loglevel=error
cksum <"$here/package-lock.json" >"$stamp"
