# SPDX-License-Identifier: MIT
"""Where the modules of fuzz.py come from: wasm-tools, compilers, damage done to them; and modules to import from."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import wasmtime

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/bench"))

import programs  # noqa: E402

TOOLS = ROOT / "build/wasm-tools/wasm-tools"
LONG = 24_000  # bytes of a module of which not every prefix is tried
SMITH = {
    "ensure-termination": None, "fuel": 300, "export-everything": "true", "max-imports": 0, "min-funcs": 3,
    "max-funcs": 12, "max-instructions": 300, "max-globals": 20, "max-tables": 3, "max-table-elements": 500,
    "max-memories": 1, "max-memory32-bytes": 4194304, "max-data-segments": 3, "max-element-segments": 4,
    "bulk-memory-enabled": "true", "reference-types-enabled": "true", "multi-value-enabled": "true",
    "saturating-float-to-int-enabled": "true", "sign-extension-ops-enabled": "true", "extended-const-enabled": "true",
    "table-max-size-required": "true",
}  # fmt: skip
REFUSED = ["simd", "relaxed-simd", "tail-call", "threads", "exceptions", "gc", "memory64", "wide-arithmetic",
           "shared-everything-threads"]  # fmt: skip


def smith(rng, imports=None, page=""):
    """A random module. `imports`: a module that imports what it may import; a memory there has pages of this size."""
    options = SMITH | {"custom-page-sizes-enabled": "true" if rng.randrange(4) == 0 else "false"}
    dense = rng.randrange(2)  # its memory fits the arena whole
    if dense:
        options |= {"max-memory32-bytes": 65536, "memory-max-size-required": "true"}
    with tempfile.NamedTemporaryFile(suffix=".wasm") as file:
        if imports:
            file.write(imports)
            file.flush()
            options |= {"available-imports": file.name, "max-imports": 16, "custom-page-sizes-enabled": "true"}
        command = [TOOLS, "smith"]
        for option, value in options.items():
            command += [f"--{option}"] + ([] if value is None else [str(value)])
        for feature in REFUSED:
            command += [f"--{feature}-enabled", "false"]
        entropy = rng.randbytes(rng.choice([300, 1000, 3000, 6000]))
        binary = subprocess.run(command, input=entropy, capture_output=True, check=True).stdout
    if not page and not dense:
        return binary
    # smith knows custom page sizes, but not in `available-imports`; its memories mostly begin with 0 pages, sparse then.
    text = subprocess.run([TOOLS, "print"], input=binary, capture_output=True, check=True).stdout.decode()
    text = text.replace("(memory (;0;) 0 1)", "(memory (;0;) 1 1)") if dense else text
    return assemble(re.sub(r'("lender" "memory" \(memory [^\n]*)\)\)\n', rf"\1 {page}))\n", text))


def mutate(binary, rng):
    """`binary` after up to four rounds of wasm-tools mutate: still valid, but nothing that smith would write."""
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


def real_modules():
    """Modules that a compiler made, of the examples and the benchmark programs: (ten of up to LONG bytes, longer ones)."""
    programs.compile_all()
    modules = [path.read_bytes() for path in (ROOT / "build/examples/core").glob("*.wasm")]
    modules += [program.wasm.read_bytes() for program in programs.PROGRAMS]
    modules.sort(key=len, reverse=True)
    return [one for one in modules if len(one) <= LONG][:10], [one for one in modules if len(one) > LONG]


# A lender: a module that exports one of each that can be imported, and whose functions change all of that.

_NUMBERS = ("i32", "i64", "f32", "f64")
_TYPES = (*_NUMBERS, "funcref", "externref")


def lender(rng):
    """(a module to import from, a module whose imports are what smith may import of it and of the host, page size)"""
    page = rng.choice(("", "(pagesize 1)"))
    least = rng.randrange(3000) if page else rng.choice((0, 1, 1))
    memory = _Limits(least, rng.choice((None, max(least, 1), least + rng.randrange(1, 9))))
    tables = [("funcref", _Limits(rng.randrange(4, 12), 30)), ("externref", _Limits(rng.randrange(12), 20))]
    globals_ = [(rng.choice(_TYPES), rng.randrange(2)) for _ in range(rng.randrange(2, 8))]
    functions = [_signature(rng) for _ in range(rng.randrange(2, 6))]
    hosts = [_signature(rng) for _ in range(rng.randrange(1, 4))]

    parts = ["(type $v (func))", '(import "host" "log" (func $log (param i32) (result i32)))']
    parts += [f'(memory (export "memory") {memory} {page})', "(global $calls (mut i32) (i32.const 0))"]
    parts += [f'(table ${t} (export "{t}") {limits} {t})' for t, limits in tables]
    for i, (t, mutable) in enumerate(globals_):
        parts.append(f'(global $g{i} (export "g{i}") {_global(t, mutable)} ({_constant(t, rng)}))')
    for i, (params, results) in enumerate(functions):
        typed = f"(param {' '.join(params)}) (result {' '.join(results)})"
        body = [_effect(rng, params, globals_) for _ in range(rng.randrange(5))]
        parts.append(f'(func $f{i} (export "f{i}") {typed} {_COUNT} {" ".join(body)} {_results(params, results, rng)})')
    chosen = [f"$f{rng.randrange(len(functions))}" for _ in range(4)]
    parts += ["(func $nothing)", f"(elem (table $funcref) (i32.const 0) func $nothing {' '.join(chosen[1:])})"]
    parts.append("(elem declare func $nothing)")

    wanted = [f'(import "lender" "memory" (memory {memory.looser(rng)}))']
    wanted += [f'(import "lender" "{t}" (table {limits.looser(rng)} {t}))' for t, limits in tables]
    wanted += [f'(import "lender" "g{i}" (global {_global(*one)}))' for i, one in enumerate(globals_)]
    for group, name, signatures in (("lender", "f", functions), ("host", "h", hosts)):
        for i, (params, results) in enumerate(signatures):
            if rng.randrange(100) == 0:
                results = ["i32", *results]  # of another type: Unlinkable
            typed = f"(param {' '.join(params)}) (result {' '.join(results)})"
            wanted.append(f'(import "{group}" "{name}{i}" (func {typed}))')
    return *(assemble(f"(module {' '.join(lines)})") for lines in (parts, wanted)), page


def assemble(text):
    return bytes(wasmtime.wat2wasm(text))


class _Limits:
    def __init__(self, least, most):
        self.least = least
        self.most = most

    def __str__(self):
        return f"{self.least} {'' if self.most is None else self.most}"

    def looser(self, rng):
        """Limits that these match; or, seldom, some that they do not."""
        wrong = rng.randrange(60) == 0
        least = rng.choice((0, self.least)) + wrong * (self.least + 1)
        return _Limits(least, rng.choice((None, self.most + 1, self.most)) if self.most and not wrong else None)


def _signature(rng):
    return [rng.choice(_TYPES) for _ in range(rng.randrange(4))], [rng.choice(_TYPES) for _ in range(rng.randrange(3))]


def _global(valtype, mutable):
    return f"(mut {valtype})" if mutable else valtype


def _constant(valtype, rng):
    if valtype in _NUMBERS:
        return f"{valtype}.const {rng.choice((0, 1, 77, 65536))}"
    return "ref.null extern" if valtype == "externref" else rng.choice(("ref.null func", "ref.func $nothing"))


_COUNT = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))"


def _effect(rng, params, globals_):
    """Something that a lender's function does. What it calls ends: only one call in three goes on to another."""
    at, few = f"(i32.const {rng.randrange(70_000)})", f"(i32.const {rng.randrange(6)})"
    seldom = f"(i32.eqz (i32.rem_u (global.get $calls) (i32.const {rng.choice((3, 5, 11))})))"
    choices = [
        f"(i32.store offset={rng.randrange(2000)} {few} (global.get $calls))",
        f"(if {seldom} (then (i64.store8 {at} (i64.extend_i32_u (global.get $calls)))))",
        f"(if {seldom} (then (call_indirect $funcref (type $v) {few})))",
        f"(if {seldom} (then unreachable))",
        "(drop (memory.grow (i32.and (global.get $calls) (i32.const 1))))",
        f"(table.set $funcref {few} (ref.func $nothing))",
        "(drop (table.grow $externref (ref.null extern) (i32.and (global.get $calls) (i32.const 1))))",
        f"(if (i32.eqz (call $log {few})) (then {_COUNT}))",
    ]
    for i, (t, mutable) in enumerate(globals_):
        if mutable and t in params:
            choices.append(f"(global.set $g{i} (local.get {params.index(t)}))")
    if "externref" in params:
        choices.append(f"(table.set $externref {few} (local.get {params.index('externref')}))")
    return rng.choice(choices)


def _results(params, results, rng):
    return " ".join(
        f"(local.get {params.index(t)})" if t in params and rng.randrange(2) else f"({_constant(t, rng)})"
        for t in results
    )
