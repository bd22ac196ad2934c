# SPDX-License-Identifier: MIT
"""This machine: each program's time in native code, wasm3 and our engine, taken in turns.

Machines are shared and noisy. So CPU time is taken (wall time, on an idle machine), engines take turns within each repetition, each run
takes a few milliseconds, and two engines are compared within a repetition: the median of all is given, with quartiles.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

WASM3_RUN = 0.004  # seconds that wasm3 shall take for a run
REPETITIONS = 25

# What WASM_CFLAGS adds to tests/shims/_wasm.py. Protected: arena[] is reached without a detour, as in firmware.
OURS = "-O2 -fvisibility=protected"
ENGINES = {  # name: (worker, WASM_CFLAGS, request)
    "native": ("native", "", {}),
    "wasm3": ("wasm3", "", {}),
    "wasm3 lean": ("wasm3_lean", "", {}),
    "ours": ("wasmote", OURS, {"dense": True}),
    "sparse": ("wasmote", OURS, {"dense": False}),
    "uncharged": ("wasmote", OURS + " -DWASM_UNCHARGED", {"dense": True}),
    "slices": ("wasmote", OURS, {"dense": True, "slices": True}),
}


class Worker:
    def __init__(self, name, flags, request):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"WASM_CFLAGS": flags}
        command = [sys.executable, Path(__file__).with_name("worker.py"), name]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.request = request

    def run(self, program, n):
        self.process.stdin.write(json.dumps({"program": program.name, "n": n, **self.request}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "ended"}')
        if "error" in answer:
            raise SystemExit(f"bench: {program.name}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(programs, repetitions=REPETITIONS, say=print):
    """{program: {"n", engine: {"seconds": least per round, "all": [seconds of each repetition], facts…}}}"""
    workers = {name: Worker(*how) for name, how in ENGINES.items()}
    found = {}
    try:
        for program in programs:
            began = time.perf_counter()
            found[program.name] = _one(program, workers, repetitions)
            say(f"  {program.name}: {time.perf_counter() - began:.1f} s")
    finally:
        for worker in workers.values():
            worker.close()
    return found


def _one(program, workers, repetitions):
    took = min(workers["wasm3"].run(program, program.rounds)["seconds"] for _ in range(3))
    n = max(1, round(program.rounds * WASM3_RUN / took))
    answers = {name: [] for name in workers}
    order = list(workers)
    for _ in range(repetitions):
        for name in order:
            answers[name].append(workers[name].run(program, n))
        order.append(order.pop(0))
    checksums = {name: {answer["checksum"] for answer in all_} for name, all_ in answers.items()}
    if len(set.union(*checksums.values())) != 1:
        raise SystemExit(f"bench: {program.name} has different results: {checksums}")
    found = {"n": n, "checksum": answers["native"][0]["checksum"]}
    for name, all_ in answers.items():
        seconds = [answer["seconds"] for answer in all_]
        found[name] = {**all_[0], "all": seconds, "seconds": min(seconds) / n}
    return found


def wide_memory(program):
    """What a module of 17 pages takes of the arena for its linear memory."""
    worker = Worker("wasmote", OURS, {"dense": False, "wide": True})
    answer = worker.run(program, program.rounds)
    worker.close()
    return {"program": program.name, "pages": answer["pages"], "bytes": answer["linear"]}


def ratio(facts, over, under="ours"):
    """How many times longer `over` takes than `under`: (median of the repetitions' ratios, lower and upper quartile).

    Both ran within the same tenth of a second, so what slows the machine for longer does not count.
    """
    low, middle, high = statistics.quantiles((a / b for a, b in zip(facts[over]["all"], facts[under]["all"], strict=True)), n=4)  # fmt: skip
    return middle, low, high


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))
