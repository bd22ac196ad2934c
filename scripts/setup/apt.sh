#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian packages that building and testing need; installs only what is missing, and says the command if it may not.
source "$(dirname "$0")/steps.sh"

PACKAGES=(
    build-essential pkg-config libffi-dev python3 python3-venv xz-utils curl ca-certificates
    gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
    gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
    qemu-system-arm qemu-system-misc
    clang lld clang-format
    wasi-libc libclang-rt-dev-wasm32 libc++-dev-wasm32
)
command -v node >/dev/null || PACKAGES+=(nodejs)
command -v npm >/dev/null || PACKAGES+=(npm)

if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: have these installed yourself: ${PACKAGES[*]}"
    exit 0
fi

missing=()
for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
    say "Debian packages: all there"
    exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    sudo -n true 2>/dev/null || [ -t 0 ] && command -v sudo >/dev/null ||
        fail "packages are missing and this user may not install them. Run as root: apt-get install --no-install-recommends ${missing[*]}"
fi
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get
    -o Acquire::Retries=4 -o Acquire::http::Timeout=180 -o DPkg::Lock::Timeout=600 -qq)

say "Debian packages: installing ${missing[*]} (some minutes)"
# One broken third-party source must not stop us: the install tells whether the lists were good enough.
"${install[@]}" update >"$BUILD/apt.log" 2>&1 || say "apt-get update complained, see build/apt.log"
retry "${install[@]}" install -y --no-install-recommends "${missing[@]}" >>"$BUILD/apt.log" 2>&1 ||
    fail "apt-get could not install ${missing[*]}; the reason is at the end of build/apt.log. Retry: make setup"
say "Debian packages: installed"
