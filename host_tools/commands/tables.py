# SPDX-License-Identifier: MIT
"""What the commands show: tables for people. `--json` prints the board's own answer instead."""

import json
import os
import sys
import time

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDE = 160  # characters of a line that a pipe gets
_COLOURS = {"ready": "green", "stopped": "cyan", "failed": "red", "quarantined": "red"}
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def as_json(value):
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def kib(count):
    """Bytes as KiB, which boards have; the disk below the unix board in MiB."""
    return f"{count / 1024:.1f} KiB" if count < 1 << 30 else f"{count / (1 << 20):,.0f} MiB"


def millions(count):
    return f"{count / 1e6:.1f} M"


def _plain(title, *columns):
    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left")
    return table


def _mark(one):
    return "[green]✓[/]" if one.good else "[red]✗[/]"


def _state(one):
    return f"[{_COLOURS.get(one['state'], 'yellow')}]{one['state']}[/]"


def _memory(one):
    return [kib(one.get(f"{kind}Bytes", 0)) for kind in ("memory", "peakMemory", "memoryLimit")]


def components(records):
    if not records:
        out.print("no components yet: wasmote push PORT FILE.wasm")
        return
    counts = (">calls", ">traps", ">restarts", ">fuel", ">ran")
    table = _plain(None, "component", ">bytes", "state", ">memory", ">peak", ">limit", *counts, "tools")
    for one in records:
        table.add_row(
            *(one["name"], str(one.get("bytes", "")), _state(one), *_memory(one)),
            *(str(one.get(kind, 0)) for kind in ("calls", "traps", "restarts")),
            *(millions(one.get("fuel", 0)), f"{one.get('runMs', 0) / 1000:.1f} s", ", ".join(one.get("tools", []))),
        )
    out.print(table)
    for one in records:
        if one.get("error"):
            err.print(f"{one['name']}: {one['error']}", markup=False)
        elif one.get("lastError"):
            err.print(f"{one['name']}: the last error was: {one['lastError']}", markup=False)


def configuration(facts):
    table = _plain(None, "member", "value", "")
    for name, value in sorted(facts["effective"].items()):
        table.add_row(
            name, escape(json.dumps(value, ensure_ascii=False)), "" if name in facts["config"] else "(default)"
        )
    out.print(table)


def info(facts):
    firmware = facts["firmware"]
    out.print(
        f"[bold]{firmware['board']}[/]: {firmware['name']} {firmware['version']} on MicroPython "
        f"{firmware['micropython']}, engine {firmware['engine']}, up {facts['uptimeMs'] / 1000:.1f} s"
    )
    table = _plain(None, "memory", ">free", ">of", ">used")
    for name in ("arena", "heap", "flash"):
        if name in facts:
            size, free = facts[name]["bytes"], facts[name]["freeBytes"]
            table.add_row(name, kib(free), kib(size), f"{(size - free) / size:.0%}" if size else "")
        if "largestBytes" in facts.get(name, ()):
            table.add_row("  in one piece", kib(facts[name]["largestBytes"]), "", "")
    out.print(table)
    limits = ", ".join(f"{name} {value}" for name, value in facts.get("limits", {}).items())
    out.print(f"limits: {limits}")
    out.print()
    components(facts.get("components", []))


def places(found, boot_loaders):
    table = _plain(None, "port", "what", "usb", "serial number", "in use by")
    for one in found:
        table.add_row(*map(escape, (one.port, one.name, one.usb, one.serial, one.user)))
    if found:
        out.print(table)
    else:
        out.print(
            "no board is plugged in or emulated: wasmote doctor looks for the reason, wasmote emulate m0 makes one"
        )
    for name in boot_loaders:
        out.print(f"{name}: it waits for firmware, copy the .uf2 to its disk", markup=False)


def check(one, url):
    out.print(f"{_mark(one)} {escape(f'{url} ' if url else '')}[bold]{one.name}[/]: {escape(one.says)}")
    if one.fix and not one.good:
        out.print(f"    → {one.fix}", markup=False)


def fit(found):
    """`found`: {component: [Need]}"""
    for name, needs in found.items():
        table = _plain(None, "", "what", ">needs", ">the board has")
        for one in needs:
            least = "at least " if one.what == "memory" else ""
            table.add_row(_mark(one), one.what, "?" if one.needs is None else f"{least}{one.needs}", str(one.has))
        verdict = "it fits" if all(one.good for one in needs) else "it does not fit"
        out.print(f"{name}: {verdict}; nothing was sent", markup=False)
        out.print(table)
    out.print("memory counts the code; what a component takes when it starts, only its start can tell", style="dim")


def diff(lines):
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        out.print(line, style=colours.get(line[:1]), markup=False)


_LEVEL_COLOURS = {"debug": "dim", "info": "", "notice": "cyan", "warning": "yellow"}


def log(params):
    level, data = str(params.get("level")), params.get("data")
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    line = f"{time.strftime('%H:%M:%S')} {level} {params.get('logger', '')}: {text}"
    out.print(line, style=_LEVEL_COLOURS.get(level, "red"), markup=False)


def top(facts, rows):
    """A table of the components: totals, and what they do now."""
    left = ", ".join(
        f"{name} {kib(facts[name]['freeBytes'])} free" for name in ("arena", "heap", "flash") if name in facts
    )
    board = facts["firmware"]["board"]
    now = (">calls/s", ">traps/s", ">fuel/s", ">busy")
    table = _plain(
        f"{board}, up {facts['uptimeMs'] / 1000:.0f} s; {left}",
        *("component", "state", *now, ">calls", ">traps", ">fuel", ">ran", ">memory", ">peak", ">limit"),
    )
    for one in rows:
        rate = one["perSecond"]
        table.add_row(
            *(one["name"], _state(one)),
            *((f"{rate['calls']:.1f}", f"{rate['traps']:.1f}", millions(rate["fuel"])) if rate else ("", "", "")),
            f"{rate['runMs'] / 1000:.0%}" if rate else "",
            *(str(one.get("calls", 0)), str(one.get("traps", 0)), millions(one.get("fuel", 0))),
            *(f"{one.get('runMs', 0) / 1000:.1f} s", *_memory(one)),
        )
    return table


def bench(result):
    link, call = result["link"], result.get("call")
    table = _plain(f"{link['board']}, {link['times']} times each", "what", ">median", ">best", "")
    table.add_row("round trip of a ping", f"{link['roundTripMs']:.2f} ms", f"{link['minMs']:.2f} ms", "")
    for way, text in (("up", "to the board"), ("down", "from the board, at least")):
        rate = link[f"{way}BytesPerSecond"]
        what = "too quick to tell" if rate is None else f"{rate:,.0f} bytes/s"
        table.add_row(text, "", what, f"a message of {link[f'{way}Bytes']} bytes")
    if call:
        fuel = f"{call['fuel']:,.0f} halfwords of fuel, {call['runMs']:.1f} ms on the board" if "fuel" in call else ""
        table.add_row(f"a call of {call['tool']}", f"{call['callMs']:.2f} ms", f"{call['minMs']:.2f} ms", fuel)
    out.print(table)
    if call and call["failed"]:
        err.print(f"{call['tool']} failed: what was measured is its failure", markup=False)
