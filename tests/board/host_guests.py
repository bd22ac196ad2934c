"""Components for tests of the host: the examples, built from source, and small ones written as text; and ways to drive them."""

import subprocess
import zlib

import pytest
from conftest import ROOT
from wasmote.host import HostError
from wasmote.wasm import drive

EXAMPLES = ROOT / "build" / "examples"


def example(name):
    """The bytes of an example component."""
    subprocess.run(["make", "-s", "-C", ROOT / "examples"], check=True)
    return (EXAMPLES / f"{name}.wasm").read_bytes()


def chunks(host, name, data, size=4096):
    """The generators of host.push for a whole file, one per chunk."""
    for at in range(0, len(data), size):
        yield host.push(name, len(data), at, data[at : at + size], zlib.crc32(data))


def push(host, name, data, size=4096, configuration=None):
    """Pushes a whole file, its last chunk with a configuration (bytes). Returns the answer to that."""
    last = (len(data) - 1) // size * size
    for at in range(0, len(data), size):
        chunk = (name, len(data), at, data[at : at + size], zlib.crc32(data))
        answer = drive(host.push(*chunk, configuration if at == last else None))
    return answer


def call(host, tool, arguments=b"{}", notify=None):
    """(texts, is_error) of a call."""
    return drive(host.call_tool(tool, arguments, b"1" if notify else None, notify))


class Log:
    """A host's on_log."""

    def __init__(self, host):
        self.heard = []
        host.on_log = lambda *what: self.heard.append(what)

    def lines(self, level="info"):
        """What was logged at a level, and forgets it."""
        lines = [message for heard, _, message, _ in self.heard if heard == level]
        self.heard = [what for what in self.heard if what[0] != level]
        return lines


def refusal(steps):
    """(kind, text) of the HostError that a generator, or a function, ends with."""
    with pytest.raises(HostError) as caught:
        drive(steps) if hasattr(steps, "send") else steps()
    return caught.value.kind, str(caught.value)


class Imports:
    """The imports of a guest, of which the functions of wasmote:mcp want the runtime."""

    def __init__(self, runtime):
        self.runtime = runtime


def refused_in_full(result):
    """(code, message, data) of a result that is an error of wasi:mcp."""
    failed, error = result
    assert failed == 1
    return error


def refused(result):
    """(code, message) of such a result, which has no data."""
    code, message, data = refused_in_full(result)
    assert data is None
    return code, message


def together(*generators):
    """Runs generators in turn, a step each, as the server does. Returns what they return."""
    results = [None] * len(generators)
    running = list(enumerate(generators))
    while running:
        for entry in list(running):
            try:
                next(entry[1])
            except StopIteration as stop:
                results[entry[0]] = stop.value
                running.remove(entry)
    return results


# A start function that never ends, one that traps, an import that no board has, one of a wrong type, much memory.
ENDLESS = "(component (core module $m (func $f (loop (br 0))) (start $f)) (core instance (instantiate $m)))"
TRAPPING = "(component (core module $m (func $f (unreachable)) (start $f)) (core instance (instantiate $m)))"
FOREIGN = """(component (import "wasi:http/handler@0.2.0" (instance (export "handle" (func (param "x" u32)))))
    (core module $m (func $f (loop (br 0))) (start $f)) (core instance (instantiate $m)))"""
WRONG_TYPE = '(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u32))))))'
LARGE = "(component (core module $m (memory 1) (func $f {}) (start $f)) (core instance (instantiate $m)))".format(
    "".join(f"(i32.store (i32.const {1024 * i}) (i32.const 1))" for i in range(64))
)

# Exports wasi:cli/run, which returns its one parameter: 0 for ok, 1 for error.
COMMAND = """(component
    (core module $m (func (export "run") (result i32) (i32.const %d)))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance (export "wasi:cli/run@0.2.3") (export "run" (func $run))))"""

# Export an interface's name as a function, or wasi:cli/run without its function, of another version or of another type.
FUNCTION = """(component
    (core module $m (func (export "run") (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (export "%s" (func $run)))"""
RUNLESS = '(component (instance (export "wasi:cli/run@0.2.0")))'
RUN_LATER = (COMMAND % 0).replace("0.2.3", "0.3.0")
RUN_OTHER = (COMMAND % 0).replace("(result (result))", "(result u32)")
