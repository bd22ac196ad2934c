#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the example guests are compiled with, beside what Debian has (apt.sh): Zig from PyPI, AssemblyScript from npm, and
# from npm's jco the adapters from WASI preview 1 to 0.2 and a newer `component new` than that of wasm-tools.
#
#     build/zig/ziglang/zig                             build/assemblyscript/node_modules/.bin/asc
#     build/jco/jco/lib/wasi_snapshot_preview1.*.wasm   build/jco/jco-transpile   (run by scripts/component_new.mjs)
source "$(dirname "$0")/steps.sh"

ZIG=ziglang==0.15.1
ASSEMBLYSCRIPT=assemblyscript@0.28.20
JCO=(@bytecodealliance/jco@1.35.0 @bytecodealliance/jco-transpile@0.15.0 @bytecodealliance/preview2-shim@0.26.1)

if ! stamp "$BUILD/zig/installed" "$ZIG"; then
    say "Zig: installing $ZIG (90 MB)"
    rm -rf "$BUILD/zig"
    retry "$BUILD/venv/bin/python" -m pip install --quiet --no-deps --no-compile --timeout 180 --retries 5 \
        --target "$BUILD/zig" "$ZIG" >"$BUILD/zig.log" 2>&1 ||
        fail "pip could not install $ZIG (the last lines of build/zig.log say why). Retry: make setup"
    echo "$ZIG" >"$BUILD/zig/installed"
fi
say "Zig: $("$BUILD/zig/ziglang/zig" version)"

folder=$BUILD/assemblyscript
if ! stamp "$folder/installed" "$ASSEMBLYSCRIPT"; then
    say "AssemblyScript: installing $ASSEMBLYSCRIPT"
    mkdir -p "$folder"
    echo '{ "private": true }' >"$folder/package.json"
    retry npm install --prefix "$folder" --no-audit --no-fund --save-exact --fetch-timeout=180000 --fetch-retries=4 \
        "$ASSEMBLYSCRIPT" >"$BUILD/assemblyscript.log" 2>&1 ||
        fail "npm could not install $ASSEMBLYSCRIPT (the last lines of build/assemblyscript.log say why). Retry: make setup"
    echo "$ASSEMBLYSCRIPT" >"$folder/installed"
fi
say "AssemblyScript: ${ASSEMBLYSCRIPT#*@} is there"

# Of jco only three packages are wanted, without the 200 MB that they depend on: unpacked beside each other, so that
# `component new` finds preview2-shim as it would in node_modules.
folder=$BUILD/jco
if ! stamp "$folder/installed" "${JCO[*]}"; then
    say "jco: downloading its adapters and its component new"
    rm -rf "$folder"
    mkdir -p "$folder/packed" "$folder/node_modules/@bytecodealliance"
    retry npm pack --silent --pack-destination "$folder/packed" --fetch-timeout=180000 --fetch-retries=4 "${JCO[@]}" \
        >"$BUILD/jco.log" 2>&1 ||
        fail "npm could not download ${JCO[*]} (the last lines of build/jco.log say why). Retry: make setup"
    for name in jco jco-transpile preview2-shim; do
        mkdir "$folder/node_modules/@bytecodealliance/$name"
        tar -xzf "$folder"/packed/bytecodealliance-$name-[0-9]*.tgz --strip-components=1 \
            -C "$folder/node_modules/@bytecodealliance/$name"
    done
    rm -r "$folder/packed"
    ln -s node_modules/@bytecodealliance/jco "$folder/jco"
    ln -s node_modules/@bytecodealliance/jco-transpile "$folder/jco-transpile"
    echo "${JCO[*]}" >"$folder/installed"
fi
say "jco: adapters and component new of ${JCO[0]##*@}"
