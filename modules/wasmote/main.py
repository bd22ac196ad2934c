"""The board's main loop: port → wire → MCP server → host. The only file that knows all of them.

    from wasmote import main
    main.run()

Each turn takes what has arrived, a few messages at most, then gives one call under way one slice (5 ms at most), so that
a message is answered within a slice whatever the guests do, and the guests go on whatever is sent. Ends when the other end
asks for the REPL (Ctrl-C at the start of a line) or is gone.
"""

import gc
import os
import sys
import time

import micropython

from . import component, wasm  # noqa: F401  lower layers first: imports inside of imports take C stack
from . import port as ports
from .host import Host
from .host.clock import keep_time
from .jsonrpc import validate
from .link.plain import ATTENTION, TOO_LONG
from .link.units import Units
from .link.wire import Wire
from .mcp import Server
from .mcp.board import Board

try:
    from _heap import skip  # firmware/heap/modheap.c
except ImportError:

    def skip(size):
        """What stays has no holes worth while on a PC."""


REPL = "repl"
ENDED = "ended"
RESET = "reset"

_READS = 16  # most of them in a turn, and
_MESSAGES = 4  # most served in a turn: whoever sends without end does not stop the calls
_PATIENCE = 50  # turns without a byte before the loop sleeps: a sleep between two bytes would cost most of the speed
_PIECE = (
    1024  # bytes of heap free in a row: what requests take comes from there, what a load keeps from the holes before
)
_SLEEP = 50  # ms of it at most: how often the loop turns while nothing happens
# Bytes allocated between garbage collections. MicroPython looks for room from where it last found some, so what stays would
# lie all over the heap: with 12 KB a text of 3,900 bytes once found no piece beside three components, with 16 one of 6,000
# often; with 32 a load takes a quarter less time.
_COLLECT = 8 * 1024


def run(port=None, watchdog=None):
    """Serve this board. `watchdog` (machine.WDT or alike) is fed each turn. Returns REPL or ENDED."""
    port = port or ports.open_port()
    units = Units()  # first: the largest block, while the heap is in one piece
    micropython.kbd_intr(-1)
    try:
        how = RESET
        while how == RESET:  # only where there is no hardware to reset
            how = _serve(port, units, watchdog)
        return how
    finally:
        micropython.kbd_intr(3)
        port.close()


def _serve(port, units, watchdog):
    host = Host(validate=validate)
    host.doubt = _doubts(host)
    session = _session()
    wire = Wire(port, session, time, units)
    board = Board(_name(), session, _reset, units.limit, wire)
    server = Server(host, wire.write, board, _report if sys.platform == "linux" else None)
    wire.on_left = server.left
    host.on_log = lambda level, logger, message, data=None: server.log(None, level, logger, message, data)
    host.on_updated = server.updated
    _serve_tools(host)
    server.boot(host.boot())
    if hasattr(gc, "threshold"):
        gc.threshold(_COLLECT)
    try:
        return loop(server, port, wire, watchdog)
    finally:
        server.close()  # first: a load under way holds memory of which the host does not know yet
        host.close()


def _doubts(host):
    """Host.doubt, imported with the first call of a tool."""

    def first(name, tool, arguments):
        from .jsonrpc.fits import doubt

        host.doubt = doubt
        return doubt(name, tool, arguments)

    return first


def _serve_tools(host):
    """The native tools of the flash, before the components: who comes second is refused a name that is taken."""
    for file in ("/tools.py", "/tools.mpy"):
        try:
            os.stat(file)
        except OSError:
            continue
        from .host.native import serve

        serve(host, "tools")
        return


def loop(server, port, wire, watchdog=None):
    """Serve until something ends it: REPL, ENDED or RESET."""
    quiet = 0
    while True:
        try:
            if watchdog:
                watchdog.feed()
            if not server.host.loading:
                skip(_PIECE)
            took = _take(server, port, wire)
            if took == ATTENTION:
                return REPL
            if wire.linked and not took:
                wire.settle()
            if server.step() or took:
                quiet = 0
            elif port.ended:
                return ENDED
            else:
                quiet += 1
                if quiet == _PATIENCE:
                    gc.collect()  # now, when nobody waits for it
                elif quiet > _PATIENCE:
                    keep_time()
                    port.idle(max(1, min(wire.settle(), _SLEEP)))
        except _Reset:
            return RESET
        except Exception as error:  # even the error reply failed: out of memory, most likely
            gc.collect()
            _report(error)


def _take(server, port, wire):
    """Serve what the last turn left, then what has arrived. ATTENTION if that is called for, else whether there was
    anything."""
    took = False
    reads = _READS
    for _ in range(_MESSAGES):
        unit = wire.next()
        while unit is None:
            count = port.read(wire.room()) if reads else 0
            if not count:
                return took
            reads -= 1
            took = True
            wire.received(count)
            unit = wire.next()
        took = True
        if unit == ATTENTION:
            return ATTENTION
        if unit == TOO_LONG:
            size, ends = wire.dropped()
            server.too_long(size, wire.limit, ends, wire.way)
        else:
            server.receive(unit, wire.way)
    return took


class _Reset(BaseException):
    """Ends the loop where there is no hardware to reset."""


def _reset():
    if sys.platform == "linux":
        raise _Reset
    import machine

    machine.reset()


def _name():
    """Of the board, as its build calls it: "QEMU_M0 with …" is QEMU_M0."""
    if sys.platform == "linux":
        return "unix"
    return getattr(sys.implementation, "_machine", sys.platform).split(" with ")[0]


def _session():
    """Hex, another at each boot."""
    return "".join(["%02x" % byte for byte in os.urandom(4)])


def _report(error):
    """Where it is not in the way of the wire: what failed inside the board."""
    if sys.platform == "linux" and hasattr(sys, "print_exception"):
        sys.print_exception(error, sys.stderr)


if __name__ == "__main__":
    run()
