"""Lifting and lowering under MicroPython: the same images, values and traps as under CPython, on both engines."""

import os
import subprocess

import abi_types
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_abi_oracle import component_text, damaged
from wat import assemble

MICROPYTHON = ROOT / "build/firmware/unix/micropython"
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

# Reads component, type and elements; prints the image of the elements, and what each damaged image is lifted to.
PROGRAM = r"""
import sys
sys.path[:0] = sys.argv[1:3]
from wasmote.component import Component
from wasmote.wasm import Source, Store, Trap, drive, engine

class Host:
    functions = {}
    def interface(self, name):
        from wasmote.component import HostImport
        self.functions = {"f": HostImport("(x:" + kind + ")", print)}
        return self

def call(name, value):
    store = Store(90)
    try:
        with open(sys.argv[3], "rb") as file:
            component = drive(Component.load(store, Source(file), Host()))
        return drive(component.exports[name](value))
    except Trap as trap:
        return "trap: " + trap.what
    finally:
        store.close()

def text(value):
    if isinstance(value, str):
        return "s" + str([ord(c) for c in value])
    if isinstance(value, (list, tuple)):
        return str(type(value)) + "[" + ",".join([text(v) for v in value]) + "]"
    return repr(value)

print(engine)
with open(sys.argv[4]) as file:
    kind, elements, images = eval(file.read())
print(text(call("image", elements)))
for image in images:
    print(text(call("value", image)))
"""


def output(program, engine, *args):
    environment = os.environ | {"WASMOTE_ENGINE": engine}
    run = subprocess.run([*program, *args], env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == engine
    return lines[1:]


NO_FLOATS = abi_types.types(abi_types.LEAVES.filter(lambda t: t not in ("f32", "f64")))


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no unix build: run make firmware")
@FEW
@given(st.data())
def test_micropython_lifts_and_lowers_as_cpython_does(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("case")
    (folder / "empty").mkdir()
    t = data.draw(NO_FLOATS)
    value = data.draw(abi_types.values(t))
    elements = bytes([value] * 2) if t == "u8" else [value] * 2
    (folder / "program.py").write_text(PROGRAM)
    (folder / "c.wasm").write_bytes(assemble(component_text(t)))
    case = folder / "case"
    case.write_text(ascii((abi_types.text(t), elements, [])))
    files = [folder / "program.py", ROOT / "modules", ROOT / "tests/shims", folder / "c.wasm", case]
    image = eval(output(["python3"], "c", *files)[0])
    case.write_text(ascii((abi_types.text(t), elements, [image, *(data.draw(damaged(image)) for _ in range(4))])))
    expected = output(["python3"], "c", *files)
    assert len(expected) == 6
    files[2] = folder / "empty"
    for engine in ("c", "python"):
        assert output([MICROPYTHON, "-X", "heapsize=1M"], engine, *files) == expected


UTF8 = r"""
import sys
sys.path[:0] = sys.argv[1:3]
from wasmote.component.canonical import Context, lift_flat
from wasmote.wasm import Trap, engine

class Memory:
    size = 64
    def read_into(self, at, buffer):
        buffer[:] = data

class Instance:
    lift_limit = 64

print(engine)
with open(sys.argv[3]) as file:
    strings = eval(file.read())
for data in strings:
    cx = Context(Instance(), Memory())
    cx.left = 64
    try:
        print([ord(c) for c in lift_flat(cx, b"\x73", 0, iter([0, len(data)]))])
    except Trap as trap:
        print(trap.what)
"""


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no unix build: run make firmware")
def test_micropython_refuses_the_same_strings(tmp_path):
    bytes_ = [
        0x00,
        0x41,
        0x7F,
        0x80,
        0x8F,
        0x90,
        0x9F,
        0xA0,
        0xBF,
        0xC0,
        0xC2,
        0xDF,
        0xE0,
        0xED,
        0xEF,
        0xF0,
        0xF4,
        0xF5,
        0xFF,
    ]
    strings = [b""] + [bytes([a]) for a in bytes_] + [bytes([a, b]) for a in bytes_ for b in bytes_]
    strings += [bytes([a, b, c]) for a in (0xE0, 0xE1, 0xED) for b in bytes_ for c in (0x41, 0x80, 0xBF)]
    strings += [bytes([a, b, 0x80, c]) for a in (0xF0, 0xF1, 0xF4) for b in bytes_ for c in (0x41, 0x80)]
    (tmp_path / "strings").write_text(repr(strings))
    (tmp_path / "program.py").write_text(UTF8)
    (tmp_path / "empty").mkdir()
    files = [tmp_path / "program.py", ROOT / "modules", tmp_path / "empty", tmp_path / "strings"]
    found = output([MICROPYTHON], "c", *files)
    for data, line in zip(strings, found, strict=True):
        try:
            assert line == str([ord(c) for c in data.decode()])
        except UnicodeDecodeError:
            assert line == "invalid utf-8 sequence"
