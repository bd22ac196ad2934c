#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random modules, and damaged ones: both engines do what wasmtime does.

    scripts/fuzz.py                     two minutes
    scripts/fuzz.py --seconds 3600      an hour
    scripts/fuzz.py --seed 1234 -n 1    one module again, as a finding names it
    scripts/fuzz.py --damage 100000     every prefix of ten real modules and 100,000 mutations of one byte

A module comes from `wasm-tools smith`, one in four goes through `wasm-tools mutate`, and of every one a copy with one
damaged byte has to be accepted or refused as wasmtime does. It runs in wasmtime (PyPI, canonical NaNs), in the C engine
built with AddressSanitizer and UndefinedBehaviorSanitizer, and in the Python twin, in slices of random size. Compared
after each call: results or trap, sizes, globals, CRC of memory. Each engine is a process: one that crashes or hangs is a
finding. Findings are kept as .wasm files in build/fuzz.
"""

import argparse
import contextlib
import os
import pickle
import random
import select
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import wasmtime
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/bench"))

import programs  # noqa: E402

TOOLS = ROOT / "build/wasm-tools/wasm-tools"
FINDINGS = ROOT / "build/fuzz"
HANG = 60  # seconds of CPU time for one case: other work on the machine makes nothing hang
ENDLESS = 20_000_000  # wasmtime's fuel for a call, about an instruction each
BUILD = 900  # seconds for the first, before which the engine is compiled; and for one that waits without computing
OBSERVED = (
    8 << 20
)  # bytes of a memory that are compared: one may have grown to gigabytes, which the twin takes minutes for
LONG, SPARSE = 24_000, 61  # bytes of a module of which not every prefix is tried, but each of so many
SLICES = {"c": 3000, "python": 60}  # a call may take; the twin is some hundred times slower

SMITH = {
    "ensure-termination": None, "fuel": 300, "export-everything": "true", "max-imports": 0, "min-funcs": 3,
    "max-funcs": 12, "max-instructions": 300, "max-globals": 20, "max-tables": 3, "max-table-elements": 500,
    "max-memories": 1, "max-memory32-bytes": 4194304, "max-data-segments": 3, "max-element-segments": 4,
    "bulk-memory-enabled": "true", "reference-types-enabled": "true", "multi-value-enabled": "true",
    "saturating-float-to-int-enabled": "true", "sign-extension-ops-enabled": "true", "extended-const-enabled": "true",
    "table-max-size-required": "true",
}  # fmt: skip
REFUSED = ["simd", "relaxed-simd", "tail-call", "threads", "exceptions", "gc", "memory64", "wide-arithmetic",
           "shared-everything-threads", "custom-page-sizes"]  # fmt: skip
# What wasmtime may do that we refuse by name is switched off there, so that both give the same verdict.
WASMTIME_OFF = ["simd", "relaxed_simd", "tail_call", "threads", "exceptions", "gc", "memory64", "multi_memory",
                "function_references", "wide_arithmetic", "stack_switching"]  # fmt: skip

TYPES = {"i32", "i64", "f32", "f64", "funcref", "externref"}
WORDS = (0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 1234, 65535, 7)
FLOATS = (0, 0x3F800000, 0x80000000, 0x7FC00000, 0x7F800000, 0xFF800000, 0x4B000001, 0x00000001, 0xC2F60000)
DOUBLES = (0, 0x3FF0000000000000, 1 << 63, 0x7FF8000000000000, 0x7FF0000000000000, 0x41DFFFFFFFC00000, 1,
           0xC3E0000000000000, 0x36A0000000000000)  # fmt: skip
CANONICAL = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}


def smith(seed):
    command = [TOOLS, "smith"]
    for option, value in SMITH.items():
        command += [f"--{option}"] + ([] if value is None else [str(value)])
    for feature in REFUSED:
        command += [f"--{feature}-enabled", "false"]
    rng = random.Random(seed)
    entropy = rng.randbytes(rng.choice([300, 1000, 3000, 6000]))
    return subprocess.run(command, input=entropy, capture_output=True, check=True).stdout


def mutate(binary, seed):
    """`binary` after up to four rounds of wasm-tools mutate: still valid, but nothing that smith would write."""
    rng = random.Random(seed)
    for _ in range(rng.randrange(1, 5)):
        command = [TOOLS, "mutate", "--seed", str(rng.getrandbits(63)), "--fuel", "1000"]
        run = subprocess.run(command, input=binary, capture_output=True)
        binary = run.stdout if run.returncode == 0 else binary
    return binary


def damage(binary, rng):
    """A copy with one byte changed."""
    copy = bytearray(binary)
    at = rng.randrange(8, len(copy))
    copy[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, 0x0B, copy[at] ^ 1 << rng.randrange(8), rng.randrange(256)])
    return bytes(copy)


def arguments(types, rng):
    pool = {"i32": WORDS, "f32": FLOATS, "f64": DOUBLES, "externref": (None, 0, 5), "funcref": (None,)}
    return [(rng.choice(WORDS) << 32 | rng.choice(WORDS)) if t == "i64" else rng.choice(pool[t]) for t in types]


class Oracle:
    """wasmtime, with the deterministic profile's NaNs."""

    def __init__(self):
        config = wasmtime.Config()
        config.cranelift_nan_canonicalization = True
        config.consume_fuel = True  # `mutate` makes loops that do not end
        for feature in WASMTIME_OFF:
            with contextlib.suppress(AttributeError, wasmtime.WasmtimeError):  # not every release has every switch
                setattr(config, "wasm_" + feature, False)
        self.engine = wasmtime.Engine(config)

    def accepts(self, binary):
        try:
            wasmtime.Module.validate(self.engine, binary)
        except wasmtime.WasmtimeError:
            return False
        return True

    def start(self, binary):
        """Makes an instance, or raises wasmtime's error. Ours has no more table elements or memory to grow into."""
        self.store = wasmtime.Store(self.engine)
        self.store.set_fuel(ENDLESS)
        instance = wasmtime.Instance(self.store, wasmtime.Module(self.engine, binary), [])
        self.exports = sorted((name, extern) for name, extern in instance.exports(self.store).items())

    def calls(self, rng):
        """Two rounds of calls of every function: [(name, arguments)]"""
        out = []
        for name, extern in self.exports * 2:
            if isinstance(extern, wasmtime.Func):
                types = [str(t) for t in extern.type(self.store).params]
                if TYPES.issuperset(types):  # `mutate` writes types of newer proposals, too
                    out.append((name, arguments(types, rng)))
        return out

    def invoke(self, name, args):
        function = dict(self.exports)[name]
        kind = function.type(self.store)
        self.store.set_fuel(ENDLESS)
        try:
            got = function(self.store, *(to_value(str(t), a) for t, a in zip(kind.params, args, strict=True)))
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return ("endless" if "fuel" in str(error) else "trap"), str(error)
        got = [] if not kind.results else got if len(kind.results) > 1 else [got]
        return "results", [from_value(str(t), v) for t, v in zip(kind.results, got, strict=True)]

    def state(self):
        store = self.store
        sizes, cells, contents = [], [], []
        for _, extern in self.exports:
            if isinstance(extern, wasmtime.Memory):
                sizes.append(extern.data_len(store))
                contents.append(zlib.crc32(extern.read(store, 0, min(sizes[-1], OBSERVED))))
            elif isinstance(extern, wasmtime.Table):
                sizes.append(extern.size(store))
            elif isinstance(extern, wasmtime.Global):
                cells.append(from_value(str(extern.type(store).content), extern.value(store)))
        return sizes, cells, contents


