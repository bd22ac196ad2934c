# SPDX-License-Identifier: MIT
"""Which A16 operations follow each other most, over the benchmark programs: what to fuse is chosen from this.

    python scripts/bench/pairs.py [PROGRAM…] [-n 40]

A copy of the engine whose every dispatch also counts (build/bench/pairs.so) runs each program; programs weigh the same.
"""

import argparse
import ctypes
import os
import subprocess
import sys
from collections import Counter

from programs import BUILD, PROGRAMS, ROOT, compile_all

COUNT = r"""
static unsigned long counts[1024][1024];
static unsigned short numbers[65536], before;
static void counted(unsigned handler) {
    unsigned short number = numbers[handler];
    counts[before][number]++;
    before = number;
}
unsigned long count_of(int a, int b) { return counts[a][b]; }
void count_from_zero(void) {
    for (int i = 0; i < A16_COUNT; i++) { numbers[exec_handler(i)] = i; }
    __builtin_memset(counts, 0, sizeof(counts));
}
"""


def build():
    """The counting engine as build/bench/pairs/libwasm.so."""
    folder = BUILD / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    engine = ROOT / "firmware/wasm"
    text = (engine / "exec.c").read_text()
    jump = "goto *(void *)(base + *ip)"
    if jump not in text:
        sys.exit("pairs: exec.c dispatches in another way than this script knows")
    text = text.replace(jump, "counted(*ip); " + jump).replace('#include "num.h"\n', '#include "num.h"\n' + COUNT, 1)
    (folder / "exec.c").write_text(text)
    return folder


def names():
    lines = (ROOT / "firmware/wasm/a16.h").read_text().splitlines()
    return [line.split(", ")[1].rstrip(")") for line in lines if line.startswith("A16(")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*")
    parser.add_argument("-n", type=int, default=40, help="lines of each table")
    options = parser.parse_args()
    chosen = [program for program in PROGRAMS if program.name in options.programs or not options.programs]
    compile_all(chosen)
    folder = build()
    sources = [folder / "exec.c", *(path for path in (ROOT / "firmware/wasm").glob("*.c") if path.name not in ("exec.c", "modwasm.c"))]  # fmt: skip
    library = folder / "libwasm.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "firmware/wasm", *sources, "-o", library], check=True)

    sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]
    real, load = ctypes.CDLL, ctypes.CDLL
    ctypes.CDLL = lambda path, *rest: load(str(library) if "libwasm" in str(path) else path, *rest)
    os.environ["WASM_CFLAGS"] = "-O1"
    from wasmote import wasm

    ctypes.CDLL = real
    import _wasm

    lib = _wasm._lib
    lib.count_of.restype = ctypes.c_ulong
    name = names()
    singles, pairs, total = Counter(), Counter(), len(chosen)
    for program in chosen:
        store = wasm.Store(wasm.arena_info()[0] - 2)
        module = wasm.Module(wasm.Source(program.wasm.read_bytes()).reader())
        instance = wasm.drive(wasm.Instance.create(store, module, lambda module, name: None))
        lib.count_from_zero()
        wasm.drive(store.invoke(instance.exports["run"], [program.rounds]))
        mine = {(a, b): lib.count_of(a, b) for a in range(len(name)) for b in range(len(name))}
        mine = {key: n for key, n in mine.items() if n}
        dispatches = sum(mine.values())
        store.close()
        print(f"{program.name}: {dispatches:,} dispatches in {program.rounds} rounds")
        for (a, b), n in mine.items():
            pairs[name[a], name[b]] += n / dispatches / total
            singles[name[b]] += n / dispatches / total
    print(f"\nshare of all dispatches, the {total} programs weighing the same")
    for (a, b), share in pairs.most_common(options.n):
        print(f"{share:7.2%}  {a} + {b}")
    print()
    for a, share in singles.most_common(options.n):
        print(f"{share:7.2%}  {a}")


if __name__ == "__main__":
    main()
