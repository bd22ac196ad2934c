# SPDX-License-Identifier: MIT
"""`wasmote doctor`: what stands between this machine and a board, checked from the cable upwards.

    async for check in diagnose(url):       Check(name, good, what was found, what to do about it)

It ends after the first check without which the others mean nothing. Nothing is changed but that a board's REPL is left
for its main program, as every command does.
"""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..errors import Away, CallError, Failed
from ..ports import devices
from ..ports.claims import holder
from ..ports.emulator import board_name, firmware_file, machine
from ..ports.probe import probe
from ..ports.urls import port as port_at
from ..ports.usb_ids import BOOT_LOADERS, known
from .session import session

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1500000, 2000000, 3000000)
HEAP_BYTES = 16 * 1024  # of MicroPython's heap, without which larger requests fail
FLASH_BYTES = 16 * 1024
_SYSFS = Path("/sys")

_FLASH_IT = "flash wasmote's firmware (make firmware BOARD=…), or choose another port: wasmote boards"
_STRANGERS = {
    "answer": ("it answers now, but did not before", "run the command again; if that repeats, the cable or the hub is bad"),
    "refusal": ("something answers in JSON-RPC, but is no wasmote board", _FLASH_IT),
    "prompt": ("MicroPython's prompt answers, wasmote does not start from it", _FLASH_IT),
    "echo": ("what is sent comes back: nothing but a loop is connected", "connect TX to the board's RX, and RX to its TX"),
    "noise": ("what it says is no text", "name the board's speed: serial:DEVICE?baud=115200, and check GND and the cable"),
    "text": ("it says something, but is no wasmote board", _FLASH_IT),
    "silence": (
        "nothing answers",
        "is this the board's port (wasmote boards), is its firmware wasmote's, does the cable carry data? Reset the board",
    ),
}  # fmt: skip


@dataclass
class Check:
    name: str
    good: bool
    says: str
    fix: str = ""


async def diagnose(url, seconds=None):
    """Checks of the board at `url`, in order. `seconds`: how long a stranger is listened to."""
    try:
        port = port_at(url)
    except Failed as error:
        yield Check("port", False, str(error), "wasmote boards lists the ports there are")
        return
    kind = url.partition(":")[0]
    if kind == "auto":
        try:
            port = await port.found()
        except Away as error:
            yield Check("device", False, str(error), _where_it_may_be())
            return
        kind = "serial"
    for check in {"serial": _serial, "pty": _serial, "qemu": _emulated, "unix": _emulated}.get(kind, _nothing)(port):
        yield check
        if not check.good:
            return
    facts, check = await _answer(url, port, seconds)
    yield check
    if facts:
        for check in _board(facts):
            yield check


def _nothing(port):
    return ()


# A serial device


def _serial(port):
    if not os.path.exists(port.device):
        yield Check("device", False, f"there is no {port.device}", _where_it_may_be())
        return
    yield Check("device", True, port.device)
    if not os.access(port.device, os.R_OK | os.W_OK):
        yield Check("permission", False, f"this user may not open {port.device}", _join_group(port.device))
        return
    yield Check("permission", True, "this user may open it")
    if owner := holder(port.identity):
        yield Check("free", True, f"{devices.told_user(owner)} has it, we go through that")
    elif others := devices.users(port.device):
        fix = f"end {others[0]}"
        if others[0].startswith("ModemManager"):
            fix = "sudo systemctl disable --now ModemManager: it talks to every new serial device"
        yield Check("free", False, f"{', '.join(others)} has it open", fix)
        return
    else:
        yield Check("free", True, "no other program has it")
    if not port.url.startswith("pty:"):
        yield _speed(port.baud)


def _speed(baud):
    if baud in BAUDS:
        return Check("speed", True, f"{baud} baud")
    near = min(BAUDS, key=lambda one: abs(one - baud))
    return Check(
        "speed", False, f"{baud} baud is no speed of serial adapters", f"?baud={near}, or the board's own speed"
    )


