# SPDX-License-Identifier: MIT
"""What is at the other end of a port that is no wasmote board, told by what it says to a question.

answer     a wasmote board after all            refusal    something that speaks JSON-RPC, but is none
prompt     MicroPython's REPL                   echo       what is sent comes back
noise      bytes that are no text: the speed is wrong, or the line is bad
text       something that says other things     silence    nothing
"""

import asyncio
import time

from ..wire.connection import read_line
from ..wire.message import request_text
from ..wire.within import within

SECONDS = 3  # for which it is listened to


async def probe(stream, seconds=SECONDS):
    """(kind of the above, the end of what it said)."""
    question = request_text('"doctor"', "wasmote/info").encode()
    await stream.write(b"\r\n" + question + b"\r\n")
    said, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            data = await within(stream.read(), left)
        except asyncio.TimeoutError:
            break
        if not data:
            break
        said += data
        if kind := _certain(said):
            return kind, _end(said)
    return _kind(said), _end(said)


def _certain(said):
    """What no later byte can change, else None."""
    for line in said.split(b"\n")[:-1]:
        message = read_line(line.strip())
        if message and message.is_reply and message.value.get("id") == "doctor":
            return "answer" if "result" in message.value else "refusal"
    return None


def _kind(said):
    if not said.strip():
        return "silence"
    if said.rstrip(b" ").endswith(b">>>") or b"\r\n>>> " in said:
        return "prompt"  # before the echo: a REPL shows what is typed
    if b'"wasmote/info"' in said:
        return "echo"
    return "text" if _printable(said) > 0.8 else "noise"


def _printable(said):
    return sum(byte in b"\r\n\t" or 32 <= byte < 127 for byte in said) / len(said)


def _end(said):
    return said.decode(errors="replace").strip()[-60:]
