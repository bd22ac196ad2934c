# SPDX-License-Identifier: MIT
"""`replay`: a recording of a bridge is played to a board."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from . import tables
from .app import CLIENTS_PANEL, Json, app
from .exit_codes import FAILED


@app.command(rich_help_panel=CLIENTS_PANEL)
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `wasmote bridge --record FILE` wrote.")],
    ports: Annotated[list[str], typer.Argument(metavar="[NAME=]PORT", help="The boards, as the bridge had them.")],
    static_tools: Annotated[bool, typer.Option("--static-tools", help="As the bridge had it.")] = False,
    json_: Json = False,
):
    """Say to a board again what clients said in a recording, and show which answers are others now.

    Exit code 1 when an answer differs. What tools did once they do again.

    Example:  wasmote bridge qemu:m0 --record monday.jsonl   and later   wasmote replay monday.jsonl qemu:m0
    """
    from ..bridge.replaying import replay as work
    from ..bridge.serve import playing

    report = asyncio.run(playing(ports, lambda front: work(file, front), static_tools))
    if json_:
        tables.as_json(asdict(report))
    else:
        for text in report.differences:
            tables.out.print(text, markup=False)
        count = len(report.differences)
        word = "no difference" if not count else "1 difference" if count == 1 else f"{count} differences"
        tables.out.print(f"{report.answers} answers, {word}", markup=False)
    if report.differences:
        raise typer.Exit(FAILED)
