# SPDX-License-Identifier: MIT
# Sourced by every step of scripts/setup: where things are, how a step speaks, how a download is tried.
#
#     say TEXT…       one progress line          fail TEXT…   one error on stderr, exit 1
#     retry CMD…      up to four times, for slow or flaky mirrors
#     stamp FILE TEXT…  true when FILE already says TEXT: the step has nothing to do

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/build
mkdir -p "$BUILD"

say() { printf '[setup] %s\n' "$*"; }
fail() { printf "error: %s\n" "$*" >&2; exit 1; }

retry() {
    local try
    for try in 1 2 3 4; do
        "$@" && return 0
        [ "$try" = 4 ] || { say "try $try failed, again in $((try * 5)) s: $*"; sleep $((try * 5)); }
    done
    return 1
}

stamp() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
