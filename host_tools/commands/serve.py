# SPDX-License-Identifier: MIT
"""`bridge` and `emulate`: verbs that run until they are ended."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ..errors import Failed, Misused
from .app import BOARDS_PANEL, CLIENTS_PANEL, Json, app
from .completion import ports as completions


@app.command(rich_help_panel=CLIENTS_PANEL)
def bridge(
    ports: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=]PORT", autocompletion=completions, help="Where the boards are, like qemu:m0."),
    ] = None,
    port: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]PORT", autocompletion=completions, help="The same, as an option; may be repeated."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing on stderr when the board comes and goes.")
    ] = False,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST]:PORT", help="Serve HTTP at /mcp instead of stdio; without HOST to this machine alone."
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which HTTP clients may call this machine; may be repeated."),
    ] = None,
    static_tools: Annotated[
        bool,
        typer.Option(
            "--static-tools",
            help="Two more tools, board_tools and board_call, reach tools that came later. For clients that ignore"
            " list_changed alone: they cost every conversation some 250 tokens, and the model a detour.",
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write every message with its time to a file, for `wasmote replay`."),
    ] = None,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help="Say it in this file instead of on stderr.")] = None,
):
    """Be an MCP server on stdio, or with --http over HTTP, whose tools are a board's, or those of several boards.

    This is what an MCP client starts:  {"command": "wasmote", "args": ["bridge", "qemu:m0"]}

    Many clients at once:  wasmote bridge qemu:m0 --http :8080   serves http://localhost:8080/mcp

    Several boards:  wasmote bridge kitchen=serial:/dev/ttyACM0 garden=serial:/dev/ttyACM1
    A tool that two of them have is known as kitchen_read and garden_read. Without NAME= a board is called what it says.

    Other wasmote commands on the same PORT work while it runs.
    """
    from ..bridge.serve import bridge as serve

    if allow_host and not http:
        raise Misused("--allow-host is for --http: add --http :PORT")
    boards = [*(ports or ()), *(port or ())]
    if not boards:
        raise Misused("which board? wasmote bridge PORT, like qemu:m0; `wasmote boards` lists what is plugged in")
    say = (lambda text: None) if quiet else speaker(log)
    asyncio.run(serve(boards, say, http, allow_host or (), static_tools, record))


def speaker(path=None):
    """say(text), to a file or to stderr."""
    try:
        file = open(path, "a", 1, "utf-8", "backslashreplace") if path else sys.stderr  # noqa: SIM115 - as long as we run
    except OSError as error:
        raise Failed(f"--log {path}: {error.strerror or error}") from None
    form = "%Y-%m-%d %H:%M:%S" if path else "wasmote: %H:%M:%S"
    return lambda text: print(time.strftime(form), text, file=file, flush=True)


@app.command(rich_help_panel=BOARDS_PANEL)
def emulate(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="m0, m3 or rv32.")],
    flash: Annotated[str | None, typer.Option(help="File that is the flash chip.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Firmware to run instead of the built one.")] = None,
    pty: Annotated[
        bool, typer.Option("--pty", help="Offer a pseudo terminal (for mpremote) instead of a TCP port.")
    ] = False,
    json_: Json = False,
):
    """Run an emulated board in the foreground and print its PORT; Ctrl-C ends it.

    Example:  wasmote emulate m0
    """
    from ..ports.foreground import emulate as work
    from ..ports.foreground import tell

    asyncio.run(work(board, flash, firmware, pty, line_of_json if json_ else tell))


def line_of_json(facts):
    print(json.dumps(facts), flush=True)
