# SPDX-License-Identifier: MIT
"""`info` and `reset`."""

from . import tables
from .app import BOARDS_PANEL, Json, Port, app, run


@app.command(rich_help_panel=BOARDS_PANEL)
def info(port: Port, json_: Json = False):
    """Show firmware, memory, limits and components of the board.

    Example:  wasmote info qemu:m0
    """
    facts = run(port, lambda board: board.info())
    tables.as_json(facts) if json_ else tables.info(facts)


@app.command(rich_help_panel=BOARDS_PANEL)
def reset(port: Port, json_: Json = False):
    """Restart the board; what is on its flash stays.

    Example:  wasmote reset serial:/dev/ttyACM0
    """
    answer = run(port, lambda board: board.reset())
    tables.as_json(answer) if json_ else tables.out.print(f"{port.rstrip(':')}: reset", markup=False)
