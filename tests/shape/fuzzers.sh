#!/bin/sh
# fuzzers.sh ROOT: every fuzzer is built (tests/fuzz/meson.build), begins with seeds, and no seeds are left over.
set -eu
cd "$1/tests/fuzz"
status=0
for file in fuzz_*.c; do
    name=${file#fuzz_}
    name=${name%.c}
    grep -q "'$name': \[" meson.build || { echo "$file: no row in tests/fuzz/meson.build" >&2; status=1; }
    grep -q "^[^#]" "seeds/$name.txt" || { echo "$file: no seeds in tests/fuzz/seeds/$name.txt (make_seeds.py)" >&2; status=1; }
done
for file in seeds/*.txt; do
    name=$(basename "$file" .txt)
    test -e "fuzz_$name.c" || { echo "$file: there is no fuzz_$name.c" >&2; status=1; }
done
exit $status
