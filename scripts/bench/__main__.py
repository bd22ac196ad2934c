# SPDX-License-Identifier: MIT
"""`make bench`: measures everything, writes build/bench/results.{md,json,png}, prints the budgets.

python scripts/bench [PROGRAM…]        only these programs: for a quick look, without files
"""

import asyncio
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import components
import emulated
import engine_build
import link
import loading
import pc
import peers
import plot
import report
import requests_cost
import xip
from programs import BUILD, CC, CLANG, PROGRAMS, ROOT, compile_all

BEGAN = time.monotonic()


def say(text):
    print(f"[bench] {time.monotonic() - BEGAN:4.0f} s  {text}", flush=True)


def version(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()  # fmt: skip
    return (
        f"Commit {commit}. {cpu}, Python {platform.python_version()}; native and engine: {version(CC, '--version')}, -O2; "
        f"WebAssembly: {version(CLANG, '--version')}, -O2; wasm3 0.5 as PyPI's pywasm3 0.5.0 compiles it (-O3, with its "
        "DEBUG and backtraces), “lean” without those two. CPU time; ratios are medians of "
        f"{pc.REPETITIONS} repetitions in turns."
    )


def measure():
    results = {"machine": machine(), "rounds": {program.name: program.rounds for program in PROGRAMS}}
    say("compiling the programs")
    compile_all()
    say("this machine: engines in turns")
    results["pc"] = pc.measure(PROGRAMS, say=say)
    results["boards"], results["peers"] = {}, {}
    for board in emulated.BOARDS:
        say(f"{board}: wasm3 and native code")
        results["peers"][board] = peers.measure(board, PROGRAMS)
        say(f"{board}: firmware")
        results["boards"][board] = emulated.measure(board, PROGRAMS)
    agree(results)
    say("QEMU_M0: firmware that charges no fuel")
    free = engine_build.uncharged_firmware("QEMU_M0")
    results["uncharged"] = emulated.measure("QEMU_M0", PROGRAMS, limits=(90,), firmware=free)
    say("QEMU_M0: a cache in front of its flash")
    results["xip"] = xip.measure()
    say("QEMU_M0: push to tools/list")
    results["load"] = loading.measure()
    say("QEMU_M0: requests")
    results["mcp"] = requests_cost.measure()
    say("unix: the framed link at 115,200 baud")
    results["link"] = asyncio.run(link.measure())
    say("QEMU_M0: example components")
    results["components"] = components.measure()
    results["engine"] = {
        "text": {board: engine_build.engine_text(board) for board in emulated.BOARDS},
        "stack": {board: engine_build.stack_of_run(board) for board in emulated.BOARDS},
        "wide": pc.wide_memory(next(program for program in PROGRAMS if program.name == "json")),
    }
    return json.loads(json.dumps(results))  # as it will be read again: keys are texts


def agree(results):
    """Every board, wasm3 and native code there have the same checksum of a program."""
    for name in results["rounds"]:
        found = {board: one[name]["checksum"] for board, one in results["peers"].items()}
        for board, one in results["boards"].items():
            for limit, facts in one[name].items():
                if "error" in facts:
                    raise SystemExit(f"bench: {name} on {board}, {limit} granules: {facts['error']}")
                found[board, limit] = facts["checksum"]
        if len(set(found.values())) != 1:
            raise SystemExit(f"bench: {name} has different results: {found}")


def main(names):
    if names == ["--docs"]:
        return report.write(json.loads((BUILD / "results.json").read_text()))
    if names:
        return quick([program for program in PROGRAMS if program.name in names])
    results = measure()
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "results.json").write_text(json.dumps(results))
    (BUILD / "results.md").write_text("\n".join(report.markdown(results)))
    plot.draw(results, BUILD / "results.png")
    print("\n".join(["", *report.budget_table(results), *report.speed(results), "", link.line(results["link"])]))
    say("written: build/bench/results.md, results.png, results.json")


def quick(programs):
    compile_all(programs)
    for name, one in pc.measure(programs, say=say).items():
        speed, low, high = pc.ratio(one, "wasm3")
        print(f"{name}: {speed:.2f} times wasm3's speed ({low:.2f}–{high:.2f})")


if __name__ == "__main__":
    main(sys.argv[1:])
