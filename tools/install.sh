#!/bin/sh
# Installs the outside servers that tests run against, pinned, into .tools/:
#   dynoxide   a DynamoDB server (npm, tools/package-lock.json)
#   versitygw  an S3 server (Go, tools/versitygw/go.sum), about 3 minutes to build
#   redis-server  Debian's, as old as the machine
# and what drives a browser, Debian's Chromium, into tools/browser/node_modules, and
# the reference server and client of graphql-transport-ws into tools/socket/node_modules,
# and the clients that people use into tools/clients/node_modules.
# Run it any number of times: what is there already is left alone. Without the
# tools the tests that need them are skipped and say so.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
out="$root/.tools"
mkdir -p "$out/bin" "$out/npm"

# current NAME FILE... succeeds when NAME was last installed from these very files.
current() {
	name=$1
	shift
	[ -x "$out/bin/$name" ] && [ "$(cat "$@" | cksum)" = "$(cat "$out/$name.stamp" 2>/dev/null)" ]
}

# stamp NAME FILE... remembers what NAME was installed from.
stamp() {
	name=$1
	shift
	cat "$@" | cksum >"$out/$name.stamp"
}

dynoxide() {
	lock="$root/tools/package-lock.json"
	if current dynoxide "$lock"; then
		echo "dynoxide: up to date"
		return
	fi
	echo "dynoxide: npm ci"
	cp "$root/tools/package.json" "$lock" "$out/npm/"
	(cd "$out/npm" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
	ln -sf ../npm/node_modules/@dynoxide/linux-x64/dynoxide "$out/bin/dynoxide"
	stamp dynoxide "$lock"
}

versitygw() {
	module="$root/tools/versitygw"
	if current versitygw "$module/go.mod" "$module/go.sum"; then
		echo "versitygw: up to date"
		return
	fi
	echo "versitygw: go build (about 3 minutes the first time)"
	(cd "$module" && GOFLAGS="-mod=readonly -buildvcs=false" go build -o "$out/bin/versitygw" github.com/versity/versitygw/cmd/versitygw)
	stamp versitygw "$module/go.mod" "$module/go.sum"
}

# What comes from Debian needs root: debian PROGRAM PACKAGE succeeds when it is there.
debian() {
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "$2: apt-get install"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
	else
		echo "$2: not installed (Debian: sudo apt-get install $2), its tests will be skipped"
		return 1
	fi
}

redis() {
	if debian redis-server redis-server; then
		ln -sf "$(command -v redis-server)" "$out/bin/redis-server"
	fi
}

# The browser comes from Debian and is as old as the machine; what drives it is pinned.
browser() {
	debian chromium chromium || true
	packages browser
}

# packages FOLDER installs what the folder's lock file names into its node_modules.
packages() {
	lock="$root/tools/$1/package-lock.json"
	[ "$(cksum <"$lock")" != "$(cat "$out/$1.stamp" 2>/dev/null)" ] || [ ! -d "$root/tools/$1/node_modules" ] || return 0
	echo "$1: npm ci"
	(cd "$root/tools/$1" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
	cksum <"$lock" >"$out/$1.stamp"
}

case "$(uname -s)/$(uname -m)" in
Linux/x86_64) dynoxide ;;
*) echo "dynoxide: no binary pinned for this machine, its tests will be skipped" ;;
esac
versitygw
redis
browser
packages socket
packages clients
echo "tools are in $out/bin"
