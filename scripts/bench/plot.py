# SPDX-License-Identifier: MIT
"""The plot: how many times faster than wasm3, in time on this machine and in instructions on the boards."""

from pc import geometric_mean, ratio
from programs import PROGRAMS
from report import BOARDS


def draw(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    series = {"x86-64 (time)": {name: ratio(one, "wasm3")[0] for name, one in results["pc"].items()}}
    for board, label in BOARDS.items():
        ours, peers = results["boards"][board], results["peers"][board]
        series[f"{label} (instructions)"] = {name: peers[name]["wasm3"] / ours[name]["90"]["run"] for name in ours}
    names = [program.name for program in PROGRAMS]
    figure, axes = pyplot.subplots(figsize=(11, 5))
    width = 0.8 / len(series)
    for i, (label, values) in enumerate(series.items()):
        bars = [values[name] for name in names] + [geometric_mean(values.values())]
        axes.bar([x + (i - 1.5) * width for x in range(len(bars))], bars, width, label=label)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(names) + 1), [*names, "mean"])
    axes.set_ylabel("wasm3 ÷ wasmote (above 1: wasmote is faster)")
    axes.set_title("The same WebAssembly in wasm3 0.5 and wasmote")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
