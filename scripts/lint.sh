#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# House style of Python (ruff, pyproject.toml), C and C++ (.clang-format) and Zig: `lint.sh check` tells, `lint.sh fix` rewrites.
source "$(dirname "$0")/setup/steps.sh"
cd "$ROOT"

ruff=$BUILD/venv/bin/ruff
zig=$BUILD/zig/ziglang/zig
mapfile -t c_files < <(find firmware examples tests \( -name '*.[ch]' -o -name '*.[ch]pp' \) -not -path '*/build/*' | sort)

case ${1:-check} in
    check)
        "$ruff" check .
        "$ruff" format --check .
        clang-format --dry-run -Werror "${c_files[@]}"
        [ ! -x "$zig" ] || "$zig" fmt --check examples/zig
        ;;
    fix)
        "$ruff" check --fix .
        "$ruff" format .
        clang-format -i "${c_files[@]}"
        [ ! -x "$zig" ] || "$zig" fmt examples/zig
        ;;
    *) fail "lint.sh check, or lint.sh fix" ;;
esac
