#!/bin/sh
# Two builds of ensignd, in two directories of different names and depths, are the same bytes.
set -eu
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in one a/much/deeper/two; do
    mkdir -p "$work/$place"
    tar -C "$source" -cf - --exclude='./build*' --exclude=./.git . | tar -C "$work/$place" -xf -
    (cd "$work/$place" && meson setup build >/dev/null && meson compile -C build ensignd >/dev/null)
done
one=$work/one/build/ensignd two=$work/a/much/deeper/two/build/ensignd
sha256sum "$one" "$two"
cmp "$one" "$two" || { echo "the two builds differ; first differing sections:"; for f in "$one" "$two"; do objdump -h "$f" | head -60; done; exit 1; }
