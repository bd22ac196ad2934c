#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# wasm3's C sources as build/wasm3, from PyPI's pywasm3: `make bench` runs them on the emulated boards. Not part of
# `make setup`.
source "$(dirname "$0")/steps.sh"

VERSION=0.5.0
folder=$BUILD/wasm3

if stamp "$folder/installed" "$VERSION"; then
    say "wasm3: there"
    exit 0
fi
say "wasm3: downloading pywasm3 $VERSION from PyPI"
rm -rf "$folder"
mkdir -p "$folder" "$BUILD/downloads"
retry "$BUILD/venv/bin/python" -m pip download --quiet --no-deps --no-binary pywasm3 --dest "$BUILD/downloads" \
    "pywasm3==$VERSION" >"$BUILD/wasm3.log" 2>&1 ||
    fail "pip could not download pywasm3 (the last lines of build/wasm3.log say why). Retry: make bench"
tar -xzf "$BUILD/downloads/pywasm3-$VERSION.tar.gz" -C "$folder" --strip-components=2 "pywasm3-$VERSION/wasm3"
echo "$VERSION" >"$folder/installed"
