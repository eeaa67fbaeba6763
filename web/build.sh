#!/bin/sh
# Builds the pages into web/dist, unless nothing that goes into them has changed.
set -eu
cd "$(dirname "$0")"

inputs() { find src build package.json package-lock.json tsconfig.json vite.config.ts build.sh -type f | LC_ALL=C sort; }
stamp=$(inputs | tr '\n' '\0' | xargs -0 cat | cksum)-$(inputs | cksum)
if [ -f dist/.stamp ] && [ "$(cat dist/.stamp)" = "$stamp" ]; then
  exit 0
fi

npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
find dist -mindepth 1 ! -name placeholder.html -delete
npm run --silent build
printf '%s\n' "$stamp" > dist/.stamp
