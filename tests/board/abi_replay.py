"""Calls of the components of abi_echo.py once more, under MicroPython: they end as under CPython."""

import os
import struct
import subprocess

from conftest import MICROPYTHON, ROOT

# Reads cases, a line each: file, type of f or None, calls (name, arguments, answer of f). Prints for each call what it
# gave and what f got.
PROGRAM = r"""
import struct, sys
sys.path[:0] = sys.argv[1:3]
from wasmote.component import Component, HostImport
from wasmote.wasm import Source, Store, Trap, drive, engine

class Host:
    resources = {"r": lambda rep: None}

    def __init__(self, kind):
        self.functions = {"f": HostImport(kind, self.f)} if kind else {}

    def interface(self, name):
        return self

    def f(self, *args):
        self.given = args
        return self.answer

def text(value):
    if isinstance(value, str):
        return "s" + str([ord(c) for c in value])
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + "[" + ",".join([text(v) for v in value]) + "]"
    if isinstance(value, float):
        return str(struct.pack("<d", value)) if value == value else "nan"
    return repr(value)

def load():
    with open(sys.argv[4] + name, "rb") as file:
        store = Store(90)
        return store, drive(Component.load(store, Source(file), host, lift_limit=1 << 30))

def F(bits):
    return struct.unpack("<d", bits)[0]

print(engine)
with open(sys.argv[3]) as file:
    for line in file:
        name, kind, calls = eval(line)
        host = Host(kind)
        store, component = load()
        for function, arguments, host.answer in calls:
            host.given = None
            try:
                print(text(drive(component.exports[function](*arguments))), text(host.given))
            except Trap as trap:
                print("trap", text(host.given))
                store.close()
                store, component = load()
        store.close()
"""


def output(program, engine, *args):
    environment = os.environ | {"WASMOTE_ENGINE": engine}
    run = subprocess.run([*program, *args], env=environment, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == engine
    return lines[1:]


def literal(value):
    """What evaluates to the value. MicroPython reads few decimal fractions to the last bit."""
    if isinstance(value, float):
        return f"F({struct.pack('<d', value)!r})"
    if isinstance(value, (list, tuple)):
        inside = "".join(literal(v) + "," for v in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    return ascii(value)


def replay(folder, cases, engines):
    """Asserts that each case, (type of f or None, binary, calls), gives under MicroPython what it gives under CPython."""
    lines = []
    for i, (kind, binary, calls) in enumerate(cases):
        (folder / f"{i}.wasm").write_bytes(binary)
        lines.append(literal((f"{i}.wasm", kind, calls)))
    (folder / "empty").mkdir()
    (folder / "program.py").write_text(PROGRAM)
    (folder / "cases").write_text("\n".join(lines))
    files = [folder / "program.py", ROOT / "modules", ROOT / "tests/shims", folder / "cases", f"{folder}/"]
    expected = output(["python3"], "c", *files)
    assert len(expected) == sum(len(calls) for _, _, calls in cases)
    files[2] = folder / "empty"
    for engine in engines:
        assert output([MICROPYTHON, "-X", "heapsize=8M"], engine, *files) == expected
