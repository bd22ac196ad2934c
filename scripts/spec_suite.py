#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the WebAssembly specification test suite is, as JSON commands and .wasm files (the form of wabt's wast2json).

    python3 scripts/spec_suite.py [CHECKOUT]      convert a checkout of WebAssembly/testsuite into build/spec-testsuite

A folder per script of the suite, named as it, with NAME.json and NAME.N.wasm. Left out: SIMD, and modules in text form.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "7ef86ddeed81458f9031a49a40b3a3f99c1c6a8a"  # 2023-03-08, WebAssembly 2.0
ARCHIVE = f"https://github.com/WebAssembly/testsuite/archive/{COMMIT}.tar.gz"
BUILT = ROOT / "build/spec-testsuite"
COMMANDS = 27361
TOOL = ROOT / "build/wasm-tools/wasm-tools"


class NoSuite(Exception):
    pass


def find():
    """The suite's folder: WASM_TESTSUITE, ../shared/spec-testsuite, or build/spec-testsuite, fetched when missing."""
    given = os.environ.get("WASM_TESTSUITE")
    if given:
        if not (Path(given) / "i32/i32.json").is_file():
            raise NoSuite(f"WASM_TESTSUITE={given} has no i32/i32.json: convert a checkout with {Path(__file__).name}")
        return Path(given)
    shared = ROOT.parent / "shared/spec-testsuite"
    if (shared / "i32/i32.json").is_file():
        return shared
    if not (BUILT / "i32/i32.json").is_file():
        fetch()
    return BUILT


def fetch():
    """Download the suite's sources at COMMIT and convert them into build/spec-testsuite."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with (
                urllib.request.urlopen(ARCHIVE, timeout=60) as stream,
                tarfile.open(fileobj=stream, mode="r|gz") as tar,
            ):
                tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
        except (OSError, tarfile.TarError) as error:
            raise NoSuite(
                f"no spec test suite: {ARCHIVE} cannot be had ({error}). Check WebAssembly/testsuite out at {COMMIT[:7]}"
                " elsewhere and run scripts/spec_suite.py CHECKOUT, or set WASM_TESTSUITE to a converted one"
            ) from None
        convert(next(Path(folder).iterdir()))


def convert(checkout):
    """Convert the core scripts of a checkout of WebAssembly/testsuite into build/spec-testsuite."""
    scripts = [path for path in sorted(Path(checkout).glob("*.wast")) if not path.stem.startswith("simd_")]
    if not scripts:
        raise NoSuite(f"{checkout}: no .wast scripts, so no checkout of WebAssembly/testsuite")
    part = BUILT.with_suffix(f".{os.getpid()}")
    for script in scripts:
        folder = part / script.stem
        folder.mkdir(parents=True)
        file = folder / f"{script.stem}.json"
        command = [TOOL, "json-from-wast", script, "--wasm-dir", folder, "-o", file]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise NoSuite(f"{script}: {run.stderr.strip()}")
        content = json.loads(file.read_text())
        content["commands"] = [c for c in content["commands"] if c.get("module_type") != "text"]
        for command in content["commands"]:
            if "filename" in command:
                command["filename"] = Path(command["filename"]).name
        file.write_text(json.dumps(content, separators=(",", ":")))
    shutil.rmtree(BUILT, ignore_errors=True)
    part.rename(BUILT)
    return BUILT


def count(suite, scripts):
    """How many commands these scripts have."""
    return sum(len(commands(suite, name)) for name in scripts)


def check(suite):
    """Raises NoSuite when a suite is not all of it."""
    have = count(suite, names(suite))
    if have != COMMANDS:
        raise NoSuite(
            f"{suite} has {have:,} commands in {len(names(suite))} scripts, the suite at {COMMIT[:7]} has {COMMANDS:,}:"
            f" convert a checkout with {Path(__file__).name}, or name the scripts to run"
        )


def names(suite):
    """The scripts, sorted."""
    return sorted(path.name for path in suite.iterdir() if (path / f"{path.name}.json").is_file())


@functools.cache
def commands(suite, name):
    """The commands of one script."""
    return json.loads((suite / name / f"{name}.json").read_text())["commands"]


def main():
    try:
        folder = convert(sys.argv[1]) if len(sys.argv) > 1 else find()
    except NoSuite as error:
        sys.exit(f"error: {error}")
    print(f"{folder}: {len(names(folder))} scripts, {count(folder, names(folder))} commands")


if __name__ == "__main__":
    main()
