# SPDX-License-Identifier: MIT
"""Results as Markdown."""

import statistics

import budgets
import components
import requests_cost
import xip
from pc import geometric_mean, ratio
from programs import PROGRAMS, ROOT

BOARDS = {"QEMU_M0": "Cortex-M0", "QEMU_M3": "Cortex-M3", "QEMU_RV32": "RV32IMAC"}


def table(heads, lines):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for line in lines:
        yield "| " + " | ".join(str(cell) for cell in line) + " |"
    yield ""


def markdown(results):
    yield "# What `make bench` measured"
    yield ""
    yield from machine(results)
    yield "## Budgets"
    yield ""
    yield from budget_table(results)
    yield "## This machine: speed"
    yield ""
    yield from speed(results)
    yield "## Emulated boards: instructions"
    yield ""
    yield from instructions(results)
    yield "## Memory"
    yield ""
    yield from memory(results)
    yield "## Loading"
    yield ""
    yield from loading(results)
    yield "## Components"
    yield ""
    yield from component_table(results)
    yield "## Requests"
    yield ""
    yield from mcp_table(results)
    yield "## The engine in RAM"
    yield ""
    yield from xip_table(results)


def machine(results):
    yield results["machine"]
    yield ""


def budget_table(results):
    lines = [(*row[:3], "met" if row[3] else "**missed**") for row in budgets.rows(results)]
    yield from table(("what", "budget", "measured", ""), lines)
    for what, _, _, met in budgets.rows(results):
        if not met:
            yield f"- {what}: {budgets.why(what)}"
    yield ""


def speed(results):
    pc = results["pc"]
    others = ("wasm3", "wasm3 lean", "native")
    heads = ["program", "µs a round", "÷ wasm3", "quartiles", "÷ lean wasm3", "÷ native", "sparse memory", "fuel", "slices"]  # fmt: skip

    def line(program):
        one = pc[program.name]
        against, low, high = ratio(one, "wasm3")
        lean, native = (ratio(one, other)[0] for other in others[1:])
        costs = [ratio(one, a, b)[0] - 1 for a, b in COSTS]
        return [program.name, f"{one['ours']['seconds'] * 1e6:,.1f}", f"**{against:.2f}**", f"{low:.2f}–{high:.2f}",
                f"{lean:.2f}", f"{native:.3f}", *(f"{cost:+.1%}" for cost in costs)]  # fmt: skip

    means = [geometric_mean(ratio(one, other)[0] for one in pc.values()) for other in others]
    mean = ["geometric mean", "", f"**{means[0]:.2f}**", "", f"{means[1]:.2f}", f"{means[2]:.3f}", "", "", ""]
    costs = [statistics.median(ratio(one, a, b)[0] for one in pc.values()) - 1 for a, b in COSTS]
    median = ["median", *[""] * 5, *(f"{cost:+.1%}" for cost in costs)]
    yield from table(heads, [*map(line, PROGRAMS), mean, median])


COSTS = (("sparse", "ours"), ("ours", "uncharged"), ("slices", "ours"))


def instructions(results):
    yield "Millions of guest instructions a round. Ours with the memory in a row, and sparse."
    yield ""
    for board, label in BOARDS.items():
        ours, peers = results["boards"][board], results["peers"][board]

        def line(program, ours=ours, peers=peers):
            one, peer = ours[program.name], peers[program.name]
            counts = [one["90"]["run"], one["60"]["run"], peer["wasm3"], peer["native"]]
            cells = [f"{count / program.rounds / 1e6:.3f}" for count in counts]
            return [program.name, *cells, f"**{peer['wasm3'] / one['90']['run']:.2f}**", f"{one['90']['run'] / peer['native']:.1f}"]  # fmt: skip

        sparse = geometric_mean(one["60"]["run"] / one["90"]["run"] for one in ours.values()) - 1
        against = geometric_mean(peers[name]["wasm3"] / one["90"]["run"] for name, one in ours.items())
        native = geometric_mean(one["90"]["run"] / peers[name]["native"] for name, one in ours.items())
        last = ["geometric mean", "", f"{sparse:+.1%}", "", "", f"**{against:.2f}**", f"{native:.1f}"]
        yield from table([label, "ours", "sparse", "wasm3", "native", "wasm3 ÷ ours", "ours ÷ native"], [*map(line, PROGRAMS), last])  # fmt: skip
    slices = [one["90"]["slices"] / one["90"]["run"] for one in results["boards"]["QEMU_M0"].values()]
    whole = [one["90"]["whole"] / one["90"]["run"] for one in results["boards"]["QEMU_M0"].values()]
    yield f"In slices of 4 ms, as guests run, Cortex-M0 needs {geometric_mean(slices) - 1:+.1%} in the engine and " \
          f"{geometric_mean(whole) - 1:+.1%} with the Python between slices."  # fmt: skip
    yield ""


