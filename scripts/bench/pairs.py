# SPDX-License-Identifier: MIT
"""Which A16 operations follow each other most, over the benchmark programs: what to fuse is chosen from this.

    python scripts/bench/pairs.py [PROGRAM…] [-n 40]

An engine that counts every operation (WASM_COUNT in firmware/wasm/exec_ops.h) runs each; programs weigh the same.
"""

import argparse
import ctypes
import os
import sys
from collections import Counter

from programs import BUILD, PROGRAMS, ROOT, compile_all

HEADER = "void counted(unsigned short handler);\n"
SOURCE = r"""
#include "a16.h"
#include "exec.h"
#include "counted.h"
static unsigned long counts[2048][2048];
static unsigned short numbers[65536], before;
void counted(unsigned short handler) {
    unsigned short number = numbers[handler];
    counts[before][number]++;
    before = number;
}
unsigned long count_of(int a, int b);
unsigned long count_of(int a, int b) { return counts[a][b]; }
void count_from_zero(void);
void count_from_zero(void) {
    for (int i = 0; i < A16_COUNT; i++) { numbers[exec_handler(i)] = i; }
    __builtin_memset(counts, 0, sizeof(counts));
}
"""


def counting_engine():
    """The C engine for CPython, compiled so that it counts each operation before it does it."""
    folder = BUILD / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counted.h").write_text(HEADER)
    (folder / "counted.c").write_text(SOURCE)
    os.environ["WASM_CFLAGS"] = f"-O2 -DWASM_COUNT=counted -include {folder}/counted.h -I{ROOT}/firmware/wasm {folder}/counted.c"  # fmt: skip
    sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]
    import _wasm

    _wasm._lib.count_of.restype = ctypes.c_ulong
    return _wasm._lib


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
    lib = counting_engine()
    from wasmote import wasm

    name = names()
    singles, pairs, total = Counter(), Counter(), len(chosen)
    for program in chosen:
        store = wasm.Store(wasm.arena_info()[0] - 2)
        module = wasm.binary.Module(wasm.Source(program.wasm.read_bytes()).reader())
        instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: None))
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
