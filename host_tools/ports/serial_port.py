# SPDX-License-Identifier: MIT
"""Serial devices: opened without resetting what is behind them, found again when they come back under another name.

The lines DTR and RTS. A board's own USB (RP2040) sends only while DTR is on. Behind an adapter (CP210x, CH340, FTDI) they may
be wired to an ESP32's reset: it resets while RTS is on and DTR off, starts its boot loader when it resets while DTR is on and
RTS off, and runs while they are the same. So

    opening     DTR and RTS are on, set before the port is opened. Linux and macOS turn both on in one go, whatever a program
                wants; to turn them off afterwards, one by one, is what resets boards
    closing     RTS goes off before DTR: "RTS alone" never is
    adapters    keep both on after closing (HUPCL off; Linux, macOS), so the next opening changes nothing. Boards whose reset is
                wired to DTR through a capacitor (Arduino's way) reset at the first opening after plugging in, not again

    serial:…?lines=off    both off instead, for a board that is held in reset by them, or a line where RTS switches a driver

The speed is never 1200 baud, at which RP2040 and Arduino boards start their boot loaders.
"""

import asyncio
import contextlib
import errno
import glob
import os
import sys

from ..errors import Away, Misused
from .streams import SerialStream
from .usb_ids import known

try:
    import termios
except ImportError:  # Windows, where closing a port leaves the lines to its driver
    termios = None


class SerialPort:
    """A serial device, opened for us alone. One with a USB serial number is found again by that, whatever its name is."""

    settings = ("baud", "lines")
    boots = False

    def __init__(self, url, place, settings):
        self.url = url
        self.device = place
        self.lines = settings.get("lines", "on") == "on"
        try:
            self.baud = int(settings.get("baud", 115200))
        except ValueError:
            raise Misused(f'"{url}": baud is a number, like 115200') from None
        if self.baud == 1200:
            raise Misused(f'"{url}": 1200 baud starts the boot loader of many boards: choose another speed')
        if settings.get("lines", "on") not in ("on", "off"):
            raise Misused(f'"{url}": lines is on or off')
        if not place:
            raise Misused(f'"{url}" names no device: serial:{next(iter(serial_devices()), "/dev/ttyACM0")}')
        self.identity = f"serial:{os.path.realpath(place)}"
        self._usb = None  # what list_ports told of the device that was opened

    async def open(self):
        import serial  # only here: other ports need no pyserial

        device = await asyncio.get_running_loop().run_in_executor(None, self._find)
        port = serial.Serial(baudrate=self.baud, timeout=0.5, write_timeout=10, exclusive=True)
        port.port = device
        port.dtr = port.rts = self.lines
        try:
            port.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise Away(self._why(error)) from None
        self.device = device
        keeps = termios is not None and self._is_adapter()
        if keeps:
            _keep_lines(port.fd)
        return SerialStream(port, let_go=not keeps)

    def _is_adapter(self):
        """Whether it is on USB, and the USB is not the board's own."""
        row = self._usb and known(self._usb.vid, self._usb.pid)
        return self._usb is not None and not (row and row.native)

    def _find(self):
        """The name that the device has now; notes what it is."""
        there = usb_devices()
        if self._usb and self._usb.serial_number:
            key = _key(self._usb)
            found = next((one for one in there if _key(one) == key), None)
            if found:
                return found.device
        real = os.path.realpath(self.device)
        self._usb = next((one for one in there if os.path.realpath(one.device) == real), self._usb)
        return self.device

    def _why(self, error):
        if sys.platform != "win32" and not os.path.exists(self.device):
            there = ", ".join(serial_devices()) or "none"
            return f"there is no serial device {self.device} (plug the board in; serial devices now: {there})"
        text = str(error)
        if "exclusively lock" in text or getattr(error, "errno", None) == errno.EBUSY:
            return f"{self.device} is in use by another program: close it (mpremote, a terminal, an IDE)"
        if getattr(error, "errno", None) == errno.EACCES:
            return f"{self.device} may not be opened by this user: sudo usermod -aG dialout $USER, then log in again"
        if getattr(error, "errno", None) == errno.ENOTTY or "Inappropriate ioctl" in text:
            return f"{self.device} is no serial device: wasmote boards lists those that are plugged in"
        return f"{self.device} does not open: {text}"


class PtyPort(SerialPort):
    """A pseudo terminal: a serial device without a speed and without lines."""

    settings = ()

    def __init__(self, url, place, settings):
        if not place:
            raise Misused(f'"{url}" names no terminal: pty:/dev/pts/4')
        super().__init__(url, place, settings)
        self.identity = f"pty:{os.path.realpath(place)}"

    def _find(self):
        return self.device


def _key(one):
    return one.vid, one.pid, one.serial_number


def _keep_lines(fd):
    """DTR and RTS stay as they are when the device is closed."""
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(fd)
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(fd, termios.TCSANOW, attributes)


def usb_devices():
    """What list_ports knows of the serial devices on USB, in the order of their names."""
    from serial.tools import list_ports

    return sorted((one for one in list_ports.comports() if one.vid is not None), key=lambda one: one.device)


def serial_devices():
    """The names of all serial devices that may be boards."""
    if sys.platform == "win32":
        from serial.tools import list_ports

        return [found.device for found in list_ports.comports()]
    patterns = ("/dev/ttyACM*", "/dev/ttyUSB*", "/dev/cu.usb*")
    return sorted(device for pattern in patterns for device in glob.glob(pattern))
