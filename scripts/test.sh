#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All tests, each folder of tests/ in a process of its own: the board's package and the PC's have the same name.
#
#     scripts/test.sh                       every folder
#     scripts/test.sh tests/pc -k bridge    one, with pytest's own arguments
source "$(dirname "$0")/setup/steps.sh"
cd "$ROOT"

pytest=("$BUILD/venv/bin/python" -m pytest)
if [ $# -gt 0 ]; then
    exec "${pytest[@]}" "$@"
fi
failed=()
for folder in board firmware pc e2e; do
    compgen -G "tests/$folder/test_*.py" >/dev/null || continue
    printf '[test] tests/%s\n' "$folder"
    "${pytest[@]}" -q --numprocesses auto --dist loadgroup --no-loadscope-reorder "tests/$folder" || failed+=("tests/$folder")
done
[ ${#failed[@]} = 0 ] || fail "failed: ${failed[*]}"
