# SPDX-License-Identifier: MIT
"""What a component costs a board of the arena. A component linked as rustc does it, its stack of 1 MiB at the bottom of
17 pages, fits 16 KiB with its code and the stack that all components share."""

import subprocess
from pathlib import Path

from raw_board import RawBoard, new_flash

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "build/wasm-tools/wasm-tools"
COMPILE = [
    "clang",
    "--target=wasm32",
    "-mcpu=mvp",
    "-Oz",
    "-std=c11",
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--gc-sections",
]
RUST = ["-Wl,--stack-first", "-Wl,-z,stack-size=1048576"]

ON_THE_BOARD = """
from wasmote.host import Host
from wasmote.jsonrpc import validate
from wasmote.wasm import arena_info, drive
host = Host(validate=validate)
free = arena_info()[1]
drive(host.load_file("/it.wasm"))
for tool, arguments in %r:
    content, is_error = drive(host.call_tool(tool, arguments))
    print(content[0])
print(free - arena_info()[1], host.list()[0]["memoryBytes"], host.stacks.used())
"""
CALLS = [("calibrate", b'{"offset":1500}'), *[("read", b'{"unit":"K"}')] * 3, ("history", b"{}")]


def component(folder, name, options):
    """examples/c/NAME.c as a component, linked with these options."""
    core, embedded, made = (folder / f"{name}.{kind}" for kind in ("core", "embedded", "wasm"))
    subprocess.run([*COMPILE, *options, "-o", core, ROOT / f"examples/c/{name}.c"], check=True)
    subprocess.run([TOOL, "component", "embed", ROOT / "examples/wit", "--world", "wasi:mcp/mcp-backend-preview2", core,
                    "-o", embedded], check=True)  # fmt: skip
    subprocess.run([TOOL, "component", "new", embedded, "-o", made], check=True)
    return made.read_bytes()


def test_a_component_of_17_pages_runs_within_16_kib(tmp_path):
    made = component(tmp_path, "thermometer", RUST)
    listing = subprocess.run([TOOL, "print", tmp_path / "thermometer.core"], capture_output=True, text=True, check=True)
    assert all(text in listing.stdout for text in ("(memory (;0;) 17)", "(i32.const 1048576)"))
    with RawBoard("QEMU_M0", new_flash(tmp_path / "flash")) as board:
        board.raw_repl()
        board.put_file("/it.wasm", made)
        *answers, figures = board.run(ON_THE_BOARD % CALLS, timeout=60).splitlines()
    assert answers[1:3] == ["294.650 K", "295.080 K"]
    in_all, own, stack = map(int, figures.split())
    assert in_all == own // 1024 + stack and stack == 4
    assert in_all <= 16
