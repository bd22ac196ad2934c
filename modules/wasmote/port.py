"""The stream that the board serves: its UART, or stdin and stdout where MicroPython runs on a PC (the unix build).

A port has   read(room) -> bytes put into the memoryview, 0 for none yet;   write(piece), which takes all of it;
             waiting(), how many bytes could be read;   idle(most), which waits for one, so many ms at most;   sleep(ms);
             close();   ended, True once the other end is gone for good.
"""

import select
import sys
import time
from array import array

_FIONREAD = 0x541B  # ioctl of Linux
_STALL = 5000  # ms in which a UART takes not one byte before the rest of a piece is dropped, and what comes after it


def open_port():
    """The port of this board."""
    return Stdio() if sys.platform == "linux" else Uart()


class Uart:
    """machine.UART(0), or any stream that never waits: readinto and write return None or a count."""

    ended = False

    def __init__(self, uart=None):
        if uart is None:
            import machine

            uart = machine.UART(0)
        self._uart = uart
        self._poll = None
        self._gone = False  # nobody has taken a byte for _STALL: pieces are dropped at once until somebody does

    def read(self, room):
        return self._uart.readinto(room) or 0

    def write(self, piece):
        count = self._uart.write(piece) or 0
        if count:
            self._gone = False
        if count == len(piece) or self._gone:
            return
        piece = memoryview(piece)
        since = time.ticks_ms()
        while count < len(piece):
            piece = piece[count:]
            count = self._uart.write(piece) or 0
            if count:
                since = time.ticks_ms()
            elif time.ticks_diff(time.ticks_ms(), since) > _STALL:
                self._gone = True
                return
            else:
                time.sleep_ms(1)

    def waiting(self):
        return self._uart.any()

    def idle(self, most):
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._uart, select.POLLIN)
        self._poll.poll(most)  # asleep until a byte comes

    def sleep(self, ms):
        time.sleep_ms(ms)

    def close(self):
        pass


class Stdio:
    """stdin and stdout as pipes or a terminal; a terminal is made raw, so that it neither echoes nor cuts lines."""

    def __init__(self):
        import ffi

        libc = ffi.open(None)
        self._read = libc.func("i", "read", "ipi")  # MicroPython's own streams wait until the buffer is full
        self._ioctl = libc.func("i", "ioctl", "iLp")
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._attributes = None
        self.ended = False
        try:
            import termios

            self._attributes = termios.tcgetattr(0)
            termios.setraw(0)
        except (ImportError, OSError):  # not a terminal
            pass

    def read(self, room):
        if self.ended or not self._poll.poll(0):
            return 0
        count = self._read(0, room, len(room))
        if count <= 0:
            self.ended = True
            return 0
        return count

    def write(self, piece):
        try:
            count = self._out.write(piece)
            while count < len(piece):
                piece = memoryview(piece)[count:]
                count = self._out.write(piece)
        except OSError:
            self.ended = True

    def waiting(self):
        count = array("i", [0])
        self._ioctl(0, _FIONREAD, count)
        return count[0]

    def idle(self, most):
        if not self.ended:
            self._poll.poll(most)

    def sleep(self, ms):
        time.sleep_ms(ms)

    def close(self):
        if self._attributes is not None:
            import termios

            termios.tcsetattr(0, termios.TCSANOW, self._attributes)
            self._attributes = None
