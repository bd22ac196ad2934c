# SPDX-License-Identifier: MIT
"""`logs`, `top` and `bench`: what a board does, and how fast."""

import asyncio
import json
import time
from typing import Annotated

import typer
from rich.live import Live

from ..board import measure
from ..board.rates import Rates
from ..errors import Away, CallError, Misused
from ..hub.logs import LEVELS
from . import tables
from .app import TOOLS_PANEL, Arguments, Json, Port, app, run
from .arguments import parsed
from .call import by_schema


@app.command(rich_help_panel=TOOLS_PANEL)
def logs(
    port: Port,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is logged from now on.")] = False,
    level: Annotated[str, typer.Option(metavar="LEVEL", help="From this level on: debug, info, warning …")] = "info",
    component: Annotated[str | None, typer.Option(metavar="NAME", help="Of this component alone.")] = None,
    json_: Json = False,
):
    """Show what components log and print, for whatever client they work; -f until Ctrl-C.

    A bridge that has the board remembers the last 200 messages. With --json one JSON object a line.

    Example:  wasmote logs serial:/dev/ttyACM0 -f
    """
    if level not in LEVELS:
        raise Misused(f"--level {level}: there are {', '.join(LEVELS)}")
    seen = []

    def show(params):
        if component in (None, params.get("logger")):
            seen.append(params)
            print(json.dumps(params, ensure_ascii=False), flush=True) if json_ else tables.log(params)

    async def work(board):
        await board.watch_logs(level, show)
        if not seen and not json_:
            note = "nothing was logged yet" if follow else "no bridge remembers a message; -f waits for the next ones"
            tables.err.print(note, style="dim")
        while follow:
            await asyncio.sleep(3600)

    run(port, work, stays=follow)


@app.command(rich_help_panel=TOOLS_PANEL)
def top(
    port: Port,
    once: Annotated[bool, typer.Option("--once", help="Print one table and end.")] = False,
    interval: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Between two looks.")] = 1.0,
    json_: Json = False,
):
    """A live table: what each component does, and what it has done and taken. Ctrl-C ends it.

    Works while a bridge serves the board, and through resets. With --json one JSON object a line.

    Example:  wasmote top qemu:m0
    """
    rates = Rates()

    async def once_more(board):
        facts = await board.info()
        rows = rates.look(facts)
        if json_:
            print(json.dumps({**facts, "components": rows}, ensure_ascii=False), flush=True)
        return tables.top(facts, rows)

    async def work(board):
        if once or json_:
            table = await once_more(board)
            while not once:
                await asyncio.sleep(interval)
                table = await once_more(board)
            if not json_:
                tables.out.print(table)
            return
        with Live(console=tables.out, auto_refresh=False) as live:
            while True:
                try:
                    live.update(await once_more(board), refresh=True)
                except (Away, CallError) as error:
                    live.update(f"[red]{time.strftime('%H:%M:%S')}[/] {tables.escape(str(error))}", refresh=True)
                await asyncio.sleep(interval)

    run(port, work, stays=not once)


@app.command(rich_help_panel=TOOLS_PANEL)
def bench(
    port: Port,
    tool: Annotated[str | None, typer.Argument(metavar="TOOL", help="A tool to call.")] = None,
    arguments: Arguments = None,
    times: Annotated[int, typer.Option(min=1, help="How often each is done.")] = measure.TIMES,
    json_: Json = False,
):
    """Measure the line to a board, and a tool on it: round trip, bytes a second, time and fuel of a call.

    Example:  wasmote bench qemu:m0 read unit=F
    """
    value = parsed(arguments or [])

    async def work(board):
        result = {"link": await measure.link(board, times)}
        if tool:
            result["call"] = await measure.call(board, tool, await by_schema(board, tool, value), times)
        return result

    result = run(port, work)
    tables.as_json(result) if json_ else tables.bench(result)
