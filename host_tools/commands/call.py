# SPDX-License-Identifier: MIT
"""`call`: one tool, called from a terminal."""

import json
import sys
from typing import Annotated

import typer

from .. import tables
from ..errors import Misused
from .app import Port, app, run


@app.command()
def call(
    port: Port,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Name of the tool.")],
    arguments: Annotated[str, typer.Argument(metavar="[JSON]", help="Arguments, a JSON object.")] = "{}",
):
    """Call one tool and print the text it answers; exit code 1 when the tool fails.

    Example:  wasmote call qemu:m0 read '{"unit": "F"}'
    """
    try:
        value = json.loads(arguments)
    except ValueError as error:
        raise Misused(
            f'the arguments are no JSON ({error}): quote them for the shell, like \'{{"unit": "F"}}\''
        ) from None
    if not isinstance(value, dict):
        raise Misused('the arguments of a tool are a JSON object, like \'{"unit": "F"}\'')
    text, failed = run(port, lambda board: board.call(tool, value, show_progress))
    print(text, file=sys.stderr if failed else sys.stdout)
    if failed:
        raise typer.Exit(1)


def show_progress(params):
    total = f" of {params['total']}" if params.get("total") is not None else ""
    message = f" {params['message']}" if params.get("message") else ""
    tables.err.print(f"progress {params.get('progress')}{total}{message}", markup=False)