def _where_it_may_be():
    """What to do about a device that is not there."""
    usb = _SYSFS / "bus/usb/devices"
    if waiting := devices.boot_loaders(usb):
        return f"{waiting[0]} is plugged in: copy the firmware's .uf2 to its disk, or press reset"
    for ids in devices.usb_ids(usb):
        device = known(*ids)
        if device and ids not in BOOT_LOADERS and not (_SYSFS / "module" / device.driver).exists():
            more = "" if device.vendor != 0x1A86 else " (and apt remove brltty, which takes this adapter for itself)"
            return f"{device.name} is plugged in, but has no driver: sudo modprobe {device.driver}{more}"
    found = [place.port for place in devices.serial_places()]
    if found:
        return f"there is {', '.join(found)}: name that, or plug the board in"
    return "plug the board in, with a cable that carries data: many only charge"


def _join_group(device):
    group = "dialout"
    if sys.platform != "win32":
        import grp

        with contextlib.suppress(KeyError):
            group = grp.getgrgid(os.stat(device).st_gid).gr_name
        if group == "root":
            return f"a udev rule must give {device} to a group; until it is unplugged: sudo chmod a+rw {device}"
    return f"sudo usermod -aG {group} $USER, then log out and in"


# An emulated board


def _emulated(port):
    try:
        if port.url.startswith("unix:"):
            program = firmware_file("unix", "micropython", port.firmware)
        else:
            program = machine(board_name(port.short))[0]
            yield Check("emulator", True, program)
            program = firmware_file(port.board, "firmware.elf", port.firmware)
    except Failed as error:
        says, _, fix = str(error).partition(": ")
        yield Check("emulator" if "not installed" in says else "firmware", False, says, fix)
        return
    yield Check("firmware", True, str(program))


# The board


async def _answer(url, port, seconds):
    """(its wasmote/info, Check); None for the former when it is not there."""
    try:
        async with session(url) as board:
            facts = await board.request("wasmote/info")
        firmware = facts["firmware"]
        return facts, Check("answer", True, f"{firmware['board']}: {firmware['name']} {firmware['version']}")
    except CallError as error:
        return None, Check("answer", False, str(error), "what the bridge says about its board is what is to be mended")
    except Away as error:
        if port.boots or holder(port.identity):
            return None, Check("answer", False, str(error), "what it says above")
        try:
            stream = await port.open()
        except Away as why:
            says, _, fix = str(why).partition(": ")
            return None, Check("answer", False, says, fix or "is it there, and is nobody else connected to it?")
        try:
            kind, said = await probe(stream, **({"seconds": seconds} if seconds else {}))
        except OSError:
            kind, said = "silence", ""
        finally:
            await stream.close()
        says, fix = _STRANGERS[kind]
        return None, Check("answer", False, says + (f", it said {said!r}" if said and kind != "noise" else ""), fix)
    except Failed as error:
        return None, Check("answer", False, str(error), "what it says above")


def _board(facts):
    firmware = facts["firmware"]
    yield _versions(firmware["version"], __version__)
    if firmware.get("engine") == "c":
        yield Check("engine", True, "in C")
    else:
        yield Check(
            "engine", False, "in Python: the same answers, slower", "firmware with the C module: make firmware BOARD=…"
        )
    for name, least in (("heap", HEAP_BYTES), ("flash", FLASH_BYTES)):
        if name in facts:
            free = facts[name]["freeBytes"]
            fix = "" if free >= least else "remove components that are not needed: wasmote ls, wasmote rm"
            yield Check(name, free >= least, f"{free} bytes free", fix)
    ill = [one for one in facts.get("components", ()) if one["state"] in ("failed", "quarantined")]
    for one in ill:
        yield Check(
            "component", False, f"{one['name']} is {one['state']}: {one.get('error')}", "push a version that is mended"
        )
    if not ill:
        yield Check("components", True, f"{len(facts.get('components', ()))}, none failed")


def _versions(board, ours):
    """Firmware and tool of one minor version understand each other."""
    if board.split(".")[:2] == ours.split(".")[:2]:
        return Check("version", True, f"board {board}, wasmote {ours}")
    fix = "flash the firmware of this version, or pip install the wasmote of the board's"
    return Check("version", False, f"the board has {board}, this wasmote is {ours}", fix)


async def everything(seconds=None):
    """(url, Check) of every serial device that may be a board, or one Check without a url."""
    found = [place.port for place in devices.serial_places()]
    if not found:
        yield "", Check("device", False, "no board is plugged in", _where_it_may_be())
    for url in found:
        async for check in diagnose(url, seconds):
            yield url, check
