#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Python environment build/venv with this repository installed in place; again whenever pyproject.toml changes.
source "$(dirname "$0")/steps.sh"

venv=$BUILD/venv
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 >= 3.10 is needed, or set PYTHON"

if [ ! -x "$venv/bin/python" ]; then
    say "Python environment: creating build/venv"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "python3 -m venv failed: on Debian, apt-get install python3-venv"
fi
if [ ! -e "$ROOT/pyproject.toml" ]; then
    say "Python environment: empty, there is no pyproject.toml"
    exit 0
fi

wanted=$(sha256sum <"$ROOT/pyproject.toml")
if stamp "$venv/installed" "$wanted"; then
    say "Python environment: up to date"
    exit 0
fi
say "Python environment: installing what pyproject.toml names"
retry "$venv/bin/python" -m pip install --quiet --timeout 180 --retries 5 --editable "$ROOT[dev]" >"$BUILD/pip.log" 2>&1 ||
    fail "pip could not install the packages (the last lines of build/pip.log say why). Retry: make setup"
echo "$wanted" >"$venv/installed"
say "Python environment: installed"
