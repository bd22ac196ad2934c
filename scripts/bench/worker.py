# SPDX-License-Identifier: MIT
"""One engine in a process of its own, so that engines can take turns: requests and answers are JSON, a line each.

    python worker.py native|wasm3|wasm3_lean|wasmote
    {"program": "fib", "n": 3}    ->    {"checksum": -234790241, "seconds": 0.0012, …}

Only the run is timed: loading and translating are done before. For wasmote, "dense": false takes a sparse linear memory,
and "slices": true runs in the slices that a store chooses, with the Python between them, instead of in one; "wide": true
takes the module with 17 pages.
"""

import ctypes
import json
import subprocess
import sys
import time

from programs import BUILD, CC, PROGRAMS, ROOT, code_bytes

ENDLESS = 0x7FFFFFFF  # fuel
PAGE = 64  # granules; a store of so many has no room for a dense page beside its code


class Native:
    def load(self, program, **_):
        run = ctypes.CDLL(str(program.native)).run
        return lambda n: timed(run, n), {}


class Wasm3:
    """PyPI's pywasm3 as pip compiled it."""

    def __init__(self):
        import wasm3

        self.wasm3 = wasm3
        self.kept = []

    def load(self, program, **_):
        environment = self.wasm3.Environment()
        runtime = environment.new_runtime(64 * 1024)
        runtime.load(environment.parse_module(program.wasm.read_bytes()))
        self.kept.append((environment, runtime))
        run = runtime.find_function("run")
        run(0)  # wasm3 compiles a function at its first call
        return lambda n: timed(run, n), {}


class Wasm3Lean:
    """The same sources without the DEBUG and the backtraces that pywasm3 compiles in; -O3, too."""

    def __init__(self):
        library = BUILD / "wasm3_lean.so"
        if not library.exists():
            sources = sorted((ROOT / "build/wasm3").glob("*.c"))
            flags = ["-O3", "-fomit-frame-pointer", "-fno-stack-protector", "-DNDEBUG", "-DNASSERTS", "-w"]
            subprocess.run([CC, *flags, "-shared", "-fPIC", *sources, "-lm", "-o", library], check=True)
        self.lib = ctypes.CDLL(str(library))
        for name in ("m3_NewEnvironment", "m3_NewRuntime"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ("m3_ParseModule", "m3_LoadModule", "m3_FindFunction", "m3_CompileModule", "m3_CallV", "m3_GetResultsV"):  # fmt: skip
            getattr(self.lib, name).restype = ctypes.c_char_p

    def must(self, error):
        if error:
            raise RuntimeError(error.decode())

    def load(self, program, **_):
        lib, pointer = self.lib, ctypes.c_void_p
        wasm = program.wasm.read_bytes()
        environment = pointer(lib.m3_NewEnvironment())
        runtime = pointer(lib.m3_NewRuntime(environment, 64 * 1024, None))
        module, function, result = pointer(), pointer(), ctypes.c_int32()
        self.must(lib.m3_ParseModule(environment, ctypes.byref(module), wasm, len(wasm)))
        self.must(lib.m3_LoadModule(runtime, module))
        self.must(lib.m3_FindFunction(ctypes.byref(function), runtime, b"run"))
        self.must(lib.m3_CompileModule(module))

        def run(n):
            error, seconds = timed(lambda n: lib.m3_CallV(function, ctypes.c_int32(n)), n)
            self.must(error)
            self.must(lib.m3_GetResultsV(function, ctypes.byref(result)))
            return result.value, seconds

        return run, {"kept": len(wasm)}


class Wasmote:
    """The board package over the C engine. A run is one slice, with no Python between its start and its end."""

    def __init__(self):
        sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]
        from wasmote import wasm
        from wasmote.wasm import store as calls

        self.wasm = wasm
        self.store = None
        self.engine = calls.engine = Endless(calls.engine)

    def load(self, program, dense=True, slices=False, wide=False):
        wasm = self.wasm
        binary = (program.wide if wide else program.wasm).read_bytes()
        if self.store is not None:
            self.store.close()
        module = wasm.binary.Module(wasm.Source(binary).reader())
        self.store = store = wasm.Store(wasm.arena_info()[1] if dense else PAGE)
        instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: None))
        function = instance.exports["run"]
        facts = {
            "wasm_code": code_bytes(binary),
            "pages": module.memories[0][0],
            "a16_code": code_size(instance, module),
        }

        def run(n):
            self.engine.endless, self.engine.seconds = not slices, 0
            (value,), seconds = timed(lambda n: wasm.drive(store.invoke(function, [n])), n)
            facts.update(granules=store.used(), linear=linear_bytes(self.engine, self.engine.get(instance.at)))
            return value - (value >> 31 << 32), seconds if slices else self.engine.seconds

        return run, facts


class Endless:
    """An engine whose slices have no end, if so wished; it says how long they took."""

    endless, seconds = True, 0

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def run(self, state, fuel, us):
        limits = (ENDLESS,) if self.endless else (fuel, us)
        why, seconds = timed(lambda limits: self._engine.run(state, *limits), limits)
        self.seconds += seconds
        return why


def code_size(instance, module):
    """Bytes of A16 code of a module."""
    translator = instance.translator(module)
    size = 0
    for i in range(instance.count):
        translator.begin(i)
        while not translator.step(1000):
            pass
        size += 2 * translator.n
    return size


def linear_bytes(engine, memory):
    """Arena bytes of a linear memory: granules, and a sparse one's map and leaves (memory_t in exec.h)."""
    size, _, pages, _, base, _, entries = (engine.get(memory + 4 * i) for i in range(7))
    if base:
        return size
    leaves = [entry for entry in memoryview(bytes(engine.view(pages, 2 * entries))).cast("H") if entry]
    granules = sum(64 - bytes(engine.view(8 * leaf, 64)).count(0) for leaf in leaves)
    return 1024 * granules + 64 * len(leaves) + 2 * entries


def timed(call, argument):
    """(what it answers, seconds of CPU time): on a shared machine other processes' turns do not count."""
    began = time.thread_time()
    answer = call(argument)
    return answer, time.thread_time() - began


def main():
    engine = {"native": Native, "wasm3": Wasm3, "wasm3_lean": Wasm3Lean, "wasmote": Wasmote}[sys.argv[1]]()
    programs = {program.name: program for program in PROGRAMS}
    name = None
    for line in sys.stdin:
        request = json.loads(line)
        n = request.pop("n")
        if request["program"] != name:
            name = request.pop("program")
            run, facts = engine.load(programs[name], **request)
        checksum, seconds = run(n)
        print(json.dumps({"checksum": checksum, "seconds": seconds, **facts}), flush=True)


if __name__ == "__main__":
    main()
