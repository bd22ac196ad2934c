# SPDX-License-Identifier: MIT
"""The budgets of the design, each set against what was measured: (what, budget, measured, whether it is met)."""

import statistics

from pc import geometric_mean, ratio

INSTRUCTIONS = {"QEMU_M3": 3.6, "QEMU_M0": 4.1, "QEMU_RV32": 4.2}  # millions a round of mix
WASM3_COREMARK = {"QEMU_M3": 6.24, "QEMU_M0": 14.5, "QEMU_RV32": 7.06}  # what wasm3 0.9 needed for one of CoreMark
SPEED, LEAST_SPEED = 1.2, 0.8
CODE_RATIO = 1.5
STACK = 512
FUEL = 0.03
LOAD_PYTHON, LOAD_C = 1.0, 0.1  # seconds
CALL = 0.005
ENGINE = 40 * 1024
SPARSE = 8 * 1024
WHOLE, GUEST_STACK = 16, 4  # KiB
HERTZ = 125e6


def rows(results):
    pc, boards, facts = results["pc"], results["boards"], results["engine"]
    text = facts["text"]["QEMU_M0"]
    yield "engine C code, Cortex-M0", "≤ 40 KB", f"{text / 1024:.1f} KB", text <= ENGINE
    for board, limit in INSTRUCTIONS.items():
        rounds = results["rounds"]["mix"]
        dense, peer = boards[board]["mix"]["90"], results["peers"][board]["mix"]
        ours, theirs = dense["run"] / rounds / 1e6, peer["wasm3"] / rounds / 1e6
        coremark = f"{ours:.2f} (wasm3 {theirs:.2f}; it needs {WASM3_COREMARK[board]} for an iteration of CoreMark)"
        yield f"M instructions per round of mix, {board}", f"≤ {limit}", coremark, ours <= limit
    speeds = {name: ratio(one, "wasm3")[0] for name, one in pc.items()}
    mean, slowest = geometric_mean(speeds.values()), min(speeds, key=speeds.get)
    yield "x86-64 speed ÷ wasm3, geometric mean", f"≥ {SPEED}", f"{mean:.2f}", mean >= SPEED
    below = [name for name, speed in speeds.items() if speed < LEAST_SPEED]
    least = f"{speeds[slowest]:.2f} ({slowest})"
    yield "x86-64 speed ÷ wasm3, slowest program", f"≥ {LEAST_SPEED}", least + (f"; below: {', '.join(below)}" if below else ""), not below  # fmt: skip
    code, wasm = (sum(one["ours"][key] for one in pc.values()) for key in ("a16_code", "wasm_code"))
    yield "code RAM per wasm code byte", f"≤ {CODE_RATIO}", f"{code / wasm:.2f}", code / wasm <= CODE_RATIO
    yield "code RAM per wasm code byte that runs from flash", "0", f"{code / wasm:.2f}: none does", False
    wide = facts["wide"]
    yield f"memory RAM of a {wide['pages']}-page module ({wide['program']}, stack of 1 MiB first)", "≤ 8 KB", f"{wide['bytes'] / 1024:.1f} KB", wide["bytes"] <= SPARSE  # fmt: skip
    whole = results["components"]["rust_layout"]["arena"] + GUEST_STACK
    yield "arena of a 17-page component, code and stack included", "≤ 16 KB", f"{whole} KiB", whole <= WHOLE
    stack = facts["stack"]
    text = "; ".join(f"{board} {run} bytes, {deepest} with what it calls" for board, (run, deepest) in stack.items())
    yield "C stack of run", "≤ 0.5 KB", text, max(deepest for _, deepest in stack.values()) <= STACK
    costs = fuel_costs(results)
    text = "; ".join(f"{middle:+.1%} {where} (median; most {name}, {most:+.1%})" for where, (middle, name, most) in costs.items())  # fmt: skip
    yield "fuel", "≤ 3 %", text, max(middle for middle, _, _ in costs.values()) <= FUEL
    load = results["load"]
    seconds = (load["push"] + load["list"]) / HERTZ
    shown = f"{seconds:.2f} s ({load['bytes']:,} bytes, {load['translator']} translator)"
    yield "load, push to tools/list, Cortex-M0 at 125 MHz", "≤ 0.1 s in C, ≤ 1 s in Python", shown, seconds <= (LOAD_C if load["translator"] == "C" else LOAD_PYTHON)  # fmt: skip
    call = max(results["mcp"][era]["instructions"] for era in ("call", "modern")) / HERTZ
    yield "tools/call of a trivial tool, Cortex-M0 at 125 MHz", "≤ 5 ms", f"{call * 1000:.1f} ms", call <= CALL
    yield "GC heap allocated by running guest code", "0", "0 (tests/firmware/test_engine.py runs under heap_lock)", True


def fuel_costs(results):
    """What charging adds: {where: (median over the programs, the program that it costs most, what it costs that one)}.

    Instructions on the board, time on this machine. There the engine without charging is another layout of code: int64
    is a quarter slower with it, which would outweigh all the rest in a mean.
    """
    charged, free = results["boards"]["QEMU_M0"], results["uncharged"]
    counts = {name: charged[name]["90"]["run"] / free[name]["90"]["run"] - 1 for name in free}
    times = {name: ratio(one, "ours", "uncharged")[0] - 1 for name, one in results["pc"].items()}
    return {
        where: (statistics.median(costs.values()), *max(costs.items(), key=lambda cost: cost[1]))
        for where, costs in (("of instructions on QEMU_M0", counts), ("of time on x86-64", times))
    }


def why(what):
    """The reason why a budget is missed, and the next step."""
    return next((text for start, text in WHY.items() if what.startswith(start)), "not looked into yet")


WHY = {
    "code RAM per wasm code byte that runs": "A16 names handlers of this firmware and places in the arena, so it is made on the "
    "board, and the emulated flash chips are not mapped into memory. Next: on RP2040, whose flash is, a region beside the files; "
    "each load translates as it does now and programs only the blocks that differ from what is there.",
    "x86-64 speed ÷ wasm3, slowest": "wasm3 keeps 64-bit values and floats in registers, our accumulator has 32 bits. Next: an "
    "accumulator for them on hosts with 64 bits.",
    "fuel": "a call charges and so does the function's entry. Next: charge and look at the entry only.",
    "load": "bodies are validated and translated in about 0.05 s by the C twin (1 s by Python); a third of the rest are "
    "garbage collections, 7 ms after each 8 KB, so that what stays lies together; then Python: component types, canonical "
    "functions, imports, aliases, base64. Next: decode with fewer allocations, each component type once for all that name it.",
    "tools/call": "half of it are look-ups of attributes and bytecode, in some 130 calls of Python functions, a sixth is "
    "allocation. Next: fewer calls on the way.",
}
