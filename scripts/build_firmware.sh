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
unset MAKEFLAGS MAKEOVERRIDES BOARD # what our make was told is nothing that upstream's should know
# Frozen code is made again when the names that C has change: upstream's makemanifest looks at Python's files only, and a
# name that moved to C would be there twice, one that moved away nowhere.
FREEZE='find $(BUILD)/frozen_content.c ! -newer $(BUILD)/genhdr/qstrdefs.preprocessed.h -delete 2>/dev/null; '
FREEZE+='$(PYTHON) $(TOP)/tools/makemanifest.py'

# make FOLDER LOCK-AND-LOG-NAME ARGUMENTS…
run_make() {
    local folder=$1 name=$2 log=$BUILD/firmware/$2.log
    shift 2
    mkdir -p "$BUILD/firmware"
    (
        flock 9
        make_unchanged "$folder" "$name" "$@" >"$log" 2>&1
    ) 9>"$BUILD/firmware/$name.lock" || {
        tail -n 25 "$log" >&2
        fail "building $name failed, the whole output is in build/firmware/$name.log"
    }
}

# A source that is saved (or checked out) after make has read it and before what it makes of it is written is older than
# that: make would never look at it again, and names of Python and C would be of different builds. So what changed
# meanwhile is made newer, and made again; a build that was stopped has its changes made again too.
make_unchanged() {
    local folder=$1 began=$BUILD/firmware/$2.began
    shift 2
    if [ -e "$began" ]; then
        changed_since "$began" -exec touch {} +
    fi
    while true; do
        touch "$began"
        make -C "$folder" -j"$JOBS" --no-print-directory "$@" || { [ -n "$(changed_since "$began")" ] || return 1; }
        if [ -z "$(changed_since "$began" -print -exec touch {} +)" ]; then
            break
        fi
        echo "[firmware] sources changed meanwhile: again"
    done
    rm "$began"
}

# Our sources that changed after a file did, or what find is told to do with them.
changed_since() {
    local file=$1
    shift
    find "$ROOT/firmware" "$ROOT/modules" "$ROOT/boards" -type f -not -name '*.pyc' -newer "$file" "$@"
}

[ -x "$MICROPY_MPYCROSS" ] || say "mpy-cross: building (half a minute; log in build/firmware/mpy-cross.log)"
run_make "$MICROPYTHON/mpy-cross" mpy-cross BUILD="$BUILD/mpy-cross"

for board in "$@"; do
    [ -e "$ROOT/boards/${board%-sanitized}" ] || fail "no board $board: there are $(cd "$ROOT/boards" && echo *)"
    started=$SECONDS
    [ -e "$BUILD/firmware/$board/genhdr" ] || say "$board: building (a minute; log in build/firmware/$board.log)"
    common=(BUILD="$BUILD/firmware/$board" USER_C_MODULES="$ROOT/firmware" MPY_LIB_DIR="$BUILD/micropython-lib"
        MAKE_MANIFEST="$FREEZE")
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
