# SPDX-License-Identifier: MIT
"""The `wasmote` command: a board's tools and components from a terminal.

Every failure is one line on stderr that says what and what to do, and exit code 1; WASMOTE_DEBUG=1 shows the traceback.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from . import __version__, tables
from .board import Board, component_file, component_name
from .errors import Failed
from .session import session
from .settings import changed, from_options

app = typer.Typer(
    name="wasmote",
    help="MCP tools as WebAssembly components on a microcontroller.\n\n"
    "PORT is a URL: serial:/dev/ttyACM0, qemu:m0, qemu:m3, qemu:rv32, unix:, pty:/dev/pts/4, tcp:127.0.0.1:7000.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Port = Annotated[str, typer.Argument(metavar="PORT", help="Where the board is, like serial:/dev/ttyACM0 or qemu:m0.")]
Allow = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(metavar="INTERFACE", help="What it may import, instead of the board's default; may be repeated."),
]
Env = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(metavar="NAME=VALUE", help="A variable of its environment; may be repeated."),
]
ConfigFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--config", metavar="FILE.json", help="The whole configuration; other options change it."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the board's answer as JSON.")]


@app.command()
def bridge(
    port: Port,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing on stderr when the board comes and goes.")
    ] = False,
    http: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="[HOST]:PORT", help="Serve HTTP at /mcp instead of stdio; without HOST to this machine alone."
        ),
    ] = None,
    allow_host: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="NAME", help="A name by which HTTP clients may call this machine; may be repeated."),
    ] = None,
):
    """Be an MCP server on stdio, or with --http over HTTP, whose tools are the board's.

    This is what an MCP client starts:  {"command": "wasmote", "args": ["bridge", "qemu:m0"]}

    Many clients at once:  wasmote bridge qemu:m0 --http :8080   serves http://localhost:8080/mcp

    Other wasmote commands on the same PORT work while it runs.
    """
    from .bridge import bridge as serve

    if allow_host and not http:
        raise Failed("--allow-host is for --http: add --http :PORT")
    asyncio.run(serve(port, not quiet, http, allow_host or ()))


@app.command()
def push(
    port: Port,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Component files (.wasm).")],
    name: Annotated[Optional[str], typer.Option(help="Name on the board; otherwise the file's.")] = None,  # noqa: UP045
    allow: Allow = None,
    env: Env = None,
    config: ConfigFile = None,
    json_: Json = False,
):
    """Store components on the board and put their tools into service. A component that was there keeps its configuration.

    Example:  wasmote push qemu:m0 build/examples/thermometer.wasm --env LEVEL=debug
    """
    if name and len(files) > 1:
        raise Failed("--name names one component: push the files one by one")
    sources = [component_file(file, name) for file in files]
    change = from_options(config, allow=allow, env=env)

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


async def push_one(board, name, data, change=None):
    config = await changed(board, name, change) if change else None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=tables.err, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=len(data))
        return await board.push(name, data, lambda done: bar.update(task, completed=done), config)


@app.command()
def configure(
    port: Port,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name as in `wasmote ls`.")],
    allow: Allow = None,
    env: Env = None,
    arg: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="TEXT", help="An argument of its command line; may be repeated."),
    ] = None,
    files: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="BYTES", help="Flash for its folder (wasi:filesystem), like 16K; 0: it has none."),
    ] = None,
    store: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="BYTES", help="Flash for its buckets (wasi:keyvalue), like 4K; 0: it has none."),
    ] = None,
    peer: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="COMPONENT[/TOOL]", help="What it may call on this board, * for all; may be repeated."),
    ] = None,
    fallback: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="MODULE[:FUNCTION]", help="Python on the board that serves while the component cannot."),
    ] = None,
    memory: Annotated[Optional[int], typer.Option(metavar="KIB", help="Memory that it may have.")] = None,  # noqa: UP045
    timeout: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="MS", help="How long a call may take, in milliseconds."),
    ] = None,
    unset: Annotated[
        Optional[list[str]],  # noqa: UP045
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
            raise Failed(f"--unset {unknown[0]}: there is no such member; there are: {', '.join(facts['effective'])}")
        if change:
            await board.configure(name, change(facts["config"]))
            facts = await board.configuration(name)
        return facts

    facts = run(port, work)
    tables.as_json(facts) if json_ else tables.configuration(facts)


@app.command("ls")
def list_(port: Port, json_: Json = False):
    """List the components on the board.

    Example:  wasmote ls serial:/dev/ttyACM0
    """
    records = run(port, lambda board: board.list())
    tables.as_json(records) if json_ else tables.components(records)


@app.command("rm")
def remove(
    port: Port, names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names as in `wasmote ls`.")]
):
    """Remove components and their tools from the board.

    Example:  wasmote rm qemu:m0 thermometer
    """

    async def work(board):
        for name in names:
            await board.remove(component_name(name))
            tables.out.print(f"{name}: removed", markup=False)

    run(port, work)


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
        raise Failed(
            f'the arguments are no JSON ({error}): quote them for the shell, like \'{{"unit": "F"}}\''
        ) from None
    if not isinstance(value, dict):
        raise Failed('the arguments of a tool are a JSON object, like \'{"unit": "F"}\'')
    text, failed = run(port, lambda board: board.call(tool, value, show_progress))
    print(text, file=sys.stderr if failed else sys.stdout)
    if failed:
        raise typer.Exit(1)


def show_progress(params):
    total = f" of {params['total']}" if params.get("total") is not None else ""
    message = f" {params['message']}" if params.get("message") else ""
    tables.err.print(f"progress {params.get('progress')}{total}{message}", markup=False)


@app.command()
def info(port: Port, json_: Json = False):
    """Show firmware, memory, limits and components of the board.

    Example:  wasmote info qemu:m0
    """
    facts = run(port, lambda board: board.info())
    tables.as_json(facts) if json_ else tables.info(facts)


@app.command()
def reset(port: Port):
    """Restart the board; what is on its flash stays.

    Example:  wasmote reset serial:/dev/ttyACM0
    """
    run(port, lambda board: board.reset())
    tables.out.print(f"{port}: reset")


@app.command()
def emulate(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="m0, m3 or rv32.")],
    flash: Annotated[Optional[str], typer.Option(help="File that is the flash chip.")] = None,  # noqa: UP045
    firmware: Annotated[Optional[str], typer.Option(help="Firmware to run instead of the built one.")] = None,  # noqa: UP045
    pty: Annotated[
        bool, typer.Option("--pty", help="Offer a pseudo terminal (for mpremote) instead of a TCP port.")
    ] = False,
):
    """Run an emulated board in the foreground and print its PORT; Ctrl-C ends it.

    Example:  wasmote emulate m0
    """
    from .foreground import emulate as work

    asyncio.run(work(board, flash, firmware, pty))


def run(port, work):
    """The result of `work(board)` with the board at `port`."""

    async def connected():
        async with session(port) as asked:
            return await work(Board(asked))

    return asyncio.run(connected())


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False):
    if version:
        print(f"wasmote {__version__}")
        raise typer.Exit


def main():
    """The entry point: turns every failure into one line."""
    try:
        app()
    except Failed as error:
        complain(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("WASMOTE_DEBUG"):
            raise
        complain(f"{type(error).__name__}: {error} (a bug of wasmote? WASMOTE_DEBUG=1 shows where)")


def complain(text):
    print(f"wasmote: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(1)
