#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# build/wasm-tools/wasm-tools, a wrapper around wasm-tools >= 1.239: WASM_TOOLS, else the one on PATH, else Debian's,
# which needs a newer glibc than Debian 12 has and so comes with its own beside it.
source "$(dirname "$0")/steps.sh"
source "$(dirname "$0")/debian_suite.sh"

OLDEST=1.239
folder=$BUILD/wasm-tools
wrapper=$folder/wasm-tools

version_of() { "$@" --version 2>/dev/null | awk '{ print $2 }'; }
new_enough() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$OLDEST" "$1" | sort -V | head -n 1)" = "$OLDEST" ]; }

wrap() {
    mkdir -p "$folder"
    printf '#!/bin/sh\n# Written by scripts/setup/wasm_tools.sh.\nexec %s "$@"\n' "$1" >"$wrapper.new"
    chmod +x "$wrapper.new"
    mv "$wrapper.new" "$wrapper"
}

from_debian() {
    local package=
    say "wasm-tools: downloading Debian's (6 MB)"
    rm -rf "$folder/debs" "$folder/debian"
    mkdir -p "$folder/debs" "$folder/debian"
    (cd "$folder/debs" && suite_apt sid download wasm-tools libc6 libgcc-s1) >>"$BUILD/wasm-tools.log" 2>&1 || return 1
    for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$folder/debian"; done
    rm -rf "$folder/debs"
    if new_enough "$(version_of "$folder/debian/usr/bin/wasm-tools")"; then
        wrap "'$folder/debian/usr/bin/wasm-tools'"
        return
    fi
    local loader libraries
    loader=$(find "$folder/debian" -name 'ld-linux-*.so.*' | head -n 1)
    libraries=$(find "$folder/debian" -name 'libc.so.6' -printf '%h\n' | head -n 1)
    wrap "'$loader' --library-path '$libraries' '$folder/debian/usr/bin/wasm-tools'"
}

if [ -n "${WASM_TOOLS:-}" ]; then
    found=$(command -v "$WASM_TOOLS") || fail "WASM_TOOLS=$WASM_TOOLS is no program"
    new_enough "$(version_of "$found")" || fail "WASM_TOOLS=$WASM_TOOLS is not wasm-tools >= $OLDEST"
    grep -qsF "exec '$(realpath "$found")'" "$wrapper" || wrap "'$(realpath "$found")'"
elif ! new_enough "$(version_of "$wrapper")"; then
    if found=$(command -v wasm-tools) && new_enough "$(version_of "$found")"; then
        wrap "'$found'"
    elif command -v dpkg >/dev/null; then
        from_debian || fail "could not get wasm-tools (the last lines of build/wasm-tools.log say why). Retry: make setup; or install wasm-tools >= $OLDEST (cargo install wasm-tools) and set WASM_TOOLS"
    else
        fail "wasm-tools >= $OLDEST is missing: cargo install wasm-tools, or set WASM_TOOLS"
    fi
fi
version=$(version_of "$wrapper")
new_enough "$version" || fail "build/wasm-tools/wasm-tools does not run as version >= $OLDEST. Retry: rm -r build/wasm-tools && make setup"
say "wasm-tools: $version"
