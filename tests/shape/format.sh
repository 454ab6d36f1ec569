#!/bin/sh
# Every C file is in the house's format.
set -eu
cd "$1"
command -v clang-format-14 >/dev/null || { echo "skipped: clang-format-14 is not installed"; exit 77; }
find src tests -name '*.[ch]' | sort | xargs clang-format-14 --dry-run -Werror
