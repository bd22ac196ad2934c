# SPDX-License-Identifier: MIT
"""The emulated boards: guest instructions that the firmware's engine needs for each program and for loading it.

QEMU's -icount shift=3 lets every instruction take 8 ns of emulated time, as a core at 125 MHz that does one a cycle; so
the board's own clock (1 us) counts instructions in steps of 125, the same in each run and on each machine.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

from programs import ROOT

sys.path.append(str(ROOT / "tests/firmware"))
from raw_board import RawBoard, new_flash

BOARDS = ["QEMU_M0", "QEMU_M3", "QEMU_RV32"]
SHIFT = 3
PER_US = 1000 >> SHIFT  # instructions
CLOCK_MHZ = 125

# What runs there: one program loaded from flash, run as one slice, then in slices as any guest; one line of JSON.
SETUP = """
import gc, json
from time import ticks_us, ticks_diff
from wasmote import wasm
from wasmote.wasm import store as module
class Endless:
    endless = True
    def __getattr__(self, name):
        return getattr(engine, name)
    def run(self, state, fuel, us):
        began = ticks_us()
        why = run(state, 0x3fffffff) if self.endless else run(state, fuel, us)
        self.us += ticks_diff(ticks_us(), began)
        return why
engine = module.engine
run = engine.run
timed = module.engine = Endless()
def measure(name, rounds, limit):
    gc.collect()
    store = wasm.Store(limit)
    try:
        source = wasm.Source(open('/' + name + '.wasm', 'rb'))
        began = ticks_us()
        instance = wasm.drive(wasm.instance.Instance.create(store, wasm.binary.Module(source.reader()), lambda module, name: None))
        load = ticks_diff(ticks_us(), began)
        source.close()
        function = instance.exports['run']
        answer = {'load': load}
        for key, timed.endless in (('run', True), ('slices', False)):
            timed.us = store.slices = 0
            began = ticks_us()
            (answer['checksum'],) = wasm.drive(store.invoke(function, [rounds]))
            answer[key] = timed.us
        answer['whole'] = ticks_diff(ticks_us(), began)
        answer['granules'] = store.used()
        answer['count'] = store.slices
    except wasm.WasmError as error:
        answer = {'error': str(error)}
    store.close()
    print(json.dumps(answer))
"""


@contextlib.contextmanager
def board(name, firmware=None, flash=None):
    """A RawBoard in the raw REPL, its clock counting instructions."""
    with tempfile.TemporaryDirectory() as folder:
        extra = ("-icount", f"shift={SHIFT},sleep=off")
        with RawBoard(name, flash or new_flash(Path(folder) / "flash"), extra=extra, firmware=firmware) as machine:
            machine.raw_repl()
            yield machine


def measure(name, programs, limits=(90, 60), firmware=None):
    """{program: {limit: facts}}; facts in instructions, bytes and counts, or {"error": why}.

    A limit of 90 granules leaves room for a dense memory of a page, one of 60 does not.
    """
    found = {}
    with board(name, firmware) as machine:
        machine.run(SETUP)
        for program in programs:
            machine.put_file(f"/{program.name}.wasm", program.wasm.read_bytes())
            found[program.name] = {}
            for limit in limits:
                facts = json.loads(machine.run(f"measure({program.name!r}, {program.rounds}, {limit})", timeout=120))
                if "error" not in facts:
                    facts["checksum"] -= facts["checksum"] >> 31 << 32
                    facts.update({key: facts[key] * PER_US for key in ("load", "run", "slices", "whole")})
                found[program.name][limit] = facts
            machine.run(f"import os\nos.remove('/{program.name}.wasm')")
    return found
