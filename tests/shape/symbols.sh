#!/bin/sh
# symbols.sh LIB...: in the libraries of a program a name means one thing. Of two functions of a name in two static libraries the linker
# takes either, for every caller, without a word.
set -eu
for library in "$@"; do
    nm -g --defined-only "$library" | awk -v library="$(basename "$library")" 'NF == 3 { print $3, library }'
done | sort | awk '$1 == name { print $1 ": both " library " and " $2; bad = 1 } { name = $1; library = $2 } END { exit bad }'
