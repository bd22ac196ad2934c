#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make demo`: from a blank board to MCP tools that a real client calls, as a transcript.

An emulated board (QEMU_M0, a Cortex-M0 with 256 KiB of RAM) and `wasmote` commands as a user types them; the client is
the official Python SDK (PyPI mcp), its messages are shown as they cross the wire, long ones abridged. Every step checks
what it promises: the first that is not so ends the demo with exit code 1.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.subscriptions import ToolsListChanged
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "build/examples"
DATA = ROOT / "build/demo"  # the demo's own board: its flash, its running bridge
PORT = "qemu:m0"
WASMOTE = Path(sys.executable).with_name("wasmote")
WIDTH = 170  # characters of a message that are shown; a longer one is abridged

console = Console(highlight=False, soft_wrap=True)
began = time.monotonic()


class NotAsPromised(Exception):
    pass


def promise(kept, what):
    if not kept:
        raise NotAsPromised(what)


def headline(text):
    console.print(f"\n[bold cyan]{time.monotonic() - began:6.1f} s  {text}[/]")


def good(text):
    console.print(f"  [green]✓[/] {text}")


def message_line(arrow, colour, message, seen=set()):  # noqa: B006 - remembers from call to call
    """Print a message; a _meta that was shown once in full is {…} from then on."""
    meta = json.dumps(message.get("params", message.get("result") or {}).get("_meta"), separators=(",", ":"))
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode()) + 1
    if meta in seen and len(meta) > 60:
        text = text.replace(meta, "{…}")
    seen.add(meta)
    if len(text) > WIDTH and "…" not in text:
        text = f"{text[: WIDTH - 60]} … {text[-30:]}"
    elif len(text) > WIDTH:
        text = f"{text[: WIDTH - 30]} …"
    console.print(f"  [{colour}]{arrow}[/] ", end="")
    console.print(text, markup=False, style="dim", end="")
    console.print(f" [dim]({size} bytes)[/]")


@contextlib.asynccontextmanager
async def shown(transport):
    """A transport of the SDK that prints the messages that pass."""
    async with transport as (incoming, outgoing):
        to_client, client_reads = anyio.create_memory_object_stream(100)
        client_writes, from_client = anyio.create_memory_object_stream(100)

        async def pass_on(source, sink, arrow, colour):
            async with source, sink:
                async for item in source:
                    if not isinstance(item, Exception):
                        message_line(
                            arrow, colour, item.message.model_dump(mode="json", by_alias=True, exclude_unset=True)
                        )
                    await sink.send(item)

        async with anyio.create_task_group() as group:
            group.start_soon(pass_on, incoming, to_client, "←", "magenta")
            group.start_soon(pass_on, from_client, outgoing, "→", "blue")
            yield client_reads, client_writes
            group.cancel_scope.cancel()


def client(mode):
    bridge = StdioServerParameters(command=str(WASMOTE), args=["bridge", "--quiet", PORT], env=dict(os.environ))
    return Client(shown(stdio_client(bridge)), mode=mode, read_timeout_seconds=120, cache=None)


async def wasmote(*arguments):
    """Run a wasmote command and print it with what it prints; (its output, seconds)."""
    console.print(f"  [bold]$ wasmote {' '.join(arguments)}[/]")
    start = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(str(WASMOTE), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
    )
    out = (await process.communicate())[0].decode()
    if out.strip():
        console.print("    " + out.rstrip().replace("\n", "\n    "), markup=False)
    promise(process.returncode == 0, f"`wasmote {' '.join(arguments)}` failed: {out.strip()}")
    return out, time.monotonic() - start


def push(name):
    return wasmote("push", PORT, f"build/examples/{name}.wasm")


async def tool_names(session):
    names, cursor = [], None
    while True:
        page = await session.list_tools(cursor=cursor)
        names += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            return names


async def call(session, tool, arguments, fails=False):
    """(text of the answer, seconds)."""
    start = time.monotonic()
    result = await session.call_tool(tool, arguments)
    text = " | ".join(block.text for block in result.content)
    promise(bool(result.is_error) == fails, f"{tool} was to {'fail' if fails else 'succeed'}, it answered: {text}")
    return text, time.monotonic() - start


