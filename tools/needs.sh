#!/bin/sh
# Makes sure that what a build starts from is on this machine: Go, Node 20 with
# npm, CPython 3.11 with pip, a C++ compiler. Debian's packages are installed for
# what is missing, as root; anybody else is told what to install.
set -eu

missing=""
packages=""
need() { # what, package, command that succeeds where it is there
	what=$1
	package=$2
	shift 2
	if ! "$@" >/dev/null 2>&1; then
		missing="$missing $what"
		packages="$packages $package"
	fi
}

need git git git --version
need node nodejs node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)'
need npm npm npm --version
need python3.11 python3 "${PYTHON:-python3.11}" -c 'import sysconfig'
need pip python3-pip "${PYTHON:-python3.11}" -m pip --version
need c++ g++ c++ --version
command -v go >/dev/null || { echo "Go is missing: https://go.dev/dl, the version in go.mod or newer" >&2; exit 1; }

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "missing:$missing. Install them (Debian: sudo apt-get install$packages) and run this again" >&2
	exit 1
fi
echo "installing$packages"
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
