#!/usr/bin/env bash
# Runs every test there is, or the Go packages that are named, and ends with one line of figures for all of them.
# Failures and the reasons of skipped tests stand above it.
set -uo pipefail
cd "$(dirname "$0")/.."

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
status=0

# Under -race the cipher of bcrypt, which shares nothing, would take three quarters of the time of
# each password, and passwords most of the time of some rooms. So it alone is not watched. The
# Makefile says the same to what looks at the code.
unwatched=golang.org/x/crypto/blowfish

# gotestsum leaves its totals in the environment of a command that runs last.
export KARUTA_FIGURES=$figures
tests() {
	go tool gotestsum --format pkgname \
		--post-run-command 'tools/figures.sh' -- -race -gcflags="$unwatched=-race=false" -vet=off -timeout "${TEST_TIMEOUT:-40m}" "$@" || status=1
}
# The rooms that take longest begin first, so that at the end no core has to wait for one of them.
all=(./server ./internal/app/apptest ./cmd/karuta ./executor/supervisor ./executor/engine ./internal/blob ./...)
tests "${@:-${all[@]}}"
# The long form draws ten times as many random worlds for every property.
if [ -n "${KARUTA_LONG:-}" ] && [ $# = 0 ]; then
	properties=$(go list -f '{{range .TestImports}}{{if eq . "pgregory.net/rapid"}}{{$.ImportPath}}{{end}}{{end}} {{range .XTestImports}}{{if eq . "pgregory.net/rapid"}}{{$.ImportPath}}{{end}}{{end}}' ./...)
	# shellcheck disable=SC2086 # a list of packages
	TEST_TIMEOUT=60m tests $properties -args -rapid.checks=1000
fi
[ -s "$figures" ] || { echo "the Go tests did not run"; echo "1 1 0 0" >"$figures"; }

# The checks of the contract have tests of their own, in Node.
if [ $# = 0 ]; then
	told=$(node --test --test-reporter=tap tools/schema/*.test.mjs) || { status=1; echo "$told"; }
	awk '$1 == "#" { n[$2] = $3 } END { print n["tests"] + 0, n["fail"] + n["cancelled"], n["skipped"] + n["todo"], 0 }' <<<"$told" >>"$figures"
fi

awk '{ total += $1; failed += $2 + $4; skipped += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", total - failed - skipped, failed, skipped }' "$figures"
exit "$status"