def to_value(valtype, bits):
    if valtype in ("i32", "i64"):
        width = int(valtype[1:])
        return bits - (1 << width) if bits >> width - 1 else bits
    if valtype in ("f32", "f64"):
        return struct.unpack("<f" if valtype == "f32" else "<d", bits.to_bytes(int(valtype[1:]) // 8, "little"))[0]
    return bits


def from_value(valtype, value):
    value = value.value if isinstance(value, wasmtime.Val) else value
    if valtype in ("i32", "i64"):
        return value & ((1 << int(valtype[1:])) - 1)
    if valtype in ("f32", "f64"):
        bits = struct.pack("<f" if valtype == "f32" else "<d", value)
        return CANONICAL[valtype] if value != value else int.from_bytes(bits, "little")
    return value is not None if valtype == "funcref" else value


def same_values(ours, theirs):
    """Equal but for the payload of NaNs, which wasmtime's Python loses."""
    nan = {True: lambda v: v & 0x7F800000 == 0x7F800000 and v & 0x7FFFFF, False: lambda v: v >> 52 & 0x7FF == 0x7FF}
    for a, b in zip(ours, theirs, strict=True):
        if a != b and not (b in CANONICAL.values() and nan[b < 1 << 32](a)):
            return False
    return True


def same_trap(ours, theirs):
    if "exhausted" in ours or "exhausted" in theirs:
        return "exhausted" in ours and "exhausted" in theirs
    return ours in theirs


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
        environment = dict(os.environ, WASMOTE_ENGINE="python" if name == "python" else "")
        if name == "c":
            library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout
            environment |= {"WASM_SANITIZE": "address,undefined", "LD_PRELOAD": library.strip(),
                            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"}  # fmt: skip
        self.environment = environment
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
            pickle.dump((*case, OBSERVED), process.stdin)
            process.stdin.flush()
            while not select.select([process.stdout], [], [], 1)[0]:
                if cpu_seconds(process.pid) - before > limit or time.monotonic() - began > BUILD:
                    raise Finding(f"hangs for {limit} s")
            return pickle.load(process.stdout)
        except (EOFError, BrokenPipeError):
            raise Finding(f"crashes: exit code {process.wait()}") from None
        finally:
            if process.poll() is not None or sys.exc_info()[0]:
                self.stop()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Fuzzer:
    def __init__(self, engines):
        self.oracle = Oracle()
        self.workers = [Worker(name) for name in engines]
        self.counts = Counter()
        self.findings = []

    def note(self, binary, seed, what):
        FINDINGS.mkdir(parents=True, exist_ok=True)
        path = FINDINGS / f"{seed}-{zlib.crc32(what.encode()):08x}.wasm"
        path.write_bytes(binary)
        self.findings.append(f"seed {seed}: {what} ({path.relative_to(ROOT)})")

    def one(self, seed):
        rng = random.Random(seed)
        binary = smith(seed)
        if rng.randrange(4) == 0:
            binary = mutate(binary, seed)
            self.counts["mutated"] += 1
        self.counts["modules"] += 1
        self.guarded(self.execute, binary, seed, rng)
        for _ in range(3):
            self.guarded(self.judge, damage(binary, rng), seed, rng)

    def guarded(self, check, binary, seed, rng):
        try:
            check(binary, rng)
        except Finding as finding:
            self.note(binary, seed, str(finding))

    def judge(self, binary, rng):
        """A module that may be damaged: the same verdict as wasmtime's, and what is accepted runs inside its limits."""
        valid = self.oracle.accepts(binary)
        self.counts["damaged, valid" if valid else "damaged, refused"] += 1
        for worker in self.workers:
            verdict, text, _ = worker.ask((binary, 1000, 20, []))
            if verdict in ("Malformed", "Invalid"):
                accepted = False
            elif verdict in ("instance", "endless", "Unlinkable", "OutOfMemory", "Trap", "Exhaustion"):
                accepted = True
            elif verdict == "Unsupported":
                continue
            else:
                raise Finding(f"{worker.name}: {verdict} {text}")
            if accepted != valid:
                raise Finding(f"{worker.name}: {verdict} {text}, wasmtime says {'valid' if valid else 'invalid'}")

    def execute(self, binary, rng):
        try:
            self.oracle.start(binary)
            calls, started = self.oracle.calls(rng), True
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            calls, started, why = [], False, str(error)
            if "fuel" in why:
                return
        answers = []
        for worker in self.workers:
            slice_fuel = (
                rng.choice([1, 3, 50, 1000, 100_000]) if worker.name == "c" else rng.choice([20, 1000, 100_000])
            )
            answers.append(worker.ask((binary, slice_fuel, SLICES[worker.name], calls)))
        live = []
        for worker, (verdict, text, outcomes) in zip(self.workers, answers, strict=True):
            if verdict in ("OutOfMemory", "Exhaustion", "endless") or "out of memory" in text:
                self.counts["too large for the arena"] += 1
            elif verdict == "Unsupported":
                self.counts["refused by name"] += 1
            elif (verdict == "instance") != started:
                raise Finding(f"{worker.name}: {verdict} {text}; wasmtime: {'an instance' if started else why}")
            elif started:
                live.append((worker, outcomes))
        for n, (name, args) in enumerate(calls):
            if not live:
                return
            wanted = *self.oracle.invoke(name, args), self.oracle.state()
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
        same = same_trap if kind == "trap" else same_values
        if kind != wanted[0] or not same(got, wanted[1]):
            raise Finding(f"{where} gives {kind} {got}, wasmtime {wanted[0]} {wanted[1]}")
        if state[0] != wanted[2][0] or state[2] != wanted[2][2] or not same_values(state[1], wanted[2][1]):
            raise Finding(f"{where} leaves {state}, wasmtime {wanted[2]}")
        return True


def real_modules():
    """Modules that a compiler made, of the examples and the benchmark programs: (ten of up to LONG bytes, longer ones)."""
    programs.compile_all()
    modules = [path.read_bytes() for path in (ROOT / "build/examples/core").glob("*.wasm")]
    modules += [program.wasm.read_bytes() for program in programs.PROGRAMS]
    modules.sort(key=len, reverse=True)
    return [one for one in modules if len(one) <= LONG][:10], [one for one in modules if len(one) > LONG]


def run_damage(fuzzer, mutations, turn):
    """Every prefix of ten real modules, some of longer ones, then `mutations` copies with one byte changed."""
    ten, longer = real_modules()
    modules = ten + longer
    rng = random.Random(mutations)
    for binary in modules:
        for size in range(0, len(binary), SPARSE if binary in longer else 1):
            fuzzer.guarded(fuzzer.judge, binary[:size], f"prefix{size}", rng)
            turn()
    for n in range(mutations):
        fuzzer.guarded(fuzzer.judge, damage(modules[n % len(modules)], rng), f"mutation{n}", rng)
        turn()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first module; the clock by default")
    parser.add_argument("-n", "--modules", type=int, default=1 << 62)
    parser.add_argument("--damage", type=int, metavar="N", help="prefixes and N mutations of real modules instead")
    parser.add_argument("--engine", action="append", choices=["c", "python"], help="both by default")
    options = parser.parse_args()
    fuzzer = Fuzzer(options.engine or (["c"] if options.damage else ["c", "python"]))
    began = time.monotonic()
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
                run_damage(fuzzer, options.damage, turn)
            else:
                for n in range(options.modules):
                    if time.monotonic() - began > options.seconds:
                        break
                    fuzzer.one(options.seed + n)
                    turn()
        except KeyboardInterrupt:
            pass
    for worker in fuzzer.workers:
        worker.stop()
    print(f"first seed {options.seed}, {time.monotonic() - began:.0f} s: "
          + ", ".join(f"{n:,} {what}" for what, n in fuzzer.counts.items()))  # fmt: skip
    for finding in fuzzer.findings:
        print(finding)
    print(f"{len(fuzzer.findings)} findings")
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
