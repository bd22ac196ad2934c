# SPDX-License-Identifier: MIT
"""What is on a board: `push`, `configure`, `ls`, `rm`."""

import sys
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ..board import fit
from ..board.methods import component_file, component_name
from ..board.settings import changed, from_options
from ..errors import Failed, Misused
from . import tables
from .app import COMPONENTS_PANEL, Allow, ConfigFile, Env, Json, Memory, Port, app, run
from .exit_codes import FAILED


@app.command(rich_help_panel=COMPONENTS_PANEL)
def push(
    port: Port,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Component files (.wasm).")],
    name: Annotated[str | None, typer.Option(help="Name on the board; otherwise the file's.")] = None,
    allow: Allow = None,
    env: Env = None,
    memory: Memory = None,
    config: ConfigFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell whether it fits; exit code 1 if not.")] = False,
    json_: Json = False,
):
    """Store components on the board and put their tools into service. A component that was there keeps its configuration.

    Before the first byte is sent it is checked that the file fits.
    A push that was cut goes on where it ended, also after a reset.
    The board compares the CRC-32 of what is on its flash; only a component that loads replaces an old one.

    Example:  wasmote push qemu:m0 build/examples/thermometer.wasm --env LEVEL=debug
    """
    if name and len(files) > 1:
        raise Misused("--name names one component: push the files one by one")
    sources = [component_file(file, name) for file in files]
    change = from_options(config, allow=allow, env=env, memory=memory)

    if dry_run:
        will_it_fit(port, sources, json_)
        return

    async def work(board):
        return [await push_one(board, *source, change) for source in sources]

    records = run(port, work)
    if json_:
        tables.as_json(records)
    for record in records if not json_ else []:
        tools = ", ".join(record.get("tools", [])) or "no tools"
        memory = f"{tables.kib(record.get('memoryBytes', 0))} of memory"
        tables.out.print(
            f"{record['name']}: {record.get('bytes')} bytes, {record['state']}, {memory}, tools: {tools}", markup=False
        )


def will_it_fit(port, sources, json_):
    """Tells of each file alone what it needs of the board as it is now."""
    facts = run(port, lambda board: board.info())
    found = {name: fit.needs(name, data, facts) for name, data in sources}
    if json_:
        tables.as_json({name: [{**asdict(one), "good": one.good} for one in needs] for name, needs in found.items()})
    else:
        tables.fit(found)
    if not all(one.good for needs in found.values() for one in needs):
        raise typer.Exit(FAILED)


async def push_one(board, name, data, change=None):
    for one in fit.needs(name, data, await board.info()):  # what is short now, the board may make room for
        if one.hopeless:
            raise Failed(f"{name} needs {one.needs} bytes of {one.what}, this board has {one.most} in all")
    stored = await board.stored(name, data)
    if stored:
        tables.err.print(f"{name}: {stored} of {len(data)} bytes are there already, going on", markup=False)
    config = await changed(board, name, change) if change else None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=tables.err, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=len(data))
        record = await board.push(name, data, lambda done: bar.update(task, completed=done), config)
    return {**record, "crc32": f"{zlib.crc32(data):08x}"}


@app.command(rich_help_panel=COMPONENTS_PANEL)
def configure(
    port: Port,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name as in `wasmote ls`.")],
    allow: Allow = None,
    env: Env = None,
    arg: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="An argument of its command line; may be repeated.")
    ] = None,
    files: Annotated[
        str | None,
        typer.Option(metavar="BYTES", help="Flash for its folder (wasi:filesystem), like 16K; 0: it has none."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="BYTES", help="Flash for its buckets (wasi:keyvalue), like 4K; 0: it has none."),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(metavar="COMPONENT[/TOOL]", help="What it may call on this board, * for all; may be repeated."),
    ] = None,
    fallback: Annotated[
        str | None,
        typer.Option(metavar="MODULE[:FUNCTION]", help="Python on the board that serves while the component cannot."),
    ] = None,
    memory: Memory = None,
    timeout: Annotated[
        int | None, typer.Option(metavar="MS", help="How long a call may take, in milliseconds.")
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="MEMBER", help="Back to the board's default: allow, env, args, …; may be repeated."),
    ] = None,
    config: ConfigFile = None,
    json_: Json = False,
):
    """Show a component's configuration, or change it: what it may import and use, its environment, its limits.

    Only what options name is changed. The component starts afresh; what it had in memory is lost.

    Example:  wasmote configure qemu:m0 thermometer --env LEVEL=debug --files 16K
    """
    options = {"allow": allow, "env": env, "args": arg, "files": files, "store": store, "peers": peer}
    options.update({"fallback": fallback, "memory": memory, "timeout_ms": timeout})
    change = from_options(config, unset or (), **options)
    name = component_name(name)

    async def work(board):
        facts = await board.configuration(name)
        if unknown := [member for member in unset or () if member not in facts["effective"]]:
            raise Misused(f"--unset {unknown[0]}: there is no such member; there are: {', '.join(facts['effective'])}")
        if change:
            await board.configure(name, change(facts["config"]))
            facts = await board.configuration(name)
        return facts

    facts = run(port, work)
    tables.as_json(facts) if json_ else tables.configuration(facts)


@app.command("ls", rich_help_panel=COMPONENTS_PANEL)
def list_(port: Port, json_: Json = False):
    """List the components on the board.

    Example:  wasmote ls serial:/dev/ttyACM0
    """
    records = run(port, lambda board: board.list())
    tables.as_json(records) if json_ else tables.components(records)


@app.command("rm", rich_help_panel=COMPONENTS_PANEL)
def remove(
    port: Port,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Names as in `wasmote ls`.")],
    json_: Json = False,
):
    """Remove components and their tools from the board.

    Example:  wasmote rm qemu:m0 thermometer
    """

    async def work(board):
        for name in map(component_name, names):
            removed.append((await board.remove(name))["component"])
            if not json_:
                tables.out.print(f"{name}: removed", markup=False)

    removed = []
    run(port, work)
    if json_:
        tables.as_json(removed)
