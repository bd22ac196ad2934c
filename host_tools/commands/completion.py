# SPDX-License-Identifier: MIT
"""What a shell completes: `wasmote --install-completion` tells the shell to ask here."""

import contextlib
import io
import os

from ..ports.emulator import BOARDS
from ..ports.serial_port import serial_devices

_ALONE = ("auto:", "unix:")  # ports that end with their colon


def ports(incomplete: str):
    """Ports that begin as typed: the emulated ones, and serial devices that are plugged in."""
    there = [f"serial:{device}" for device in serial_devices()]
    return [
        port
        for port in ("auto:", *there, *(f"qemu:{board}" for board in BOARDS), "unix:")
        if port.startswith(incomplete)
    ]


@contextlib.contextmanager
def bash_words():
    """While bash asks: it splits words at colons, and replaces only what follows the last one. A PORT has one."""
    if os.environ.get("_WASMOTE_COMPLETE") != "complete_bash":
        yield
        return
    words, number = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    whole = words[:1]  # the words as typed, up to the one that is being completed
    for word in words[1 : number + 1]:
        if word.startswith(":") or (whole[-1].endswith(":") and whole[-1] not in _ALONE):
            whole[-1] += word
        else:
            whole.append(word)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(whole), str(len(whole) - 1)
    before = whole[-1][: whole[-1].rfind(":") + 1]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        for line in said.getvalue().splitlines():
            print(line.removeprefix(before))
