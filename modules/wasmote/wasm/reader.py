"""Bounded reading of a WebAssembly file (core specification 5.2, values).

    Source   random access to a file or a bytes object through one window of 512 bytes: a file is never held in RAM
    Reader   a range of a Source with a position; it owns every bound, so code above it never tests a length

Offsets are absolute positions in the file everywhere, in errors too. All Readers of a Source share its window: the
one that filled it last, the owner, reads straight from it; any other takes it over when it goes on reading.
"""

from micropython import const

from .errors import Malformed, Unsupported

_WINDOW = const(512)  # a power of two: the byte at offset `at` is window[at & _IN_WINDOW]
_IN_WINDOW = const(511)
_MAX_NAME = const(512)
_NAMES = const(16)  # most in each of Source.names: what says ever new ones keeps no more


class Source:
    """Random access to `data`: a seekable binary file, or bytes, bytearray, memoryview.

    names    (), or 2^n dicts by length: names are read as the str that is there already, for files that repeat them
    """

    names = ()

    def __init__(self, data):
        self.window = bytearray(_WINDOW)
        self.view = memoryview(self.window)
        self.base = -1  # offset of the window in the file; -1: nothing loaded
        self.owner = None
        if hasattr(data, "readinto"):
            self.file = data
            self.size = data.seek(0, 2)
        else:
            self.file = None
            self.data = memoryview(data)
            self.size = len(data)

    def load(self, at):
        """Brings the bytes around offset `at` into the window. Returns the offset after the last one."""
        base = at - (at & _IN_WINDOW)
        stop = min(base + _WINDOW, self.size)
        if base != self.base:
            self.base = -1
            self.read(base, self.view[: stop - base])
            self.base = base
        return stop

    def read(self, at, buffer):
        """Fills `buffer` (a memoryview) with the bytes from offset `at` on, past the window."""
        if self.file is None:
            buffer[:] = self.data[at : at + len(buffer)]
            return
        self.file.seek(at)
        done = 0
        while done < len(buffer):
            got = self.file.readinto(buffer[done:])
            if not got:
                raise OSError("file ends at 0x%x, expected at 0x%x" % (at + done, self.size))
            done += got

    def reader(self):
        """A Reader over the whole file."""
        return Reader(self, 0, self.size)

    def close(self):
        """Closes the file. No Reader of it may be used afterwards."""
        if self.file is not None:
            self.file.close()


