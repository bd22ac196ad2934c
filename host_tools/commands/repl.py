# SPDX-License-Identifier: MIT
"""`repl`: MicroPython's prompt on the board."""

import asyncio
from typing import Annotated

import typer

from .app import BOARDS_PANEL, Port, app
from .exit_codes import FAILED


@app.command(context_settings={"ignore_unknown_options": True}, rich_help_panel=BOARDS_PANEL)
def repl(
    port: Port,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="MPREMOTE COMMAND", help="What mpremote shall do instead, like: fs ls"),
    ] = None,
):
    """Hand the board over to mpremote: MicroPython's prompt, Ctrl-X leaves it. A bridge on the port takes it back then.

    While mpremote has the board its tools are not there: calls fail at once and say who has it.

    Example:  wasmote repl serial:/dev/ttyACM0        or  wasmote repl qemu:m3 eval '6 * 7'
    """
    from ..board.repl import repl as work

    if asyncio.run(work(port, words or ())):
        raise typer.Exit(FAILED)
