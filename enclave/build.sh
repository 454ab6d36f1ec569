#!/bin/sh
# build.sh SOURCE.tar SETTINGS OUT: the Dockerfile's builder stage, as root in a fresh Debian 12: installs what building needs,
# builds ensignd and lays out the enclave's file tree in OUT: settings.json and ensignd, and nothing else.
set -eu
tar=$1 settings=$2 out=$3
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
mkdir -p /source "$out"
tar -C /source -xf "$tar"
cd /source
tools/setup build
meson setup build
ninja -C build ensignd
install -m 0444 "$settings" "$out/settings.json"
strip -o "$out/ensignd" build/ensignd
chmod 0755 "$out/ensignd"