def memory(results):
    def line(program):
        one, heap = results["pc"][program.name], results["peers"]["QEMU_M0"][program.name]["heap"]
        code, wasm = one["ours"]["a16_code"], one["ours"]["wasm_code"]
        granules = results["boards"]["QEMU_M0"][program.name]["60"]["granules"]
        return [program.name, wasm, code, f"{code / wasm:.2f}", f"{granules} KiB", f"{one['ours']['granules']} KiB", f"{heap / 1024:.0f} KiB"]  # fmt: skip

    code, wasm = (sum(one["ours"][key] for one in results["pc"].values()) for key in ("a16_code", "wasm_code"))
    heads = [
        "program",
        "wasm code",
        "A16 code",
        "ratio",
        "arena, sparse",
        "arena, memory in a row",
        "wasm3's heap (M0)",
    ]
    yield from table(heads, [*map(line, PROGRAMS), ["all", wasm, code, f"{code / wasm:.2f}", "", "", ""]])


def component_table(results):
    yield from table(components.HEADS, components.lines(results["components"]))


def mcp_table(results):
    yield from table(requests_cost.HEADS, requests_cost.lines(results["mcp"], budgets.CALL))


def xip_table(results):
    yield from table(xip.HEADS, xip.lines(results["xip"]))


def loading(results):
    load = results["load"]
    yield f"`thermometer.wasm`, {load['bytes']:,} bytes, from the first byte of the push to the answer of tools/list on QEMU_M0: " \
          f"{(load['push'] + load['list']) / 1e6:.1f} M instructions, {(load['push'] + load['list']) / 125e6:.2f} s at 125 MHz, " \
          f"{load['push'] / load['bytes']:,.0f} instructions a byte ({load['translator']} translator)."  # fmt: skip
    yield ""

    def line(program):
        cells = [program.name, f"{program.wasm.stat().st_size:,}"]
        for board in BOARDS:
            ours = results["boards"][board][program.name]["60"]["load"]
            peer = results["peers"][board][program.name]["load"]
            cells += [f"{ours / program.wasm.stat().st_size:,.0f}", f"{peer / program.wasm.stat().st_size:,.0f}"]
        return cells

    yield "Instructions per byte of a core module, from file to instance; wasm3 reads it from memory and does not validate."
    yield ""
    heads = ["program", "bytes", *(f"{name}{who}" for name in BOARDS.values() for who in ("", ": wasm3"))]
    yield from table(heads, map(line, PROGRAMS))


SECTIONS = {
    "machine": machine,
    "budgets": budget_table,
    "speed": speed,
    "instructions": instructions,
    "memory": memory,
    "loading": loading,
    "components": component_table,
    "mcp": mcp_table,
    "xip": xip_table,
}
PAGES = (ROOT / "docs/performance.md", ROOT / "docs/components.md")


def write(results, sections=SECTIONS):
    """Puts the results' tables between the markers of the pages that have them."""
    for page in PAGES:
        text = page.read_text()
        for name in sections:
            begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
            if begin in text:
                before, after = text.split(begin)
                text = before + begin + "\n".join(SECTIONS[name](results)) + "\n" + end + after.split(end, 1)[1]
        page.write_text(text)
        print(f"[bench] written: {page.relative_to(ROOT)}")
