"""The guests of the WASI tests, built from the C beside this file: programs that print what the board answers them."""

import functools
import json
import os
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
ROOT = SOURCES.parents[1]
OUT = ROOT / "build" / "tests" / "wasi"
WASM_TOOLS = os.environ.get("WASM_TOOLS") or ROOT / "build" / "wasm-tools" / "wasm-tools"
ADAPTER = ROOT / "build" / "jco" / "jco" / "lib" / "wasi_snapshot_preview1.command.wasm"
FLAGS = [
    "--target=wasm32",
    "-mcpu=mvp",
    "-Oz",
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-function",
    "-Wno-unused-parameter",
    "-nostdlib",
]
LINK = ["-Wl,--no-entry", "-Wl,--stack-first", "-Wl,-z,stack-size=4096", "-Wl,--gc-sections"]


@functools.cache
def program(name, world=None, *defines):
    """The bytes of the component from tests/wasi/<name>.c in the world of its name."""
    OUT.mkdir(parents=True, exist_ok=True)
    core = OUT / f"{name}.core.{os.getpid()}"
    compiler = os.environ.get("CLANG", "clang")
    subprocess.run([compiler, *FLAGS, *LINK, *defines, "-o", core, SOURCES / f"{name}.c"], check=True)
    return component(core, world or name)


@functools.cache
def posix(name):
    """The bytes of the component from tests/wasi/<name>.c, a program for wasi-libc; None where the adapter is not installed."""
    if not ADAPTER.exists():
        return None
    OUT.mkdir(parents=True, exist_ok=True)
    core = OUT / f"{name}.core.{os.getpid()}"
    flags = ["--target=wasm32-wasi", "-Oz", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wl,--strip-all", *LINK]
    flags.remove("-Wl,--no-entry")
    subprocess.run([os.environ.get("CLANG", "clang"), *flags, "-o", core, SOURCES / f"{name}.c"], check=True)
    return new(core, "--adapt", f"wasi_snapshot_preview1={ADAPTER}")


@functools.cache
def everything(world):
    """The bytes of a component that imports every function of a world and does nothing."""
    OUT.mkdir(parents=True, exist_ok=True)
    core = OUT / f"{world}.all.{os.getpid()}"
    command = [WASM_TOOLS, "component", "embed", "--dummy", SOURCES / "wit", "--world", world, "-o", core]
    subprocess.run(command, check=True)
    return new(core)


def component(core, world):
    command = [WASM_TOOLS, "component", "embed", SOURCES / "wit", "--world", world, core, "-o", core]
    subprocess.run(command, check=True)
    return new(core)


def new(core, *options):
    subprocess.run([WASM_TOOLS, "component", "new", core, *options, "-o", core], check=True)
    data = core.read_bytes()
    core.unlink()
    return data


def configuration(**members):
    return json.dumps(members).encode()
