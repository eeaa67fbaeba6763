#!/bin/sh
# Writes requirements.lock from requirements.txt for CPython 3.11 on every
# platform that Karuta runs on. Needs pip 23 or newer and its package index.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3.11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

report() { # name, then pip's --platform options, newest first
	name=$1
	shift
	"$python" -m pip install --quiet --dry-run --ignore-installed --report "$work/$name.json" \
		--target "$work/none" --only-binary=:all: --implementation cp --python-version 3.11 "$@" \
		--requirement "$here/requirements.txt"
}
linux() { # machine
	report "linux-$1" $(for v in 2_28 2_27 2_26 2_24 2_17; do echo "--platform manylinux_${v}_$1"; done) \
		--platform "manylinux2014_$1"
}

linux x86_64
linux aarch64
report macos --platform macosx_14_0_arm64 --platform macosx_12_0_arm64 --platform macosx_11_0_arm64 --platform macosx_10_12_universal2
"$python" "$here/lock.py" "$work"/*.json > "$here/requirements.lock"
