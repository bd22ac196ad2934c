# SPDX-License-Identifier: MIT
"""What every verb shares: the application, the arguments that many take, and a board to ask."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ..board.methods import Board
from ..board.session import session
from ..ports.urls import KINDS
from .completion import ports
from .exit_codes import MEANINGS

app = typer.Typer(
    name="wasmote",
    help="MCP tools as WebAssembly components on a microcontroller.\n\n"
    f"PORT is a URL: {KINDS}.\n\n"
    "To begin:  wasmote push qemu:m0 build/examples/thermometer.wasm\n"
    "and then:  wasmote call qemu:m0 read unit=F\n\n"
    "Exit codes: " + "; ".join(f"{code}: {meaning}" for code, meaning in MEANINGS) + ".",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Where --help lists a verb.
BOARDS_PANEL = "Boards"
COMPONENTS_PANEL = "Components on a board"
TOOLS_PANEL = "Tools of a board"
CLIENTS_PANEL = "MCP clients"

Port = Annotated[
    str,
    typer.Argument(
        metavar="PORT", autocompletion=ports, help="Where the board is, like serial:/dev/ttyACM0 or qemu:m0."
    ),
]
Arguments = Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Its arguments, or one JSON object.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="INTERFACE", help="What it may import, instead of the board's default; may be repeated."),
]
Env = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable of its environment; may be repeated.")
]
Memory = Annotated[int | None, typer.Option(metavar="KIB", help="Memory of the arena that it may have.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.json", help="The whole configuration; other options change it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]


def run(port, work, stays=False):
    """The result of `work(board)` with the board at `port`. `stays`: it may take long, other commands can join."""

    async def connected():
        async with session(port, door=stays) as asked:
            return await work(Board(asked))

    return asyncio.run(connected())
