#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything that building and testing need, step by step; a step with nothing to do takes no time. One at a time.
source "$(dirname "$0")/setup/steps.sh"

exec 9>"$BUILD/setup.lock"
flock 9
for step in apt micropython wasm_tools venv node guests; do
    "$ROOT/scripts/setup/$step.sh"
done
