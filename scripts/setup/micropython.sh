#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# MicroPython's sources as build/micropython: MICROPYTHON_DIR (a link to it), else upstream's release archive, else
# the Debian source package, which leaves out what our boards do not use. Both are of one version, each checked by
# SHA-256.
source "$(dirname "$0")/steps.sh"
source "$(dirname "$0")/debian_suite.sh"

VERSION=1.25.0
ARCHIVE_URL=https://micropython.org/resources/source/micropython-$VERSION.tar.xz
ARCHIVE_SHA256=9fe99ad5808e66bb40d374f5cad187c32c7d1c49cf47f72b38fd453c28c2aebe
DEBIAN_FILE=micropython_$VERSION+ds.orig.tar.xz
DEBIAN_SHA256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea

target=$BUILD/micropython
downloads=$BUILD/downloads

sha256_is() { [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]; }

unpack() {
    rm -rf "$target" "$target.new"
    mkdir -p "$target.new"
    tar -xf "$1" -C "$target.new" --strip-components=1
    rm -rf "$target.new/mpy-cross/build"
    mv "$target.new" "$target"
}

from_archive() {
    local file=$downloads/micropython-$VERSION.tar.xz
    say "MicroPython $VERSION: trying upstream's release archive"
    curl -fsSL --connect-timeout 15 --speed-limit 1000 --speed-time 60 --retry 2 -o "$file.part" "$ARCHIVE_URL" \
        2>>"$BUILD/micropython.log" || return 1
    sha256_is "$file.part" "$ARCHIVE_SHA256" || { say "upstream's archive has another SHA-256 than expected, not used"; return 1; }
    mv "$file.part" "$file"
    unpack "$file"
}

from_debian() {
    say "MicroPython $VERSION: downloading the Debian source package"
    (cd "$downloads" && suite_apt trixie source --download-only micropython) >>"$BUILD/micropython.log" 2>&1 || return 1
    [ -e "$downloads/$DEBIAN_FILE" ] || return 1
    sha256_is "$downloads/$DEBIAN_FILE" "$DEBIAN_SHA256" || { say "$DEBIAN_FILE has another SHA-256 than expected, not used"; return 1; }
    unpack "$downloads/$DEBIAN_FILE"
}

if [ -n "${MICROPYTHON_DIR:-}" ]; then
    [ -e "$MICROPYTHON_DIR/py/mpconfig.h" ] || fail "MICROPYTHON_DIR=$MICROPYTHON_DIR holds no MicroPython sources"
    real=$(cd "$MICROPYTHON_DIR" && pwd)
    [ "$(readlink "$target" || true)" = "$real" ] || { rm -rf "$target"; ln -s "$real" "$target"; }
    say "MicroPython: $real"
elif [ -e "$target/py/mpconfig.h" ]; then
    say "MicroPython $VERSION: already there"
else
    mkdir -p "$downloads"
    from_archive || from_debian ||
        fail "could not get MicroPython $VERSION (the last lines of build/micropython.log say why). Retry: make setup; or unpack its sources yourself and set MICROPYTHON_DIR"
    say "MicroPython $VERSION: unpacked"
fi

# A frozen manifest only asks whether micropython-lib is there; ours takes nothing from it.
mkdir -p "$BUILD/micropython-lib"
[ -e "$BUILD/micropython-lib/README.md" ] || echo "Empty on purpose." >"$BUILD/micropython-lib/README.md"
