#!/bin/sh
# Builds the Python that runs cards: tools/python/install.sh PREFIX
#
# PREFIX becomes a folder that needs nothing outside of itself: interpreter,
# standard library, the locked packages, fonts and time zones, readable by every
# user, because the sandbox makes it the whole file system of a run. Needs a
# CPython 3.11 with pip (PYTHON names another than python3.11 in the path). Run
# it any number of times: an up-to-date PREFIX is left alone.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 PREFIX" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3.11}
mkdir -p "$1"
prefix=$(cd "$1" && pwd -P)
version=3.11
stdlib="$prefix/lib/python$version"
packages="$stdlib/site-packages"
wanted=$( { cat "$here/requirements.lock" "$here/install.sh"; echo "$prefix"; } | cksum)

if [ "$wanted" = "$(cat "$prefix/.stamp" 2>/dev/null)" ]; then
	echo "python: up to date"
	exit 0
fi
"$python" -c "import sys; sys.exit(sys.version_info[:2] != (3, 11))" 2>/dev/null ||
	{ echo "python: CPython $version is needed; name one with PYTHON=/path/to/python$version" >&2; exit 1; }
if [ -n "$(ls -A "$prefix")" ] && ! [ -e "$prefix/.karuta-python" ]; then
	echo "python: $prefix is not empty and was not made by this script" >&2
	exit 1
fi
find "$prefix" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
touch "$prefix/.karuta-python"

interpreter() {
	mkdir -p "$prefix/bin" "$stdlib"
	cp -L "$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')" "$prefix/bin/python$version"
	ln -s "python$version" "$prefix/bin/python3"
	shared=$("$python" -c 'import sysconfig as s; print(s.get_config_var("Py_ENABLE_SHARED") and s.get_config_var("LIBDIR") + "/" + s.get_config_var("INSTSONAME") or "")')
	[ -z "$shared" ] || cp -L "$shared" "$prefix/lib/"
	from=$("$python" -c 'import os; print(os.path.dirname(os.__file__))')
	tar -C "$from" -chf - --exclude=./site-packages --exclude=./dist-packages --exclude=./test --exclude=./idlelib \
		--exclude=./ensurepip --exclude=./lib2to3 --exclude=./turtledemo --exclude=./tkinter --exclude=./sitecustomize.py \
		--exclude=./config-* --exclude=__pycache__ . | tar -C "$stdlib" -xf -
}

libraries() {
	"$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --no-deps --only-binary=:all: \
		--no-compile --target "$packages" --requirement "$here/requirements.lock"
	ln -s site-packages "$stdlib/dist-packages" # the name under which Debian's Python looks
	rm -rf "$packages/bin" "$packages/pandas/tests" "$packages/matplotlib/tests" "$packages/pyarrow/tests" "$packages/pyarrow/include"
}

# The sandbox changes its root to PREFIX: paths that Python remembers must stay
# right afterwards (a link to itself), and Arrow looks for time zones in /usr.
root() {
	mkdir -p "$prefix$(dirname "$prefix")" "$prefix/usr/share" "$prefix/share/matplotlib"
	up=$(dirname "$prefix" | sed 's|/[^/]*|../|g; s|/$||')
	ln -s "${up:-.}" "$prefix$prefix"
	ln -s "../../lib/python$version/site-packages/tzdata/zoneinfo" "$prefix/usr/share/zoneinfo"
}

caches() {
	"$prefix/bin/python$version" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$stdlib"
	MPLCONFIGDIR="$prefix/share/matplotlib" "$prefix/bin/python$version" -I -c 'import matplotlib.font_manager'
}

echo "python: building $prefix (about a minute)"
export LD_LIBRARY_PATH="$prefix/lib"
interpreter
libraries
root
caches
chmod -R a+rX "$prefix"
"$prefix/bin/python$version" -I -c 'import pandas, pyarrow, plotly, matplotlib, seaborn'
echo "$wanted" > "$prefix/.stamp"
echo "python: ready in $prefix"
