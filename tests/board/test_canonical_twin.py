"""What C loads of a guest's memory (firmware/component) is what Python loads: under MicroPython, on the same bytes."""

import os
import random
import subprocess

import abi_types
from conftest import MICROPYTHON, ROOT, needs_micropython
from wasmote.component import text
from wasmote.component.table import TypeTable

CASES = 3000
SCALARS = ["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char", "string"]
TEXTS = "aé€𝄞\ud7ff\ue000\U0010ffff".encode()
WRONG = [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xff", b"\x80", b"\xe2\x82", b"\xf0\x8f\xbf\xbf"]  # fmt: skip

PROGRAM = r"""
import sys
sys.path[:0] = sys.argv[1:2]
from wasmote.component import canonical
from wasmote.wasm import Memory, Store, Trap

in_c = canonical._load_in_c
assert in_c
store = Store(80)
memory = Memory.new(store, 1)
class Instance:
    lift_limit = 0
cx = canonical.Context(Instance, memory)

def load(d, address, left, quick):
    canonical._load_in_c = in_c if quick else None
    cx.left = left
    try:
        return "value", repr(canonical.load(cx, d, 0, address))
    except Trap as trap:
        return "trap", str(trap)

taken = differ = refused = 0
with open(sys.argv[2]) as file:
    for line in file:
        d, data, address, left = line.split()
        d, data, address, left = bytes.fromhex(d), bytes.fromhex(data), int(address), int(left)
        memory.write(0, data)
        value = in_c(memory.at, d, 0, address, left)
        wanted = load(d, address, left, False)
        if value is ...:
            refused += 1
            good = wanted[0] == "trap"
        else:
            taken += 1
            good = wanted == ("value", repr(value))
        if not good or load(d, address, left, True) != wanted:
            print("differ", line, wanted)
            differ += 1
print(taken, refused, differ)
"""


def random_type(choose, depth=4):
    kind = choose.choice(
        ["scalar"] * (6 - depth) + ["list", "record", "tuple", "variant", "option", "result", "enum", "flags"]
    )
    if kind == "scalar" or not depth:
        return choose.choice(SCALARS)
    if kind == "enum" or kind == "flags":
        return kind, choose.choice([1, 3, 8, 9, 16, 17, 32] + [300] * (kind == "enum"))
    part = lambda: random_type(choose, depth - 1)  # noqa: E731
    if kind == "list" or kind == "option":
        return kind, part()
    if kind == "result" or kind == "variant":
        count = 2 if kind == "result" else choose.choice([1, 2, 3, 257])
        return kind, *(part() if i < 3 and choose.random() < 0.7 else None for i in range(count))
    return kind, *(part() for _ in range(choose.choice([1, 2, 3, 5])))


def random_memory(choose):
    words = []
    for _ in range(192):
        chance = choose.random()
        if chance < 0.6:
            words.append(choose.choice([0, 0, 1, 1, 2, 3, 6]))
        elif chance < 0.85:
            words.append(8 * choose.randrange(0, 128))
        elif chance < 0.95:
            words.append(choose.choice([0x61626364, 0x20202020, 0x10FFFF, 0xD7FF, 0xD800, 0x110000]))
        else:
            words.append(choose.randrange(1 << 32))
    texts = b"".join(choose.choice([TEXTS, TEXTS, b"plain"] + WRONG) for _ in range(40))[:256]
    return b"".join(word.to_bytes(4, "little") for word in words) + texts.ljust(256, b" ")


@needs_micropython
def test_c_loads_what_python_loads_and_nothing_else(tmp_path):
    choose = random.Random(11)
    lines = []
    while len(lines) < CASES:
        table = TypeTable()
        d = table.descriptor(text.parse(table, abi_types.text(random_type(choose))))
        address = 65528 if choose.random() < 0.02 else 8 * choose.randrange(90)
        lines.append(f"{d.hex()} {random_memory(choose).hex()} {address} {choose.choice([0, 40, 8192, 8192, 8192])}\n")
    (tmp_path / "cases").write_text("".join(lines))
    program = [MICROPYTHON, "-X", "heapsize=4m", "-c", PROGRAM, ROOT / "modules", tmp_path / "cases"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=120, env=os.environ | {"WASMOTE_ENGINE": "c"})
    assert run.returncode == 0, run.stderr
    taken, refused, differ = map(int, run.stdout.splitlines()[-1].split())
    print(taken, refused)
    assert differ == 0, run.stdout[:3000]
    assert taken > CASES // 4 and refused > CASES // 10
