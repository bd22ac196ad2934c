#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the WebAssembly specification test suite on every target: both engines on this machine, C on the emulated boards.

    python3 scripts/spec_tests.py [-t TARGET]... [-v] [SCRIPT ...]      e.g. -t QEMU_M0 i32 br_table; all by default

A module that does not fit the memory of a board counts as too large; more than 1 % of the commands there, or one on this
machine, fail the run. Without SCRIPTs it has to be all 27,361 commands of the suite.
Exit code 1 when a command failed on any target, 2 when the run could not be made.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import spec_runner
import spec_suite
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from spec_targets import BOARDS, TARGETS, Lost, Target, Unavailable, cancelled

DEFAULT = ("unix", "unix-python", "QEMU_M0", "QEMU_M3", "QEMU_RV32")
TOO_LARGE = 0.01  # share of the commands, on a board
_PATIENCE = 3  # scripts that may lose a target before it gets no more
_PROGRESS = 20  # seconds between two lines of progress where there are no bars


def run(target, suite, scripts, each=lambda: None):
    """The Result of these scripts on a target."""
    result = spec_runner.Result()
    lost = 0
    with target:
        for script in scripts:
            requests = list(spec_runner.requests(suite, script))
            try:
                if lost == _PATIENCE:
                    raise Lost("not run: the target was lost too often")
                answers = target.ask([request for _, request, _ in requests], each)
            except Lost as error:
                lost = min(lost + 1, _PATIENCE)
                lines = [command["line"] for command, _, _ in requests]
                text = f"{error}; none of its {len(lines)} commands counts"
                result.failures += [(script, line, text if i == 0 else "see above") for i, line in enumerate(lines)]
                continue
            for (command, _, module), answer in zip(requests, answers, strict=True):
                spec_runner.judge(result, script, command, answer, module)
    return result


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="scripts of the suite, all by default")
    parser.add_argument("-t", "--target", action="append", choices=TARGETS, help=f"default: {' '.join(DEFAULT)}")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="targets at a time (2)")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show the texts of refusals that differ, every failure"
    )
    options = parser.parse_args(arguments)
    try:
        suite = spec_suite.find()
        if not options.scripts:
            spec_suite.check(suite)
    except spec_suite.NoSuite as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    scripts = options.scripts or spec_suite.names(suite)
    for unknown in set(scripts) - set(spec_suite.names(suite)):
        print(f"error: the suite has no script {unknown}", file=sys.stderr)
        return 2
    console = Console(highlight=False, soft_wrap=True)
    try:
        results = run_all(options.target or DEFAULT, suite, scripts, options.jobs, console)
    except Unavailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return report(results, suite, console, options.verbose)


def run_all(targets, suite, scripts, jobs, console):
    """{target: (Result, seconds)}, `jobs` targets at a time; a bar for each on a terminal, else a line now and then."""
    count = spec_suite.count(suite, scripts)
    columns = TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()

    def one(name, bar):
        began = said = time.monotonic()
        done = 0

        def each():
            nonlocal done, said
            done += 1
            bars.advance(bar)
            if not console.is_terminal and time.monotonic() - said > _PROGRESS:
                said = time.monotonic()
                print(f"{name}: {done} of {count} commands", flush=True)

        bars.start_task(bar)
        result = run(Target(name), suite, scripts, each)
        bars.update(bar, completed=count)
        seconds = time.monotonic() - began
        if not console.is_terminal:
            print(f"{name}: {result.passed} of {count} commands passed, {seconds:.0f} s", flush=True)
        return result, seconds

    with Progress(*columns, console=console, disable=not console.is_terminal) as bars, ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(one, name, bars.add_task(name, total=count, start=False)) for name in targets]
        try:
            return {name: future.result() for name, future in zip(targets, waiting, strict=True)}
        except BaseException:
            cancelled.set()
            raise


def report(results, suite, console, verbose):
    """Print failures and the table; the exit code."""
    for name, (result, _) in results.items():
        shown = result.failures if verbose else [one for one in result.failures if one[2] != "see above"][:30]
        for file, line, what in shown:
            console.print(f"{name}: {file}:{line} {what}", markup=False)
        if len(shown) < len(result.failures):
            console.print(f"{name}: {len(result.failures) - len(shown)} more failures: -v shows them")
        for module, reason in result.large_modules.items():
            size = (suite / module.split(".")[0] / module).stat().st_size
            console.print(f"{name}: {module} too large: {size} bytes, {reason}", markup=False)
        if verbose:
            for file, line, what in result.other_texts:
                console.print(f"{name}: {file}:{line} other text: {what}", markup=False)
    table = Table("target", "passed", "failed", "too large", "seconds")
    for column in table.columns[1:]:
        column.justify = "right"
    good = True
    for name, (result, seconds) in results.items():
        ok = not result.failures and result.too_large <= (TOO_LARGE * result.total if name in BOARDS else 0)
        good = good and ok
        counts = result.passed, len(result.failures), result.too_large, f"{seconds:.0f}"
        table.add_row(name, *map(str, counts), style=None if ok else "red")
    console.print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