async def blank_board():
    headline("A blank board: QEMU_M0, Cortex-M0, 256 KiB of RAM")
    out, seconds = await wasmote("info", PORT)
    promise("QEMU_M0" in out, "the board did not say that it is QEMU_M0")
    good(f"booted and answered in {seconds:.1f} s")
    headline("A component, built from examples/c/thermometer.c, goes to its flash")
    size = (EXAMPLES / "thermometer.wasm").stat().st_size
    _, seconds = await push("thermometer")
    good(f"{size} bytes of component pushed, validated, translated and started, all in {seconds:.1f} s with a boot")


async def both_eras():
    for mode, era in (("legacy", "handshake era: initialize"), ("auto", "modern era: server/discover")):
        headline(f"The official MCP client over `wasmote bridge {PORT}`, {era}")
        async with client(mode) as session:
            names = await tool_names(session)
            promise(names == ["read", "calibrate", "history"], f"the board listed {names}")
            text, seconds = await call(session, "read", {"unit": "C"})
            promise(text.endswith("°C"), f"read answered {text}")
            good(f"protocol {session.protocol_version}: {len(names)} tools; read → {text} in {seconds * 1000:.0f} ms")
            text, _ = await call(session, "read", {"unit": "X"}, fails=True)
            good(f"a bad argument is an error result: {text}")


async def one_session():
    headline("One client stays connected: a guest that never ends, new tools, a reset")
    async with client("auto") as session, session.listen(tools_list_changed=True) as changes:
        await push("faults")
        await changed(changes)
        promise("spin" in await tool_names(session), "after faults was pushed the board did not list its tools")
        spinning = asyncio.ensure_future(call(session, "spin", {}, fails=True))
        await asyncio.sleep(0.2)
        times = [(await call(session, "read", {}))[1] for _ in range(5)]
        promise(not spinning.done(), "spin ended before another tool could answer")
        good(f"while `spin` loops for ever, `read` answers in {min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms")
        await push("textkit")
        await changed(changes)
        names = await tool_names(session)
        promise("word_count" in names and "read" in names, f"after textkit was pushed the board listed {names}")
        text, _ = await call(session, "word_count", {"text": "no restart, no reconnect"})
        promise(text.startswith("4 words"), f"word_count answered {text}")
        parts, _ = await call(session, "split", {"text": "a,b,c", "separator": ","})
        promise(parts == "a | b | c", f"split answered {parts}")
        good(f"textkit came while the client was connected, nothing restarted: word_count → {text}, split → {parts}")
        console.print("  [dim]… waiting until spin's time limit is over[/]")
        text, seconds = await spinning
        good(f"spin ended after {seconds:.1f} s: {text}")
        for tool in ("trap", "recurse", "hoard"):
            good(f"{tool} → {(await call(session, tool, {}, fails=True))[0]}")
        text, _ = await call(session, "read", {})
        good(f"and the thermometer still reads {text}")

        headline("The board is reset")
        await wasmote("reset", PORT)
        after = await tool_names(session)
        promise(sorted(after) == sorted(names), f"before the reset {names}, after it {after}")
        text, _ = await call(session, "read", {"unit": "K"})
        good(f"the {len(after)} tools are still there, the same client goes on: read → {text}")
        headline("What it costs")
        await wasmote("info", PORT)


async def changed(changes):
    event = await asyncio.wait_for(anext(aiter(changes)), 60)
    promise(isinstance(event, ToolsListChanged), f"expected a change of the tool list, got {event}")


async def demo():
    await blank_board()
    await both_eras()
    await one_session()
    headline("Done: everything above was checked")


def main():
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    os.environ.update(WASMOTE_DATA_DIR=str(DATA), WASMOTE_RUNTIME_DIR=str(DATA), COLUMNS="140")
    try:
        asyncio.run(demo())
    except Exception as error:
        cause = innermost(error)
        console.print(
            f"\n[bold red]demo failed:[/] {'' if isinstance(cause, NotAsPromised) else type(cause).__name__ + ': '}{cause}"
        )
        return 1
    return 0


def innermost(error):
    """The first failure inside the groups that task groups make of it."""
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())
