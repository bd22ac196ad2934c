#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random modules, and damaged ones: all engines do what wasmtime does.

    scripts/fuzz.py                     two minutes
    scripts/fuzz.py --seconds 3600      an hour
    scripts/fuzz.py --seed 1234 -n 1    one module again, as a finding names it
    scripts/fuzz.py --damage 100000     every prefix of ten real modules and 100,000 mutations of one byte
    scripts/fuzz.py --damage 1 --seed 7 one mutation again

A module comes from `wasm-tools smith`, one in four goes through `wasm-tools mutate`; every second one imports functions
of the host, and functions, a memory, tables and globals of a second instance. Copies of each with one damaged byte have to
be accepted or refused as wasmtime does, and run then, too. All of it runs in wasmtime (PyPI, canonical NaNs), in slices of
random size in the C engine built with AddressSanitizer and UndefinedBehaviorSanitizer, in the one that a Cortex-M0 runs,
built so, and in the Python twin. Compared after each call: results, or the trap and its place, what the host was called with, and of both
instances sizes, globals, elements, CRC of memory. Each engine is a process: one that crashes or hangs is a finding.
Findings are kept as .wasm files in build/fuzz.
"""

import argparse
import os
import pickle
import random
import select
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import sanitizers
from fuzz_case import OBSERVED, Case
from fuzz_modules import damage, lender, mutate, real_modules, smith
from fuzz_oracle import Oracle, same_text, same_trap, same_values
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
FINDINGS = ROOT / "build/fuzz"
HANG = 60  # seconds of CPU time for one case: other work on the machine makes nothing hang
BUILD = 900  # seconds for the first, before which the engine is compiled; and for one that waits without computing
SPARSE = 61  # of the prefixes of a long module, each so many is tried
COPIES = 3  # with a damaged byte, of each module
EXPORTS = 30  # of a module that are called, twice each
# Real modules loop for long, have hundreds of exports, and take a tenth of a second to compile: with them, less of each.
REAL_FUEL, REAL_SLICES, REAL_FUELS, REAL_EXPORTS = 300_000, 30, (50, 1000, 30_000), 5
ENGINES = {  # name: (environment, slices that a call may take, their fuel); the twin is some hundred times slower
    "c": (lambda: sanitizers.environment(), 3000, (1, 3, 50, 1000, 100_000)),
    "m0": (lambda: sanitizers.environment(flags=sanitizers.CORTEX_M0), 3000, (1, 3, 50, 1000, 100_000)),
    "python": (lambda: {"WASMOTE_ENGINE": "python"}, 60, (20, 1000, 100_000)),
}


class Finding(Exception):
    pass


def cpu_seconds(pid):
    """CPU time of a running process, in user and system mode (proc(5), /proc/PID/stat)."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """scripts/fuzz_engine.py with one of the engines."""

    def __init__(self, name):
        self.name = name
        environment, self.slices, self.fuels = ENGINES[name]
        # An arena that a page of 64 KiB fits twice, so that memories of both instances may be dense.
        self.environment = dict(os.environ, WASMOTE_ENGINE="", WASM_ARENA_KB="240") | environment()
        self.process = None

    def ask(self, case):
        limit = HANG if self.process else BUILD
        before = cpu_seconds(self.process.pid) if self.process else 0
        began = time.monotonic()
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "scripts/fuzz_engine.py"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment,
            )  # fmt: skip
        process = self.process
        try:
            pickle.dump(case, process.stdin)
            process.stdin.flush()
            while not select.select([process.stdout], [], [], 1)[0]:
                if cpu_seconds(process.pid) - before > limit or time.monotonic() - began > BUILD:
                    raise Finding(f"{self.name}: hangs for {limit} s")
            return pickle.load(process.stdout)
        except (EOFError, BrokenPipeError):
            raise Finding(f"{self.name}: crashes: exit code {process.wait()}") from None
        finally:
            if process.poll() is not None or sys.exc_info()[0]:
                self.stop()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Fuzzer:
    def __init__(self, engines, real=False):
        """`real`: for modules that a compiler made."""
        self.oracle = Oracle(REAL_FUEL) if real else Oracle()
        self.workers = [Worker(name) for name in engines]
        self.exports = REAL_EXPORTS if real else EXPORTS
        if real:
            for worker in self.workers:
                worker.slices, worker.fuels = REAL_SLICES, REAL_FUELS
        self.counts = Counter()
        self.findings = []

    def note(self, binary, seed, what):
        FINDINGS.mkdir(parents=True, exist_ok=True)
        path = FINDINGS / f"{seed}-{zlib.crc32(what.encode()):08x}.wasm"
        path.write_bytes(binary)
        self.findings.append(f"seed {seed}: {what} ({path.relative_to(ROOT)})")

    def one(self, seed):
        rng = random.Random(seed)
        lent, *imports = lender(rng) if rng.randrange(2) else (None,)
        binary = smith(rng, *imports)
        if rng.randrange(4) == 0:
            binary = mutate(binary, rng)
            self.counts["mutated"] += 1
        self.counts["modules"] += 1
        self.guarded(self.execute, Case(binary, lender=lent, salt=rng.getrandbits(32)), seed, rng)
        for _ in range(COPIES):
            self.guarded(self.judge, Case(damage(binary, rng), lender=lent, salt=rng.getrandbits(32)), seed, rng)

    def guarded(self, check, case, seed, rng):
        try:
            check(case, rng)
        except Finding as finding:
            self.note(case.binary, seed, str(finding))

    def judge(self, case, rng):
        """A module that may be damaged: refused when wasmtime refuses it, else it does what it does there."""
        if self.oracle.accepts(case.binary):
            self.counts["damaged, valid"] += 1
            self.execute(case, rng)
            return
        self.counts["damaged, refused"] += 1
        for worker in self.workers:
            if worker.name == "m0":
                continue  # differs in how it runs, not in what it refuses
            verdict, text, _ = worker.ask(case)
            if verdict not in ("Malformed", "Invalid", "Unsupported"):
                raise Finding(f"{worker.name}: {verdict} {text}, wasmtime says invalid")

    def execute(self, case, rng):
        """A valid module: each engine makes an instance, or not, as wasmtime does, and so does each call."""
        theirs, why = self.oracle.start(case)
        if theirs == "endless":
            return
        calls = self.oracle.calls(rng, self.exports)
        answers = [
            worker.ask(case._replace(calls=calls, fuel=rng.choice(worker.fuels), slices=worker.slices))
            for worker in self.workers
        ]
        live = []
        for worker, (verdict, text, outcomes) in zip(self.workers, answers, strict=True):
            if verdict in ("OutOfMemory", "Exhaustion", "endless") or "out of memory" in text:
                self.counts["too large for the arena"] += 1
            elif verdict == "Unsupported":
                self.counts["refused by name"] += 1
            elif theirs == "other" and verdict in ("instance", "Unlinkable", "Trap"):
                self.counts["too large for wasmtime"] += 1
            elif verdict != theirs or verdict == "Trap" and not same_text(text.split(":")[0], why):
                raise Finding(f"{worker.name}: {verdict} {text}; wasmtime: {theirs} {why}")
            elif verdict == "instance":
                live.append((worker, outcomes))
            else:
                self.counts[f"no instance: {verdict}"] += 1
        for n, (name, args) in enumerate(calls):
            if not live:
                return
            wanted = *self.oracle.invoke(name, args), self.oracle.state(OBSERVED)
            live = [pair for pair in live if self.compare(*pair, n, name, args, wanted)]

    def compare(self, worker, outcomes, n, name, args, wanted):
        """Whether the calls that follow can be compared: no limit of ours was met."""
        kind, got, state = outcomes[n]
        where = f"{worker.name}: call {n} {name}{args}"
        if wanted[0] == "endless":
            self.counts["endless calls"] += 1
            return False
        if kind in ("limit", "endless") or state[0] != wanted[2][0] and state[0] <= wanted[2][0]:
            self.counts["calls up to a limit"] += 1
            return False
        self.counts["calls"] += 1
        same = {"results": same_values, "trap": same_trap}.get(kind, lambda ours, theirs: True)
        if kind != wanted[0] or not same(got, wanted[1]):
            raise Finding(f"{where} gives {kind} {got}, wasmtime {wanted[0]} {wanted[1]}")
        if not same_values(state[1], wanted[2][1]) or state[:1] + state[2:] != wanted[2][:1] + wanted[2][2:]:
            raise Finding(f"{where} leaves {state}, wasmtime {wanted[2]}")
        return True


def run_damage(fuzzer, mutations, seed, turn):
    """Every prefix of ten real modules, some of longer ones, then `mutations` copies with one byte changed."""
    ten, longer = real_modules()
    modules = ten + longer
    for binary in modules if seed is None else ():
        for size in range(0, len(binary), SPARSE if binary in longer else 1):
            fuzzer.guarded(fuzzer.judge, Case(binary[:size]), f"prefix{size}", random.Random(size))
            turn()
    for n in range(seed or 0, (seed or 0) + mutations):
        rng = random.Random(n)
        case = Case(damage(modules[n % len(modules)], rng), salt=rng.choice((0, n)))
        fuzzer.guarded(fuzzer.judge, case, n, rng)
        turn()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, help="of the first module, the clock by default; or the first mutation")
    parser.add_argument("-n", "--modules", type=int, default=1 << 62)
    parser.add_argument("--damage", type=int, metavar="N", help="prefixes and N mutations of real modules instead")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="all by default; with --damage, c and m0")
    options = parser.parse_args()
    fuzzer = Fuzzer(options.engine or (["c", "m0"] if options.damage else ENGINES), options.damage is not None)
    for worker in fuzzer.workers:
        worker.ask(Case(b""))  # compiles its engine, which is not to take of the time
    began = time.monotonic()
    first = int(time.time()) if options.seed is None else options.seed
    console = Console()
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("fuzz", total=None if options.damage else options.seconds)

        def turn():
            counts = ", ".join(f"{n:,} {what}" for what, n in fuzzer.counts.items())
            progress.update(bar, completed=time.monotonic() - began, description=counts)
            if len(fuzzer.findings) >= 20:
                raise KeyboardInterrupt

        try:
            if options.damage is not None:
                run_damage(fuzzer, options.damage, options.seed, turn)
            else:
                for n in range(options.modules):
                    if time.monotonic() - began > options.seconds:
                        break
                    fuzzer.one(first + n)
                    turn()
        except KeyboardInterrupt:
            pass
    for worker in fuzzer.workers:
        worker.stop()
    print(f"first seed {first}, {time.monotonic() - began:.0f} s: "
          + ", ".join(f"{n:,} {what}" for what, n in fuzzer.counts.items()))  # fmt: skip
    for finding in fuzzer.findings:
        print(finding)
    print(f"{len(fuzzer.findings)} findings")
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
