# SPDX-License-Identifier: MIT
"""Where boards may be: serial devices that are plugged in, and boards that wasmote processes of this user run.

Looking opens no device: opening one may reset what is behind it.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .claims import running
from .serial_port import usb_devices
from .usb_ids import BOOT_LOADERS, known

_PROCESSES = Path("/proc")


@dataclass
class Place:
    """One line of `wasmote boards`."""

    port: str  # URL
    name: str  # what it is, as far as ids tell
    usb: str = ""  # vendor:product
    serial: str = ""  # its serial number
    user: str = ""  # who has it


def serial_places(ports=None, processes=_PROCESSES):
    """A Place for each serial device on USB.

    ports    what serial_port.usb_devices() gives
    """
    ports = usb_devices() if ports is None else ports
    owners = {entry["board"]: entry for entry in running()}
    places = []
    for one in ports:
        device = known(one.vid, one.pid)
        name = device.name if device else one.product or one.description or "?"
        owner = owners.get(f"serial:{os.path.realpath(one.device)}")
        user = told_user(owner) if owner else ", ".join(users(one.device, processes))
        if owner and owner.get("name"):
            name = f"{owner['name']} ({name})"
        ids = f"{one.vid:04x}:{one.pid:04x}"
        places.append(Place(f"serial:{one.device}", name, ids, one.serial_number or "", user))
    return places


def told_user(entry):
    """Who a claim's entry says has the board."""
    what = "wasmote emulate" if "url" in entry else "wasmote bridge" if "tcp" in entry else "a wasmote command"
    return f"{what} ({entry['pid']})"


def running_places():
    """A Place for each board that a wasmote process runs or serves and that is no serial device."""
    places = []
    for entry in running():
        kind, _, where = entry["board"].partition(":")
        if kind != "serial":
            port = entry.get("port") or entry.get("url") or entry["board"]
            places.append(Place(port, entry.get("name") or f"{kind}: {where}", user=told_user(entry)))
    return places


def users(device, processes=_PROCESSES):
    """The processes that have a device open, as "name (pid)", as far as we may see. Linux only."""
    if sys.platform != "linux":
        return []
    real, found = os.path.realpath(device), []
    for process in processes.glob("[0-9]*"):
        try:
            opened = any(os.path.realpath(link) == real for link in (process / "fd").iterdir())
            if opened and int(process.name) != os.getpid():
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
        except OSError:
            continue  # it ended, or is another user's
    return found


def boot_loaders(sysfs=Path("/sys/bus/usb/devices")):
    """Names of boards that wait for firmware: they are USB disks now, no serial devices. Linux only."""
    return [known(*ids).name for ids in usb_ids(sysfs) if ids in BOOT_LOADERS]


def usb_ids(sysfs=Path("/sys/bus/usb/devices")):
    """(vendor, product) of everything on USB. Linux only."""
    found = []
    for device in sorted(sysfs.glob("*")) if sysfs.is_dir() else ():
        try:
            found.append(tuple(int((device / name).read_text(), 16) for name in ("idVendor", "idProduct")))
        except (OSError, ValueError):
            continue
    return found
