# SPDX-License-Identifier: MIT
"""Which A16 operations follow each other most, over the benchmark programs: what to fuse is chosen from this.

    python scripts/bench/pairs.py [PROGRAM…] [-n 40]
    python scripts/bench/pairs.py --docs                the tables of docs/performance.md, anew

An engine that counts every operation (WASM_COUNT in firmware/wasm/exec_ops.h) runs each; programs weigh the same.
"""

import argparse
import ctypes
import os
import sys
from collections import Counter

from programs import BUILD, PROGRAMS, ROOT, compile_all

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- begin pairs -->\n", "<!-- end pairs -->"
# What operations whose names begin, or end, so stand for; of how many that is.
FUSED = (
    ("br_i32_", "a comparison and its branch", 2),
    ("i32_add_br_ne", "a sum, its comparison with a number, the branch", 3),
    ("i32_add_br_if", "a sum and the branch if it is not 0", 2),
    ("i32_shl_add", "a shift and a sum", 2),
    ("i32_add2", "two sums", 2),
    ("i32_mov2", "two copies", 2),
    ("_at", "the sum that is an address, and its load or store", 2),
)
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


def tables(singles, pairs):
    """Lines of Markdown: what fused operations save, and the pairs that remain."""
    lines = ["| fused | stands for | of all dispatches | more there would be without |", "|---|---|---|---|"]
    saved = 0
    for part, what, count in FUSED:
        share = sum(n for name, n in singles.items() if name.startswith(part) or part == "_at" and "_at_" in name)
        saved += share * (count - 1)
        name = f"…{part}" if part == "_at" else part + ("…" if part[-1] == "_" else "")
        lines.append(f"| {name} | {what} | {share:.1%} | {share * (count - 1):.1%} |")
    lines += [f"| all | | | {saved:.1%} |", "", "| pairs that remain | of all dispatches |", "|---|---|"]
    return lines + [f"| {a}, {b} | {share:.2%} |" for (a, b), share in pairs.most_common(10)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*")
    parser.add_argument("-n", type=int, default=40, help="lines of each table")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args()
    singles, pairs = measure(
        [program for program in PROGRAMS if program.name in options.programs or not options.programs]
    )
    if options.docs:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n".join(tables(singles, pairs)) + "\n\n" + END + rest.split(END)[1])
        return
    print("\nshare of all dispatches, the programs weighing the same")
    for (a, b), share in pairs.most_common(options.n):
        print(f"{share:7.2%}  {a} + {b}")
    print()
    for a, share in singles.most_common(options.n):
        print(f"{share:7.2%}  {a}")


def measure(chosen):
    """(share of each operation, share of each pair)"""
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
    return singles, pairs


if __name__ == "__main__":
    main()
