#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the firmware of the boards named into build/firmware/BOARD, each under a lock, rebuilding only what changed.
#
#     scripts/build_firmware.sh QEMU_M0 unix       V=1 in the environment shows the commands
#     scripts/build_firmware.sh unix-sanitized     unix, with AddressSanitizer and UndefinedBehaviorSanitizer in all of it
source "$(dirname "$0")/setup/steps.sh"

MICROPYTHON=$BUILD/micropython
[ -e "$MICROPYTHON/py/mpconfig.h" ] || fail "no MicroPython sources in build/micropython: make setup"
say() { printf '[firmware] %s\n' "$*"; }

# The banner names MicroPython's version and our commit, not a date: the same sources give the same bytes.
export MICROPY_GIT_TAG=v1.25.0
MICROPY_GIT_HASH=$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null || echo unknown)
export MICROPY_GIT_HASH
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
export MICROPY_MPYCROSS=$BUILD/mpy-cross/mpy-cross
JOBS=${JOBS:-$(nproc)}

# make FOLDER LOCK-AND-LOG-NAME ARGUMENTS…
run_make() {
    local folder=$1 name=$2 log=$BUILD/firmware/$2.log
    shift 2
    mkdir -p "$BUILD/firmware"
    (
        flock 9
        make -C "$folder" -j"$JOBS" --no-print-directory "$@" >"$log" 2>&1
    ) 9>"$BUILD/firmware/$name.lock" || {
        tail -n 25 "$log" >&2
        fail "building $name failed, the whole output is in build/firmware/$name.log"
    }
}

[ -x "$MICROPY_MPYCROSS" ] || say "mpy-cross: building (half a minute; log in build/firmware/mpy-cross.log)"
run_make "$MICROPYTHON/mpy-cross" mpy-cross BUILD="$BUILD/mpy-cross"

for board in "$@"; do
    [ -e "$ROOT/boards/${board%-sanitized}" ] || fail "no board $board: there are $(cd "$ROOT/boards" && echo *)"
    started=$SECONDS
    [ -e "$BUILD/firmware/$board/genhdr" ] || say "$board: building (a minute; log in build/firmware/$board.log)"
    common=(BUILD="$BUILD/firmware/$board" USER_C_MODULES="$ROOT/firmware" MPY_LIB_DIR="$BUILD/micropython-lib")
    if [ "${board%-sanitized}" = unix ]; then
        # The collector looks for pointers in the C stack: frames must stay there. MicroPython copies no bytes from NULL.
        checks="-fsanitize=address,undefined -fno-sanitize=nonnull-attribute --param asan-use-after-return=0"
        [ "$board" = unix ] || common+=("CFLAGS_EXTRA=$checks -fno-sanitize-recover=undefined" "LDFLAGS_EXTRA=$checks")
        run_make "$MICROPYTHON/ports/unix" "$board" VARIANT_DIR="$ROOT/boards/unix" PROG=micropython "${common[@]}"
    else
        run_make "$ROOT/firmware/emulated" "$board" BOARD="$board" "${common[@]}"
    fi
    say "$board: build/firmware/$board ($((SECONDS - started)) s)"
done
