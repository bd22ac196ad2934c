# SPDX-License-Identifier: MIT
"""`wasmote bridge PORT`: an MCP server on stdio or over HTTP whose tools are a board's.

It ends when its client closes stdin or ends it by a signal, never because a board went away.
"""

import asyncio
import contextlib
import ipaddress
import signal
import sys
import time

from .catalog import Catalog
from .hub import Client
from .shared_hub import SharedHub
from .stdio import Stdio

DRAIN = 1.0  # seconds that pending answers get after the client closed stdin


async def bridge(url, verbose=True, http=None, hosts=()):
    """Serve until stdin ends, or with `http`, an address, until a signal. Failed when the port can never work.

    hosts   names by which clients over HTTP may call this machine, beside those of loopback
    """

    def say(text):
        if verbose:
            print(f"wasmote: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    hub = SharedHub(url, say)
    hub.catalog = Catalog(hub)
    serving = asyncio.ensure_future(over_http(hub, http, hosts, say) if http else over_stdio(hub, say))
    board = asyncio.ensure_future(hub.run())
    for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        done, _ = await asyncio.wait([board, serving], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not task.cancelled():
                task.result()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await hub.connection.flush()
        board.cancel()
        await asyncio.gather(board, return_exceptions=True)
        await hub.close()


async def over_stdio(hub, say):
    """One client, until it closes stdin."""
    stdio = Stdio(say)
    client = Client(stdio.send)
    hub.attach(client)
    try:
        async for line in stdio.lines():
            hub.receive(client, line)
        end = time.monotonic() + DRAIN
        while hub.asked_by(client) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        hub.end_subscriptions(client)
    finally:
        await stdio.flush()
        hub.detach(client)


async def over_http(hub, where, hosts, say):
    """Any number of clients, until cancelled; says on stdout where."""
    from .http_server import PATH, listen, serve

    sockets = listen(where)
    host, number = sockets[0].getsockname()[:2]
    if not ipaddress.ip_address(host).is_loopback:
        say(f"whoever can reach port {number} of this machine may call the board's tools: there is no authentication")
    print(f"http://{f'[{host}]' if ':' in host else host}:{number}{PATH}", flush=True)
    await serve(hub, sockets, hosts, say)
