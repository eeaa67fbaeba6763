#!/usr/bin/env bash
# Runs every test there is and ends with one line of figures for all of them.
# Failures and the reasons of skipped tests stand above it.
set -uo pipefail
cd "$(dirname "$0")/.."

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
status=0

# gotestsum leaves its totals in the environment of a command that runs last.
export KARUTA_FIGURES=$figures
go tool gotestsum --format pkgname-and-test-fails --hide-summary output \
	--post-run-command 'tools/figures.sh' -- -race -vet=off -timeout "${TEST_TIMEOUT:-10m}" "${@:-./...}" || status=1

[ -s "$figures" ] || { echo "the tests did not run"; echo "0 0 0 1" >"$figures"; }
awk '{ total += $1; failed += $2 + $4; skipped += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", total - failed - skipped, failed, skipped }' "$figures"
exit "$status"
