"""wasi:cli for one guest: environment and arguments from its configuration, output as log messages, exit.

A line that a guest writes to stdout becomes a log message of level info, one to stderr a warning, by the same way as
wasi:mcp/runtime#log. A line that has not ended waits: for its end, for the end of the call, or until it is too long.
"""

from micropython import const

from ..content import decoded
from ..errors import Exit
from .streams import Closed

_LINE = const(512)  # bytes of one log message; the rest of a longer line is the next one
_INFO = const(1)
_WARNING = const(2)


class Cli:
    def __init__(self, imports):
        self.guest = imports.runtime.guest
        self.streams = imports.owner("wasi.streams", "Streams")
        self.stdout = Lines(imports.runtime, _INFO)
        self.stderr = Lines(imports.runtime, _WARNING)

    # environment, exit

    def get_environment(self):
        env = self.guest.config.env
        return [(name, env[name]) for name in env]

    def get_arguments(self):
        """The first is the program's name, as for every main()."""
        return [self.guest.name] + list(self.guest.config.args)

    def initial_cwd(self):
        return None

    def exit(self, status):
        raise Exit(status[0])

    def exit_with_code(self, code):
        raise Exit(code)

    # stdin, stdout, stderr

    def get_stdin(self):
        return self.streams.open(Empty())

    def get_stdout(self):
        return self.streams.open(self.stdout)

    def get_stderr(self):
        return self.streams.open(self.stderr)

    def settle(self):
        for lines in (self.stdout, self.stderr):
            for _ in lines.end():
                pass

    # No terminal

    def get_terminal_stdin(self):
        return None

    get_terminal_stdout = get_terminal_stderr = get_terminal_stdin

    def drop_terminal_input(self, rep):
        pass

    drop_terminal_output = drop_terminal_input


class Empty:
    """An input that has ended."""

    def read(self, count):
        raise Closed()

    def close(self):
        pass


class Lines:
    """An output that logs each line."""

    def __init__(self, runtime, level):
        self.runtime = runtime
        self.level = level
        self.rest = b""  # of a line that has not ended

    def write(self, data):
        """A generator."""
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            room = _LINE - len(self.rest)
            self.rest += data[at : min(stop, at + room)]
            if stop - at > room:
                at += room
                yield from self._log(whole(self.rest))
            else:
                at = stop + 1
                if end >= 0:
                    yield from self._log(len(self.rest))

    def end(self):
        """A generator: no more is to be expected of the last line."""
        if self.rest:
            yield from self._log(len(self.rest))

    def _log(self, size):
        text = decoded(self.rest[:size])
        self.rest = self.rest[size:]
        return self.runtime.log(self.level, text, None)

    def close(self):
        pass


def whole(data):
    """How many bytes of `data`, which goes on elsewhere, end with a whole character of UTF-8."""
    for back in range(1, min(4, len(data))):
        byte = data[-back]
        if byte >= 0xC0:  # begins a character of 2 to 4 bytes
            return len(data) - back if back < 2 + (byte >= 0xE0) + (byte >= 0xF0) else len(data)
        if byte < 0x80:
            break
    return len(data)
