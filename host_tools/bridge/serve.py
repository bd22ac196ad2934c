# SPDX-License-Identifier: MIT
"""`wasmote bridge PORT…`: an MCP server on stdio or over HTTP whose tools are those of one board, or of several.

It ends when its client closes stdin or ends it by a signal, never because a board went away.
"""

import asyncio
import contextlib
import ipaddress
import signal
import time

from ..errors import Misused
from ..hub.client import Client
from ..hub.shared_hub import SharedHub
from ..hub.tasks import ended
from .boards import Boards
from .catalog import Catalog
from .naming import given, scheme_of
from .recording import recorded
from .stdio import Stdio

DRAIN = 1.0  # seconds that pending answers get after the client closed stdin


async def bridge(ports, say, http=None, hosts=(), static=False, record=None):
    """Serve until stdin ends, or with `http`, an address, until a signal. Failed when a port can never work.

    ports    PORT or NAME=PORT, one or more
    say      say(text) is told when boards come and go, and what goes wrong
    hosts    names by which clients over HTTP may call this machine, beside those of loopback
    static   with the tools board_tools and board_call
    record   a file to which every message is written (recording.py)
    """
    hubs = hubs_of(ports, say)
    sockets = listening(http, say) if http else None  # a port that is taken is known before a board is touched
    front = front_of(hubs, say, static)
    if record:
        front = recorded(front, hubs, record, say)
    boards = [asyncio.ensure_future(hub.run()) for _, hub in hubs]
    serving = asyncio.ensure_future(over_http(front, sockets, hosts, say) if sockets else over_stdio(front, say))
    for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await until_one_ends(hubs, boards, serving)


async def playing(ports, work, static=False):
    """The result of `await work(front)` with the boards at `ports`. Failed when one of them cannot be reached."""
    hubs = hubs_of(ports, lambda text: None, door=False)
    front = front_of(hubs, lambda text: None, static)
    boards = [asyncio.ensure_future(hub.run(forever=False)) for _, hub in hubs]
    return await until_one_ends(hubs, boards, asyncio.ensure_future(work(front)))


async def until_one_ends(hubs, boards, work):
    """The result of the task `work`; an exception of a task in `boards`, should one end first. Then all ends."""
    try:
        done, _ = await asyncio.wait([*boards, work], return_when=asyncio.FIRST_COMPLETED)
        results = [task.result() for task in done if not task.cancelled()]
        return results[0] if results else None
    finally:
        await ended(work)
        await asyncio.gather(*(hub.connection.flush() for _, hub in hubs))
        await ended(*boards)
        for _, hub in hubs:
            await hub.close()


def front_of(hubs, say, static):
    """What clients talk to: the hub of a board that is alone, or Boards."""
    if len(hubs) > 1 or static:
        return Boards(hubs, say, static)
    ((_, hub),) = hubs
    hub.catalog = Catalog(hub)
    return hub


def hubs_of(ports, say, door=True):
    """[(name or None, SharedHub)] of what the command line says; Misused for a name or a board that is there twice."""
    hubs, names, boards = [], set(), set()
    for text in ports:
        name, url = given(text)
        hub = SharedHub(url, say, door)
        if name and scheme_of(name) in names:
            raise Misused(f"two boards are called {name}: give each a name of its own, NAME=PORT")
        if hub.port.identity in boards:
            raise Misused(f"{url} is there twice")
        names.add(name and scheme_of(name))
        boards.add(hub.port.identity)
        hubs.append((name, hub))
    return hubs


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


def listening(where, say):
    """The sockets for an address; says on stdout where that is."""
    from ..http.server import PATH, listen

    sockets = listen(where)
    host, number = sockets[0].getsockname()[:2]
    if not ipaddress.ip_address(host).is_loopback:
        say(f"whoever can reach port {number} of this machine may call the board's tools: there is no authentication")
    print(f"http://{f'[{host}]' if ':' in host else host}:{number}{PATH}", flush=True)
    return sockets


async def over_http(front, sockets, hosts, say):
    """Any number of clients, until cancelled."""
    from ..http.server import serve

    await serve(front, sockets, hosts, say)
