# SPDX-License-Identifier: MIT
"""A port for another program, mpremote for one, while a bridge serves its board; afterwards the bridge takes it back.

    async with borrowed("serial:/dev/ttyACM0", "mpremote") as device:
        …                        no wasmote process touches the device

The process that owns the port is asked through its door (hub/joining.py) with the request wasmote/release:

    {"to": who has it meanwhile, "seconds": the most, none: no limit}    answered with {} when the port is closed

It takes the port back when the asker's connection ends, or after these seconds. Meanwhile the board's calls fail at once
with an error of the kind "board-handed-over", and lists are answered from the cache, as while a board is away.
"""

import asyncio
import contextlib
import json

from wasmote.jsonrpc.codes import BUSY, INVALID_PARAMS

from ..errors import CallError, Failed
from ..wire.message import parse, reply_text, request_text
from .auto_port import AutoPort
from .claims import claim, holder
from .shared_port import HELLO
from .urls import port

RELEASE = "wasmote/release"
PATIENCE = 20  # seconds for an owner to let go


class Lending:
    """Who has the port of a hub instead of it. `wanted` is set until it is given, `over` once it is back."""

    def __init__(self):
        self.to = ""
        self.wanted = asyncio.Event()
        self.over = asyncio.Event()
        self._borrower = None
        self._request = None
        self._seconds = None
        self._timer = None

    def ask(self, client, message):
        """wasmote/release of a client. CallError when somebody else has the port, or it asks nonsense."""
        to, seconds = message.params.get("to"), message.params.get("seconds")
        if not isinstance(to, str) or not to or len(to) > 80:
            raise CallError(INVALID_PARAMS, f'{RELEASE} needs "to", who will have the port')
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
            raise CallError(INVALID_PARAMS, f"{RELEASE}: seconds is a number, or left out")
        if self._borrower:
            raise CallError(BUSY, f"{self.to} has the port already: end that first")
        self.to, self._borrower, self._request, self._seconds = to, client, message, seconds
        self.over.clear()
        self.wanted.set()

    def given(self):
        """The port is closed: the borrower may begin."""
        self.wanted.clear()
        if self._borrower:
            self._borrower.send(reply_text(self._request.id, {}))
        if self._borrower and self._seconds:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def left(self, client):
        if client is self._borrower:
            self._end()

    def _end(self):
        self._borrower = self._request = None
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.over.set()


@contextlib.asynccontextmanager
async def borrowed(url, to, seconds=None):
    """The device at `url`, which is the other program's inside the block. Failed when there is none, or it is not given."""
    wanted = port(url)
    if isinstance(wanted, AutoPort):
        wanted = await wanted.found()
    owned = claim(wanted.identity)
    while owned is None and "url" in (owner := holder(wanted.identity)):  # `wasmote emulate` in another terminal
        wanted = port(owner["url"])
        owned = claim(wanted.identity)
    device = getattr(wanted, "device", None)
    if device is None:
        if owned:
            owned.release()
        raise Failed(
            f"{url}: {to} needs a serial device; for an emulated board: wasmote emulate BOARD --pty, and its pty: as PORT"
        )
    if owned:
        owned.publish(to=to)
        try:
            yield device
        finally:
            owned.release()
        return
    async with _released(url, owner, to, seconds):
        yield device


@contextlib.asynccontextmanager
async def _released(url, owner, to, seconds):
    """The owner, another process, has let go of the port inside the block."""
    if "tcp" not in owner:
        raise Failed(f"{url}: another wasmote command (process {owner.get('pid', '?')}) uses the port: try again")
    try:
        reader, writer = await asyncio.open_connection(*owner["tcp"])
    except OSError:
        raise Failed(f"{url}: the bridge that has the port (process {owner['pid']}) does not answer") from None
    params = {"to": to, **({"seconds": seconds} if seconds else {})}
    try:
        writer.write(request_text(None, HELLO, {"token": owner["token"]}).encode() + b"\n")
        writer.write(request_text('"release"', RELEASE, params).encode() + b"\n")
        answer = await asyncio.wait_for(_answer(reader), PATIENCE)
        if "error" in answer.value:
            error = answer.value["error"]
            raise Failed(f"{url}: {error.get('message') if isinstance(error, dict) else json.dumps(error)}")
        yield
    except asyncio.TimeoutError:
        raise Failed(f"{url}: the bridge (process {owner['pid']}) did not let go of the port in {PATIENCE} s") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _answer(reader):
    while line := await reader.readline():
        message = parse(line)
        if message.id == '"release"' and message.is_reply:
            return message
    raise Failed("the bridge that has the port ended")
