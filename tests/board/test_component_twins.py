"""What viper reads of types and names is what Python reads of them: under MicroPython, on the same bytes."""

import os
import random
import subprocess

from conftest import MICROPYTHON, ROOT, needs_micropython

PROGRAM = r"""
import sys
sys.path[:0] = sys.argv[1:2]
from wasmote.component import binary, labels, labels_viper, parts_viper, space
from wasmote.component.table import TypeTable
from wasmote.wasm import Source, WasmError

assert binary.parts is parts_viper.parts and labels.scan is labels_viper.scan

class Root:
    resources = ()

def read(data, quick):
    binary.parts = parts_viper.parts if quick else None
    root = Root()
    root.table = TypeTable()
    scope = space.Types(None, root)
    scope.types.extend([0x7D, 0x73, root.table.func(b"", [], 0)] + [0x79] * 200)
    reader = Source(data).reader()
    try:
        t = binary.def_type(reader, scope)
        return t, root.table.keys, reader.at
    except WasmError as error:
        return type(error), str(error)

taken = differ = 0
with open(sys.argv[2], "rb") as file:
    for line in file:
        data = bytes([int(line[i : i + 2], 16) for i in range(0, len(line) - 1, 2)])
        one, two = read(data, True), read(data, False)
        ends = labels_viper.scan(data, 0, len(data)), labels.scan_py(data, 0, len(data))
        if one != two or ends[0] != ends[1]:
            print("differ", line, one, two, ends)
            differ += 1
        taken += isinstance(one[0], int)
print(taken, differ)
"""


def label(choose):
    if choose.random() < 0.03:
        return choose.randbytes(choose.randrange(4))
    words = ["a", "B", "a1", "AB", "name", "x9y", "1", "title", "9", "Z0", "self"]
    return "-".join(choose.choice(words) for _ in range(choose.choice([1, 1, 1, 2, 3, 12]))).encode()


def valtype(choose):
    code = choose.choice([0x7D, 0x73, 0, 1, 1, 7, 150]) if choose.random() < 0.97 else choose.randrange(256)
    return bytes([code]) if code < 0x80 else bytes([code & 0x7F | 0x80, code >> 7])


def definition(choose):
    """A type of labels, often a valid one."""
    kind = choose.choice([0x72, 0x71, 0x6E, 0x6D, 0x40])
    names = {label(choose).lower(): None for _ in range(choose.choice([1, 1, 2, 3, 5, 9, 40]))}
    if choose.random() < 0.05:
        names[choose.choice(list(names)).upper()] = None
    out = bytearray([kind, len(names)])
    for name in names:
        out += bytes([len(name)]) + name
        if kind == 0x71:
            out += (b"\1" + valtype(choose) if choose.random() < 0.5 else b"\0") + b"\0"
        elif kind == 0x72 or kind == 0x40:
            out += valtype(choose)
    if kind == 0x40:
        out += choose.choice([b"\1\0", b"\0" + valtype(choose)])
    if choose.random() < 0.3:
        out[choose.randrange(len(out))] = choose.randrange(256)
    return bytes(out + bytes(choose.randrange(4)))


@needs_micropython
def test_the_viper_twins_of_the_component_layer_agree_with_python(tmp_path):
    choose = random.Random(7)
    cases = [definition(choose) for _ in range(1500)] + [label(choose) + choose.randbytes(2) for _ in range(500)]
    (tmp_path / "cases").write_text("".join(case.hex() + "\n" for case in cases))
    program = [MICROPYTHON, "-X", "heapsize=2m", "-c", PROGRAM, ROOT / "modules", tmp_path / "cases"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=120, env=os.environ | {"WASMOTE_ENGINE": "c"})
    assert run.returncode == 0, run.stderr
    taken, differ = map(int, run.stdout.splitlines()[-1].split())
    assert differ == 0, run.stdout[:2000]
    assert 300 < taken < 1900
