#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Not part of `make setup`: build/rust/rustc, a Rust compiler with the targets wasm32-unknown-unknown and wasm32-wasip2,
# for machines without rustup. It is Debian sid's, unpacked beside its own libraries as wasm_tools.sh does (200 MB).
# With rustup: rustup target add wasm32-unknown-unknown wasm32-wasip2.
source "$(dirname "$0")/steps.sh"
source "$(dirname "$0")/debian_suite.sh"

folder=$BUILD/rust
root=$folder/debian

# Runs the first argument, a program of $root, with its own loader and libraries; the rest go before the caller's.
wrap() {
    local name=$1 program=$2
    shift 2
    printf '#!/bin/sh\n# Written by scripts/setup/rust.sh.\n%s\nexec %s --library-path %s --argv0 %s %s %s "$@"\n' \
        "PATH='$folder/bin':\$PATH" "'$loader'" "'$libraries'" "'$name'" "'$program'" "$*" >"$folder/bin/$name"
    chmod +x "$folder/bin/$name"
}

# Names of the libraries that the packages in this folder need and that are not among them.
missing_libraries() {
    local package=
    comm -23 <(for package in *.deb; do dpkg-deb -f "$package" Depends | tr ',' '\n'; done | awk '/^ *lib/ { print $1 }' |
        grep -v -e '^libstd-rust-dev' -e '^libc-dev' | sort -u) \
        <(for package in *.deb; do dpkg-deb -f "$package" Package; done | sort -u)
}

unpack_debian() {
    local package=
    rm -rf "$folder"
    mkdir -p "$folder/debs" "$folder/bin" "$root"
    (
        cd "$folder/debs"
        suite_apt sid download rustc libstd-rust-dev-wasm32 '^libstd-rust-[0-9.]*$' || exit 1
        # The compiler's library says which LLVM it wants; of that comes the linker.
        llvm=$(dpkg-deb -f libstd-rust-[0-9]*.deb Depends | grep -o 'libllvm[0-9]*')
        wanted=("$llvm" "lld-${llvm#libllvm}")
        while [ ${#wanted[@]} -gt 0 ]; do
            suite_apt sid download "${wanted[@]}" || exit 1
            mapfile -t wanted < <(missing_libraries)
        done
    ) >>"$BUILD/rust.log" 2>&1 || return 1
    for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$root"; done
    rm -rf "$folder/debs" "$root"/usr/lib/rustlib/wasm32-wasip1 "$root/usr/share"
    loader=$(find "$root" -name 'ld-linux-*.so.*' | head -n 1)
    libraries=$(find "$root" -name 'libc.so.6' -printf '%h\n' | head -n 1):$root/usr/lib
    wrap rust-lld "$(find "$root" -path '*/llvm-*/bin/lld' | head -n 1)"
    wrap rustc "$root/usr/bin/rustc" --sysroot "'$root/usr'"
    # It would make a component, were it not told to leave that to wasm-tools; then it is no more than a linker.
    cat >"$folder/bin/wasm-component-ld" <<'EOF'
#!/bin/sh
# Written by scripts/setup/rust.sh.
for argument; do
    shift
    [ "$argument" = --skip-wit-component ] || set -- "$@" "$argument"
done
exec rust-lld "$@"
EOF
    chmod +x "$folder/bin/wasm-component-ld"
    ln -sf bin/rustc "$folder/rustc"
}

if ! "$folder/rustc" --version >/dev/null 2>&1; then
    command -v dpkg >/dev/null || fail "not a Debian system: install Rust with rustup and add the targets wasm32-unknown-unknown and wasm32-wasip2"
    say "Rust: downloading Debian's compiler and its wasm32 libraries (150 MB)"
    unpack_debian || fail "could not get Rust (the last lines of build/rust.log say why). Retry: scripts/setup/rust.sh"
fi
say "Rust: $("$folder/rustc" --version)"
