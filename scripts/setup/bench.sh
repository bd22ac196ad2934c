#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What only `make bench` needs: pyproject.toml's extra `bench` in build/venv, and wasm3's C sources as build/wasm3, from
# PyPI's pywasm3, for the emulated boards. pip compiles pywasm3, which takes Python's headers (Debian: python3-dev).
source "$(dirname "$0")/steps.sh"

VERSION=0.5.0
python=$BUILD/venv/bin/python
folder=$BUILD/wasm3

if "$python" -c 'import matplotlib, wasm3' 2>/dev/null; then
    say "benchmark: pywasm3 and matplotlib are there"
else
    say "benchmark: installing pywasm3 and matplotlib"
    retry "$python" -m pip install --quiet --timeout 180 --retries 5 --editable "$ROOT[bench]" >"$BUILD/bench.log" 2>&1 ||
        fail "pip could not install pywasm3 and matplotlib (the last lines of build/bench.log say why; without Python.h: apt-get install python3-dev). Retry: make bench"
fi

if ! stamp "$folder/installed" "$VERSION"; then
    say "benchmark: downloading wasm3's sources"
    rm -rf "$folder"
    mkdir -p "$folder" "$BUILD/downloads"
    retry "$python" -m pip download --quiet --no-deps --no-binary pywasm3 --dest "$BUILD/downloads" \
        "pywasm3==$VERSION" >"$BUILD/bench.log" 2>&1 ||
        fail "pip could not download pywasm3 (the last lines of build/bench.log say why). Retry: make bench"
    tar -xzf "$BUILD/downloads/pywasm3-$VERSION.tar.gz" -C "$folder" --strip-components=2 "pywasm3-$VERSION/wasm3"
    echo "$VERSION" >"$folder/installed"
fi
