# SPDX-License-Identifier: MIT
"""USB ids of boards and serial adapters: who is worth asking, what a person calls it, what drives it on Linux.

A vendor alone (product None) counts for all of its products that have no row of their own.
"""

from typing import NamedTuple


class Device(NamedTuple):
    vendor: int
    product: int | None
    name: str
    driver: str  # Linux kernel module that makes it a /dev/tty…
    native: bool = False  # the board's own USB: the speed means nothing, opening it resets nothing


DEVICES = (
    Device(0x2E8A, 0x0003, "RP2040 boot loader", "usb_storage"),
    Device(0x2E8A, 0x000F, "RP2350 boot loader", "usb_storage"),
    Device(0x2E8A, 0x0005, "Raspberry Pi Pico, MicroPython", "cdc_acm", native=True),
    Device(0x2E8A, 0x000C, "Raspberry Pi Debug Probe", "cdc_acm"),
    Device(0x2E8A, None, "Raspberry Pi Pico", "cdc_acm", native=True),
    Device(0x303A, 0x1001, "Espressif USB serial/JTAG", "cdc_acm", native=True),
    Device(0x303A, None, "Espressif", "cdc_acm", native=True),
    Device(0x10C4, 0xEA60, "Silicon Labs CP210x", "cp210x"),
    Device(0x1A86, 0x7523, "WCH CH340", "ch341"),
    Device(0x1A86, 0x5523, "WCH CH341", "ch341"),
    Device(0x1A86, 0x55D4, "WCH CH9102", "cdc_acm"),
    Device(0x1A86, 0x55D3, "WCH CH343", "cdc_acm"),
    Device(0x0403, 0x6001, "FTDI FT232", "ftdi_sio"),
    Device(0x0403, 0x6010, "FTDI FT2232", "ftdi_sio"),
    Device(0x0403, 0x6014, "FTDI FT232H", "ftdi_sio"),
    Device(0x0403, 0x6015, "FTDI FT230X", "ftdi_sio"),
    Device(0x067B, 0x2303, "Prolific PL2303", "pl2303"),
    Device(0x0D28, 0x0204, "DAPLink (micro:bit, mbed)", "cdc_acm"),
    Device(0x239A, None, "Adafruit", "cdc_acm", native=True),
    Device(0xF055, None, "MicroPython board", "cdc_acm", native=True),
)
BOOT_LOADERS = tuple((one.vendor, one.product) for one in DEVICES if one.driver == "usb_storage")  # they are disks


def known(vendor, product):
    """The Device with these ids, the vendor's if there is none of the product; None for what may be anything."""
    fitting = [one for one in DEVICES if one.vendor == vendor and one.product in (product, None)]
    return min(fitting, key=lambda one: one.product is None, default=None)
