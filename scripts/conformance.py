#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make conformance`: MCP's official conformance suite against a board, through `wasmote bridge --http`, in both eras.

    scripts/conformance.py                             QEMU_M0
    scripts/conformance.py unix QEMU_M3                other boards, one after the other; or ports
    scripts/conformance.py --scenario ping -v          some scenarios, with every check
    scripts/conformance.py --url http://localhost:8080/mcp     a bridge that runs already, with its fixtures

The suite is npm's @modelcontextprotocol/conformance (scripts/setup/node.sh pins it); a revision's requirements say which
scenarios count. What the scenarios call is in the components of build/conformance (from tests/fixtures/conformance),
which go to a blank board first. Exit code 1 when a scenario that counts fails; results are kept in build/conformance/results.
"""

import argparse
import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "build/node/bin/node"
SUITE = ROOT / "build/node/node_modules/@modelcontextprotocol/conformance"
FIXTURES = ROOT / "build/conformance"
CONFIGURATIONS = ROOT / "tests/fixtures/conformance"  # <component>.json, for those that need one
RESULTS = FIXTURES / "results"
PORTS = {"unix": "unix:", "QEMU_M0": "qemu:m0", "QEMU_M3": "qemu:m3", "QEMU_RV32": "qemu:rv32"}
REVISIONS = {"2025-11-25": 30, "2026-07-28": 37}  # scenarios that count in each, a check of what we read
START_SECONDS = 60  # for the bridge to say where it is
RUN_SECONDS = 900  # for all scenarios of one revision
SECOND_TRIES = (
    3  # scenarios: the suite waits 500 ms for some answers, an emulated board on a busy machine may take longer
)
MARKS = {"pass": "✓", "fail": "✗", "skip": "–", None: " "}


def main():
    parser = argparse.ArgumentParser(description="MCP's official conformance suite against a board.")
    parser.add_argument("ports", nargs="*", metavar="BOARD", default=["QEMU_M0"])
    parser.add_argument("--url", help="a bridge that runs already, instead of boards")
    parser.add_argument("--revision", action="append", choices=list(REVISIONS), help="one revision alone")
    parser.add_argument("--scenario", action="append", help="one scenario alone; may be repeated")
    parser.add_argument("-v", "--verbose", action="store_true", help="every check")
    options = parser.parse_args()
    revisions = options.revision or list(REVISIONS)
    if not SUITE.exists():
        sys.exit("conformance: the suite is not installed: make setup")
    good = True
    for port in [options.url] if options.url else options.ports:
        with contextlib.nullcontext(port) if options.url else board(PORTS.get(port, port)) as url:
            folder = RESULTS / re.sub(r"\W+", "_", port)
            results = {revision: run(url, revision, folder, options.scenario) for revision in revisions}
        good = report(port, results, options.scenario, options.verbose) and good
    sys.exit(not good)


# --- the board ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def board(port):
    """The URL of a bridge to a blank board that got the fixtures."""
    fixtures = sorted(FIXTURES.glob("*.wasm"))
    if not fixtures:
        sys.exit("conformance: there are no fixtures in build/conformance: make examples")
    folder = tempfile.mkdtemp(prefix="wasmote-")  # short: QEMU takes file names of 511 characters
    environment = {**os.environ, "WASMOTE_RUNTIME_DIR": folder, "WASMOTE_DATA_DIR": folder}
    wasmote = [sys.executable, "-m", "wasmote"]
    bridge = subprocess.Popen(
        [*wasmote, "bridge", port, "--quiet", "--http", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    try:
        url = first_line(bridge)
        for file in fixtures:
            config = CONFIGURATIONS / f"{file.stem}.json"
            more = ["--config", str(config)] if config.exists() else []
            subprocess.run([*wasmote, "push", port, str(file), *more], env=environment, cwd=ROOT, check=True)
        yield url.replace("127.0.0.1", "localhost")
    except subprocess.CalledProcessError:
        sys.exit(f"conformance: {port} did not take {file}")
    finally:
        bridge.terminate()
        bridge.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def first_line(process):
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    line = lines.get(timeout=START_SECONDS).strip()
    if not line:
        sys.exit("conformance: the bridge did not start")
    return line


# --- the suite ---------------------------------------------------------------------------------------------------


def requirements(revision):
    """(scenarios that count, scenarios that are run beside them) of a revision."""
    section, scored, others = None, [], []
    for line in (SUITE / f"requirements/{revision}.yaml").read_text().splitlines():
        if found := re.match(r"(\w+):", line):
            section = found[1]
        elif section == "server" and (found := re.match(r"  - ([\w/.-]+)", line)):
            scored.append(found[1])
        elif section == "not_scored" and (found := re.match(r"  - scenario: (\S+)", line)):
            others.append(found[1])
        elif section == "not_scored" and re.match(r"    leg: client", line):
            others.pop()
    if len(scored) != REVISIONS[revision]:
        sys.exit(f"conformance: {len(scored)} scenarios count in {revision}, {REVISIONS[revision]} were expected")
    return scored, others


def run(url, revision, folder, only):
    """{scenario: its checks} after a run of a revision's scenarios, or of those in `only`."""
    folder = folder / revision
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [str(NODE), str(SUITE / "dist/index.js"), "server", "--url", url, "-o", str(folder)]
    scored, others = requirements(revision)
    if only:
        wanted = [name for name in (*scored, *others) if name in only]
        runs = [["--spec-version", revision, "--force", "--scenario", name] for name in wanted]
    else:
        runs = [["--requirements", revision]]
    play(command, runs, folder)
    checks = read(folder)
    slow = [name for name in scored if (not only or name in only) and verdict(checks.get(name)) == "fail"]
    if 0 < len(slow) <= SECOND_TRIES:
        print(f"{revision}: a second try of {', '.join(slow)}")
        play(command, [["--spec-version", revision, "--force", "--scenario", name] for name in slow], folder)
        checks = read(folder)
    return checks


