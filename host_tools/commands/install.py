# SPDX-License-Identifier: MIT
"""`install` and `uninstall`: a board's entry in the configuration of an MCP client."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..bridge.naming import given
from ..errors import Misused
from ..install.change import added, removed
from ..install.clients import CLIENTS, client, entry
from ..ports.urls import port as port_at
from . import tables
from .app import CLIENTS_PANEL, Json, app
from .completion import ports

NAMES = ", ".join(CLIENTS)


def _clients(incomplete: str):
    return [name for name in CLIENTS if name.startswith(incomplete)]


ClientName = Annotated[str, typer.Argument(metavar="CLIENT", autocompletion=_clients, help=f"One of {NAMES}.")]
Name = Annotated[str, typer.Option(help="What the client calls the server.")]
Project = Annotated[bool, typer.Option("--project", help="This folder's configuration, instead of this user's.")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE.json", help="A configuration file somewhere else.")]
Print = Annotated[bool, typer.Option("--print", help="Only print; nothing is written.")]


@app.command(rich_help_panel=CLIENTS_PANEL)
def install(
    client_name: ClientName,
    port: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]PORT", autocompletion=ports, help="Where the boards are, as for `wasmote bridge`."
        ),
    ] = None,
    name: Name = "board",
    project: Project = False,
    file: File = None,
    print_: Print = False,
    json_: Json = False,
):
    """Put a board into the configuration of an MCP client; it starts `wasmote bridge PORT` then.

    Shows what changes. Everything else in the file stays as it is, and a backup beside it. Doing it again changes nothing.

    Example:  wasmote install claude-desktop serial:/dev/ttyACM0       or, to see the entry only:  … --print
    """
    one = client(client_name)
    if not port:
        raise Misused(f"where is the board? wasmote install {client_name} PORT; wasmote boards lists ports")
    for text in port:
        port_at(given(text)[1])
    arguments = ["bridge", *port]
    new = entry(one, arguments)
    if print_:
        print(json.dumps({one.servers: {name: new}}, indent=2, ensure_ascii=False))
        return
    change = added(_where(one, client_name, project, file), (one.servers, name), new)
    _make(change, one, json_, {"client": client_name, "name": name, "entry": new})


@app.command(rich_help_panel=CLIENTS_PANEL)
def uninstall(
    client_name: ClientName,
    name: Name = "board",
    project: Project = False,
    file: File = None,
    json_: Json = False,
):
    """Take a board out of the configuration of an MCP client. Shows what changes, keeps a backup.

    Example:  wasmote uninstall cursor
    """
    one = client(client_name)
    change = removed(_where(one, client_name, project, file), (one.servers, name))
    _make(change, one, json_, {"client": client_name, "name": name})


def _where(one, client_name, project, file):
    if file and project:
        raise Misused("--file and --project: one of them")
    if project and not one.project:
        raise Misused(f"{client_name} has no configuration of a project: leave --project out")
    return file or (Path.cwd() / one.project if project else one.file())


def _make(change, one, json_, facts):
    backup = None if change.is_none else change.write()
    if json_:
        backup = str(backup) if backup else None
        tables.as_json({**facts, "file": str(change.file), "changed": not change.is_none, "backup": backup})
    elif change.is_none:
        tables.out.print(f"{change.file}: nothing to change", markup=False)
    else:
        tables.diff(change.diff())
        if backup:
            tables.out.print(f"backup: {backup}", markup=False)
        tables.out.print(f"{one.title}: {one.after}", markup=False)
