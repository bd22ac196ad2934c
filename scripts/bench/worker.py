# SPDX-License-Identifier: MIT
"""One engine in a process of its own, so that engines can take turns: requests and answers are JSON, a line each.

    python worker.py native|wasm3|wasmote
    {"program": "fib", "n": 3}    ->    {"checksum": -234790241, "seconds": 0.0012, …}

Only the run is timed: loading and translating are done before. wasmote says what it needs of the arena, too; with
"dense": false its linear memory is sparse. WASM_CFLAGS in the environment is for its compiler (tests/shims/_wasm.py).
"""

import ctypes
import json
import sys
import time

from programs import PROGRAMS, ROOT, code_bytes

ENDLESS = 0x7FFFFFFF  # fuel


class Native:
    def load(self, program, dense):
        return ctypes.CDLL(str(program.native)).run, {}


class Wasm3:
    def __init__(self):
        import wasm3

        self.wasm3 = wasm3
        self.kept = []

    def load(self, program, dense):
        environment = self.wasm3.Environment()
        runtime = environment.new_runtime(64 * 1024)
        runtime.load(environment.parse_module(program.wasm.read_bytes()))
        self.kept.append((environment, runtime))
        run = runtime.find_function("run")
        run(0)  # wasm3 compiles a function at its first call
        return run, {}


class Wasmote:
    """The board package over the C engine, each run as one slice: no Python between its start and its end."""

    def __init__(self):
        sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]
        from wasmote import wasm
        from wasmote.wasm import store as calls

        self.wasm = wasm
        self.store = None
        self.engine, engine = Endless(calls.engine), calls.engine
        calls.engine = self.engine
        assert engine.handlers()

    def load(self, program, dense):
        wasm = self.wasm
        if self.store is not None:
            self.store.close()
        module = wasm.Module(wasm.Source(program.wasm.read_bytes()).reader())
        page = 64  # granules
        self.store = store = wasm.Store(wasm.arena_info()[0] if dense else page)
        instance = wasm.drive(wasm.Instance.create(store, module, lambda module, name: None))
        function = instance.exports["run"]

        def run(n):
            self.engine.seconds = 0
            (value,) = wasm.drive(store.invoke(function, [n]))
            facts.update(granules=store.used, seconds=self.engine.seconds)
            return value - (value >> 31 << 32)

        facts = {"wasm_code": code_bytes(program.wasm.read_bytes()), "a16_code": code_size(self.wasm, program)}
        return run, facts


class Endless:
    """An engine whose slices have no end; it says how long they took."""

    def __init__(self, engine):
        self._engine = engine
        self.seconds = 0

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def run(self, state, fuel):
        began = time.perf_counter()
        try:
            return self._engine.run(state, ENDLESS)
        finally:
            self.seconds += time.perf_counter() - began


def code_size(wasm, program):
    """Bytes of A16 code of a program."""
    from wasmote.wasm.translate import Translator

    original, sizes = Translator.copy_code, []

    def copy_code(self, put, at):
        sizes.append(2 * self.n)
        return original(self, put, at)

    Translator.copy_code = copy_code
    try:
        store = wasm.Store(32)
        module = wasm.Module(wasm.Source(program.wasm.read_bytes()).reader())
        wasm.drive(wasm.Instance.create(store, module, lambda module, name: None))
        store.close()
    finally:
        Translator.copy_code = original
    return sum(sizes)


def main():
    engine = {"native": Native, "wasm3": Wasm3, "wasmote": Wasmote}[sys.argv[1]]()
    programs = {program.name: program for program in PROGRAMS}
    loaded = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = request["program"], request.get("dense", True)
        if key not in loaded:
            if sys.argv[1] == "wasmote":
                loaded.clear()  # one at a time fits the arena
            loaded[key] = engine.load(programs[key[0]], key[1])
        run, facts = loaded[key]
        began = time.perf_counter()
        checksum = run(request["n"])
        seconds = time.perf_counter() - began
        print(json.dumps({"checksum": checksum, "seconds": seconds, **facts}), flush=True)


if __name__ == "__main__":
    main()
