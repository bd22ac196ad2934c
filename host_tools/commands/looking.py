# SPDX-License-Identifier: MIT
"""`boards` and `doctor`: what is there, and why it is not."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from . import tables
from .app import BOARDS_PANEL, Json, app
from .completion import ports
from .exit_codes import FAILED


@app.command(rich_help_panel=BOARDS_PANEL)
def boards(json_: Json = False):
    """List the boards that are plugged in, and those that wasmote processes serve or emulate. No device is opened.

    Example:  wasmote boards
    """
    from ..ports.devices import boot_loaders, running_places, serial_places

    places = [*serial_places(), *running_places()]
    tables.as_json([asdict(place) for place in places]) if json_ else tables.places(places, boot_loaders())


@app.command(rich_help_panel=BOARDS_PANEL)
def doctor(
    port: Annotated[
        str | None,
        typer.Argument(metavar="PORT", autocompletion=ports, help="Where the board is; else every serial device."),
    ] = None,
    json_: Json = False,
):
    """Check everything between this machine and a board, and say what to do about what is wrong.

    Driver, permission, other programs, speed, what answers, versions, memory, components. Exit code 1 when a check fails.

    Example:  wasmote doctor serial:/dev/ttyACM0
    """
    from ..board.doctor import diagnose, everything

    async def work():
        found = []
        async for url, check in everything() if port is None else _of(port, diagnose(port)):
            found.append({"port": url, **asdict(check)})
            if not json_:
                tables.check(check, url if port is None else "")
        return found

    found = asyncio.run(work())
    if json_:
        tables.as_json(found)
    if not all(check["good"] for check in found):
        raise typer.Exit(FAILED)


async def _of(url, checks):
    async for check in checks:
        yield url, check