def play(command, runs, folder):
    with open(folder / "log", "a") as log:
        for more in runs:
            subprocess.run([*command, *more], stdout=log, stderr=subprocess.STDOUT, timeout=RUN_SECONDS)


def read(folder):
    """{scenario: its checks}, of the last time it was run."""
    checks = {}
    for file in sorted(folder.glob("server-*/checks.json")):  # the names end in the time
        name = re.fullmatch(r"server-(.+?)-\d{4}-\d\d-\d\dT.*", file.parent.name)[1]
        checks[name] = json.loads(file.read_text())
    return checks


# --- the report --------------------------------------------------------------------------------------------------


def verdict(checks):
    """A scenario passes as the suite counts: no check failed. One without a result fails."""
    if checks is None or any(check["status"] == "FAILURE" for check in checks):
        return "fail"
    return "pass" if any(check["status"] == "SUCCESS" for check in checks) else "skip"


def report(port, results, only, verbose):
    """Print the table; whether all that counts passed."""
    good = True
    counted = {revision: requirements(revision) for revision in results}
    for title, which in (("scenarios that count", 0), ("scenarios that do not count", 1)):
        names = dict.fromkeys(name for lists in counted.values() for name in lists[which] if not only or name in only)
        print(f"\n{port}: {title:40}" + "".join(f"{revision:>12}" for revision in results))
        for name in names:
            row = {
                revision: verdict(results[revision].get(name)) if name in lists[which] else None
                for revision, lists in counted.items()
            }
            print(f"  {name:46}" + "".join(f"{MARKS[row[revision]]:>12}" for revision in results))
            good = good and (which == 1 or "fail" not in row.values())
        for revision, lists in counted.items():
            run = [name for name in lists[which] if name in names]
            passed = sum(verdict(results[revision].get(name)) != "fail" for name in run)
            print(f"  {revision}: {passed} of {len(run)} pass")
    for revision, checks in results.items():
        for name in checks:
            scored = name in counted[revision][0]
            for check in checks[name]:
                wrong = check["status"] in ("FAILURE", "WARNING") and scored
                if verbose or wrong:
                    print(f"  {revision} {name}: {check['status']} {check['id']} {check.get('errorMessage', '')}")
    return good


if __name__ == "__main__":
    main()
