"""wasi:io/streams and wasi:io/error for one guest. Every stream of a board is ready at once: nobody waits for bytes.

What is behind a stream is an object with

    read(count) -> bytes, at least one; Closed at the end       write(data), None or a generator
    close()

and an OSError of either ends the stream: its error is the operation's, `closed` all later ones.
"""

from micropython import const

from ...wasm import Trap
from .slots import Slots

_STREAMS = const(16)  # of one guest
_ERRORS = const(16)
_WRITE = const(4096)  # bytes of one write, most that blocking-write-and-flush takes (wasi:io 0.2)
_READ = const(2048)  # bytes of one read: heap of the board
_ZEROES = const(256)
_READY = const(0)  # a moment that has passed, for pollables


class Closed(Exception):
    """The stream has ended."""


class _Stream:
    def __init__(self, end):
        self.end = end
        self.permit = 0  # bytes that check-write allowed and nobody wrote yet


class Streams:
    """The methods are the functions of both resource types of streams, and of `error`."""

    def __init__(self, imports):
        self.imports = imports
        self.streams = Slots("streams", _STREAMS)
        self.errors = Slots("errors", _ERRORS)

    def open(self, end):
        """The rep of a new stream with `end` behind it."""
        return self.streams.add(_Stream(end))

    def full(self):
        return self.streams.full()

    def drop_input_stream(self, rep):
        end = self.streams.drop(rep).end
        if end is not None:
            end.close()

    drop_output_stream = drop_input_stream

    # wasi:io/error

    def to_debug_string(self, rep):
        return str(self.errors[rep])

    def drop_error(self, rep):
        self.errors.drop(rep)

    def _failed(self, stream, error):
        """The stream-error for what was raised, after which the stream is closed."""
        if stream.end is not None:
            stream.end.close()
            stream.end = None
        return (1, (1, None)) if isinstance(error, Closed) else (1, (0, self.errors.add(error)))

    # Input

    def read(self, rep, count):
        stream = self.streams[rep]
        if stream.end is None:
            return 1, (1, None)
        if not count:
            return 0, b""
        try:
            return 0, stream.end.read(min(count, _READ))
        except (Closed, OSError) as error:
            return self._failed(stream, error)

    blocking_read = read

    def skip(self, rep, count):
        failed, data = self.read(rep, count)
        return failed, data if failed else len(data)

    blocking_skip = skip

    # Output

    def check_write(self, rep):
        stream = self.streams[rep]
        if stream.end is None:
            return 1, (1, None)
        stream.permit = _WRITE
        return 0, _WRITE

    def write(self, rep, data):
        stream = self.streams[rep]
        self._spend(stream, len(data))
        return self._write(stream, data)

    def blocking_write_and_flush(self, rep, data):
        if len(data) > _WRITE:
            raise Trap("write of %d bytes" % len(data), "blocking-write-and-flush takes %d at most" % _WRITE)
        return self._write(self.streams[rep], data)

    def write_zeroes(self, rep, count):
        stream = self.streams[rep]
        self._spend(stream, count)
        return self._write_zeroes(stream, count)

    def blocking_write_zeroes_and_flush(self, rep, count):
        if count > _WRITE:
            raise Trap("write of %d zeroes" % count, "blocking-write-zeroes-and-flush takes %d at most" % _WRITE)
        return self._write_zeroes(self.streams[rep], count)

    def _spend(self, stream, count):
        """Takes `count` bytes off what check-write allowed."""
        if count > stream.permit:
            raise Trap("write of %d bytes" % count, "check-write allowed %d" % stream.permit)
        stream.permit -= count

    def _write(self, stream, data):
        """A generator."""
        if stream.end is None:
            return 1, (1, None)
        try:
            steps = stream.end.write(data)
            if steps is not None:
                yield from steps
            return 0, None
        except (Closed, OSError) as error:
            return self._failed(stream, error)

    def _write_zeroes(self, stream, count):
        zeroes = bytes(_ZEROES)
        while count > 0:
            failed, error = yield from self._write(stream, zeroes[:count])
            if failed:
                return failed, error
            count -= _ZEROES
        return 0, None

    def flush(self, rep):
        """What is written is on its way already."""
        return (1, (1, None)) if self.streams[rep].end is None else (0, None)

    blocking_flush = flush

    def splice(self, rep, source, count):
        """A generator."""
        if self.streams[rep].end is None:
            return 1, (1, None)
        failed, data = self.read(source, count)
        if failed:
            return failed, data
        failed, error = yield from self._write(self.streams[rep], data)
        return (failed, error) if failed else (0, len(data))

    blocking_splice = splice

    def subscribe(self, rep):
        return self.imports.owner("wasi.clocks", "Poll").add(_READY)
