# SPDX-License-Identifier: MIT
"""What a shell completes: `wasmote --install-completion` tells the shell to ask here."""

from .emulator import BOARDS
from .serial_ports import serial_devices


def ports(incomplete: str):
    """Ports that begin as typed: the emulated ones, and serial devices that are plugged in."""
    there = [f"serial:{device}" for device in serial_devices()]
    return [
        port
        for port in ("auto:", *there, *(f"qemu:{board}" for board in BOARDS), "unix:")
        if port.startswith(incomplete)
    ]