class Reader:
    """Reads source[at:end]. `at` (position) and `end` are for looking at: seek() and skip() move.

    Every method raises Malformed when the bytes are not what it reads, "unexpected end" when there are too few.
    """

    def __init__(self, source, at, end):
        self.source = source
        self.window = source.window
        self.at = at
        self.stop = 0  # up to here the window may be read; 0 while another Reader owns it
        self.end = end

    def _fill(self, at):
        # Makes the byte at `at` readable in the window, and this Reader the window's owner.
        source = self.source
        if at >= self.end:
            self.at = at
            what = "unexpected end of section or function"
            raise Malformed(what if at < source.size else what + " (the file ends)", at)
        if source.owner is not self:
            if source.owner is not None:
                source.owner.stop = 0
            source.owner = self
        self.stop = 0  # in case load() fails
        self.stop = stop = min(source.load(at), self.end)
        return stop

    def u8(self):
        """The next byte."""
        at = self.at
        if at >= self.stop:
            self._fill(at)
        self.at = at + 1
        return self.window[at & _IN_WINDOW]

    def peek(self):
        """The next byte, without moving on."""
        at = self.at
        if at >= self.stop:
            self._fill(at)
        return self.window[at & _IN_WINDOW]

    def u32(self):
        """An unsigned LEB128 integer of at most 32 bits."""
        at = self.at
        if at < self.stop:
            byte = self.window[at & _IN_WINDOW]
            if byte < 0x80:
                self.at = at + 1
                return byte
        window = self.window
        stop = self.stop
        value = shift = 0
        while True:
            if at >= stop:
                stop = self._fill(at)
            byte = window[at & _IN_WINDOW]
            if shift == 28 and byte & 0x70:
                raise Malformed("integer too large", at)
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at
                return value
            shift += 7
            if shift == 35:
                raise Malformed("integer representation too long", at)

    def s32(self):
        """A signed LEB128 integer of 32 bits."""
        at = self.at
        if at < self.stop:
            byte = self.window[at & _IN_WINDOW]
            if byte < 0x80:
                self.at = at + 1
                return byte if byte < 0x40 else byte - 0x80
        return self._signed(28, 0x78)

    def s33(self):
        """A signed LEB128 integer of 33 bits: a block type's type index."""
        return self._signed(28, 0x70)

    def s64(self):
        """A signed LEB128 integer of 64 bits."""
        at = self.at
        if at < self.stop:
            byte = self.window[at & _IN_WINDOW]
            if byte < 0x80:
                self.at = at + 1
                return byte if byte < 0x40 else byte - 0x80
        return self._signed(63, 0x7F)

    def _signed(self, last, high):
        # `last`: shift of the last byte allowed; `high`: its bits that have to equal the sign
        at = self.at
        window = self.window
        stop = self.stop
        value = shift = 0
        while True:
            if at >= stop:
                stop = self._fill(at)
            byte = window[at & _IN_WINDOW]
            bits = byte & 0x7F
            if shift == last and bits & high != 0 and bits & high != high:
                raise Malformed("integer too large", at)
            at += 1
            if byte < 0x80:
                self.at = at
                if byte & 0x40:
                    bits -= 0x80
                return value | bits << shift
            value |= bits << shift
            if shift == last:
                raise Malformed("integer representation too long", at)
            shift += 7

    def f32(self):
        """The bit pattern of an f32, as an unsigned integer."""
        value = 0
        for shift in (0, 8, 16, 24):
            value |= self.u8() << shift
        return value

    def f64(self):
        """The bit pattern of an f64, as an unsigned integer."""
        low = self.f32()
        return low | self.f32() << 32

    def count(self):
        """The length of a vector. Never more than there are bytes left, so a list of that length may be made."""
        at = self.at
        n = self.u32()
        if n > self.end - self.at and self.at < self.end:
            raise Malformed("length out of bounds", at)
        if n and self.at == self.end:
            self._fill(self.at)  # raises: not even one element is there
        return n

    def bytes(self, n):
        """The next n bytes, as a bytes object."""
        return bytes(self._view(n))

    def _view(self, n):
        # The next n bytes where they are: until the window is filled again.
        at = self.at
        end = at + n
        if end > self.end:
            raise Malformed("length out of bounds", at)
        self.at = end
        if end <= self.stop:
            at &= _IN_WINDOW
            return self.source.view[at : at + n]
        data = memoryview(bytearray(n))
        self.source.read(at, data)
        return data

    def readinto(self, buffer):
        """Fills `buffer` (a memoryview, of the arena for example) with the next bytes."""
        at = self.at
        self.skip(len(buffer))
        self.source.read(at, buffer)

    def name(self):
        """A name (5.2.4): a length, then UTF-8. Returns a str. Unsupported if it is longer than a board's heap may have free."""
        n = self._length()
        at = self.at
        if n > _MAX_NAME:
            raise Unsupported("name of %d bytes: there may be %d" % (n, _MAX_NAME), at)
        data = self._view(n)
        try:
            text = str(data, "utf-8")
            # MicroPython decodes some malformed sequences; all of one byte a character is ASCII, as nearly every name
            if len(text) == n or is_utf8(data):
                names = self.source.names
                if not names:
                    return text
                names = names[n & len(names) - 1]
                return names.setdefault(text, text) if len(names) < _NAMES else names.get(text, text)
        except UnicodeError:
            pass
        raise Malformed("malformed UTF-8 encoding", at)

    def _length(self):
        at = self.at
        n = self.u32()
        if n > self.end - self.at:
            raise Malformed("length out of bounds", at)
        return n

    def section(self, size):
        """A Reader over the next `size` bytes, which must lie inside this one. Moves past them."""
        at = self.at
        self.skip(size)
        return Reader(self.source, at, at + size)

    def sized(self):
        """A Reader over what follows a size (u32): section() with the size read first. Moves past it."""
        n = self._length()
        return self.section(n)

    def narrow(self, end):
        """Sets `end`: to less, or back to what it was."""
        self.end = end
        if self.stop > end:
            self.stop = end

    def fork(self, at=None, end=None):
        """A second Reader over the same bytes or the part at:end of them, to visit them again."""
        if at is None:
            at = self.at
        if end is None:
            end = self.end
        if not at <= end <= self.end:
            raise Malformed("length out of bounds", at)
        return Reader(self.source, at, end)

    def skip(self, n):
        """Moves n bytes on, which must be there."""
        if n > self.end - self.at:
            raise Malformed("length out of bounds", self.at)
        self.at += n

    def seek(self, at):
        """Moves to offset `at` (absolute), anywhere before `end`."""
        if at > self.end:
            raise Malformed("length out of bounds", at)
        self.at = at
        self.stop = 0


def is_utf8(data):
    """Whether `data` (bytes) is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF."""
    more = 0  # continuation bytes still to come
    low = 0x80  # range of the next one
    high = 0xBF
    for byte in data:
        if more:
            if not low <= byte <= high:
                return False
            more -= 1
            low = 0x80
            high = 0xBF
        elif byte >= 0x80:
            if byte < 0xC2 or byte > 0xF4:
                return False
            more = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
            if byte == 0xE0:
                low = 0xA0
            elif byte == 0xED:
                high = 0x9F
            elif byte == 0xF0:
                low = 0x90
            elif byte == 0xF4:
                high = 0x8F
    return more == 0
