# SPDX-License-Identifier: MIT
"""`call`: one tool, called from a terminal."""

import sys
from typing import Annotated

import typer

from ..board.methods import text_of
from ..errors import Failed
from . import tables
from .app import TOOLS_PANEL, Arguments, Json, Port, app, run
from .arguments import described, parsed, typed, unknown
from .exit_codes import FAILED


@app.command(rich_help_panel=TOOLS_PANEL)
def call(
    port: Port,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Name of the tool.")],
    arguments: Arguments = None,
    json_: Json = False,
):
    """Call one tool, show its progress, and print the text it answers; exit code 1 when the tool fails.

    Example:  wasmote call qemu:m0 read unit=F        or  wasmote call qemu:m0 read '{"unit": "F"}'
    """
    value = parsed(arguments or [])

    async def work(board):
        return await board.call(tool, await by_schema(board, tool, value), show_progress)

    result = run(port, work)
    failed = bool(result.get("isError"))
    if json_:
        tables.as_json(result)
    else:
        print(text_of(result), file=sys.stderr if failed else sys.stdout)
    if failed:
        raise typer.Exit(FAILED)


async def by_schema(board, tool, given):
    """What parsed() made of the words, with the types that the tool wants where none are said."""
    if isinstance(given, dict):
        return given
    if not given:
        return {}
    found = {one["name"]: one for one in await board.tools()}
    if tool not in found:
        raise Failed(f'there is no tool "{tool}"; there are: {", ".join(found) or "none"}')
    schema = found[tool].get("inputSchema") or {}
    if strange := unknown(given, schema):
        tables.err.print(f"{tool} does not know {', '.join(strange)}: {described(schema)}", markup=False, style="dim")
    return typed(given, schema)


def show_progress(params):
    total = f" of {params['total']}" if params.get("total") is not None else ""
    message = f" {params['message']}" if params.get("message") else ""
    tables.err.print(f"progress {params.get('progress')}{total}{message}", markup=False)
