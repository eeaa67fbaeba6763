#!/bin/sh
# Checks the contract: its form, what clients of the last release rely on, the
# operations that are registered, and the documents that the pages bring along.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

stamp="$here/node_modules/.stamp"
if [ "$(cat "$stamp" 2>/dev/null)" != "$(cksum <"$here/package-lock.json")" ]; then
  npm --prefix "$here" ci --no-audit --no-fund --ignore-scripts --loglevel=error
  cksum <"$here/package-lock.json" >"$stamp"
fi

cd "$root"
"$here/node_modules/.bin/eslint" --config "$here/eslint.config.js" --max-warnings 0 'schema/*.graphqls' 'web/src/**/*.graphql'
node --test "$here/breaking.test.mjs" >"$here/node_modules/.test.log" || { cat "$here/node_modules/.test.log"; exit 1; }
node "$here/compare.mjs"
node "$here/operations.mjs"
echo "the contract is well formed and breaks no client"
