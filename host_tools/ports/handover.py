# SPDX-License-Identifier: MIT
"""A port for another program, mpremote for one, while a bridge serves its board; afterwards the bridge takes it back.

    async with borrowed("serial:/dev/ttyACM0", "mpremote") as device:
        …                        no wasmote process touches the device

The process that owns the port is asked through its door (hub/joining.py) with the request wasmote/release, which
hub/lending.py answers:

    {"to": who has it meanwhile, "seconds": the most, none: no limit}    answered with {} when the port is closed

It takes the port back when the asker's connection ends, or after these seconds. Meanwhile the board's calls fail at once
with an error of the kind "board-handed-over", and lists are answered from the cache, as while a board is away.
"""

import asyncio
import contextlib
import json

from ..errors import Failed
from ..wire.message import parse, request_text
from ..wire.within import within
from .auto_port import AutoPort
from .claims import claim, holder
from .shared_port import HELLO
from .urls import port

RELEASE = "wasmote/release"
PATIENCE = 20  # seconds for an owner to let go


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
            f"{url.rstrip(':')}: {to} needs a serial device; for an emulated board: wasmote emulate BOARD --pty, and its pty: as PORT"
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
        answer = await within(_answer(reader), PATIENCE)
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
