"""A guest's folder on the flash, and how much of the flash it takes. No path is judged here: see paths.py.

The quota counts as the flash does: a file takes whole blocks, a directory two of them. One file at a time is open on the
flash, so that a guest that writes on and on is not slowed by its own name; settle() closes it, and what was written stays.
Until then a power cut takes back what was written since the file was opened: littlefs keeps the file as it was.
"""

import os

from micropython import const

from . import failures
from .failures import Failure
from .flash import has
from .paths import LINK, mode, on_flash

BLOCK = const(4096)
_DIRECTORY = const(0x4000)
_PIECE = const(256)
_HIDDEN = const(16)


class Folder:
    """The folder `root`, which may take `quota` bytes."""

    def __init__(self, root, quota):
        self.root = root
        self.quota = quota
        self.used = 0
        self._file = None
        self._path = None
        self._writing = False

    def prepare(self):
        """Makes the folder if it is not there, and counts what is in it. A generator, for when no removed file is open."""
        self.settle()
        for path in (self.root[: self.root.rfind("/")], self.root):
            if mode(path, "") is None:
                os.mkdir(path)
        if mode(self._part(), "") is not None:
            os.remove(self._part())
        for number in range(_HIDDEN):
            if mode(self.root, _hidden(number)) is not None:
                os.remove(on_flash(self.root, _hidden(number)))
        self.used = 0
        waiting = [""]
        while waiting:
            found = waiting.pop()
            for name in os.listdir(on_flash(self.root, found)):
                path = found + "/" + name if found else name
                self.used += self.cost(path)
                if mode(self.root, path) == _DIRECTORY:
                    waiting.append(path)
                yield

    def _part(self):
        """A file beside the folder, that becomes one in it."""
        return self.root + ".part"

    def cost(self, path):
        """Bytes of the flash that a file or directory takes."""
        kind = mode(self.root, path)
        if kind == _DIRECTORY:
            return 2 * BLOCK
        return BLOCK if kind == LINK else _blocks(os.stat(on_flash(self.root, path))[6])

    def _take(self, more):
        """Refuses to take `more` bytes of the flash if the folder may not, or the flash has not that many."""
        if more > 0:
            if self.used + more > self.quota:
                what = "the folder takes %d of %d bytes, %d more are too many"
                raise Failure(failures.QUOTA, what % (self.used, self.quota, more))
            self._need(more)

    def _need(self, more):
        """Refuses to go on if the flash has not so many bytes."""
        if not has(self.root, more):
            raise Failure(failures.INSUFFICIENT_SPACE, "the flash is full")

    # One file that is open

    def settle(self):
        """What was written stays."""
        file = self._file
        self._file = None
        if file is not None:
            file.close()

    def _open(self, path, writing):
        if self._file is None or self._path != path or (writing and not self._writing):
            self.settle()
            self._file = open(on_flash(self.root, path), "r+b" if writing else "rb")
            self._path = path
            self._writing = writing
        return self._file

    def size(self, path):
        """Bytes of a file."""
        return self._open(path, False).seek(0, 2)

    def read(self, path, at, count):
        """At most `count` bytes of a file, b"" at its end."""
        file = self._open(path, False)
        if at >= file.seek(0, 2):
            return b""
        file.seek(at)
        return file.read(count)

    def write(self, path, at, data):
        """A generator. at: None for the end; what lies between the end and `at` becomes zeroes.

        After an OSError of the flash nobody knows how much was written, until the guest starts again.
        """
        size = self._open(path, True).seek(0, 2)
        if at is None:
            at = size
        if at > self.quota:
            raise Failure(failures.QUOTA, "more than the %d bytes of the folder" % self.quota)
        more = max(_blocks(max(at + len(data), size)) - _blocks(size), 0)
        self._take(more)
        while size < at:
            yield
            file = self._open(path, True)
            file.seek(size)
            size += file.write(bytes(min(_PIECE, at - size)))
        file = self._open(path, True)
        file.seek(at)
        file.write(data)
        self.used += more

    def resize(self, path, size):
        """A generator. What is cut off is gone, at its end; what is added is zeroes, which come one after the other."""
        old = self.size(path)
        if size > old:
            yield from self.write(path, size, b"")
        elif size == 0 and old:
            self.settle()
            open(on_flash(self.root, path), "wb").close()
        elif size < old:
            self._need(_blocks(size))  # of the flash, for a moment: the copy is beside the folder
            with open(self._part(), "wb") as part:
                for at in range(0, size, _PIECE):
                    part.write(self.read(path, at, min(_PIECE, size - at)))
                    yield
            self.settle()
            os.rename(self._part(), on_flash(self.root, path))
        if size < old:
            self.used -= _blocks(old) - _blocks(size)

    # Names

    def create(self, path):
        self._take(BLOCK)
        self.settle()
        open(on_flash(self.root, path), "wb").close()
        self.used += BLOCK

    def make_directory(self, path):
        self._take(2 * BLOCK)
        self.settle()
        os.mkdir(on_flash(self.root, path))
        self.used += 2 * BLOCK

    def names(self, path):
        self.settle()
        return os.listdir(on_flash(self.root, path))

    def stat(self, path):
        self.settle()
        return os.stat(on_flash(self.root, path))

    def remove(self, path):
        """A file or an empty directory."""
        self.settle()
        cost = self.cost(path)
        place = on_flash(self.root, path)
        if mode(self.root, path) == _DIRECTORY:
            os.rmdir(place)
        else:
            os.remove(place)
        self.used -= cost

    def hide(self, path):
        """Takes a file that is open out of the folder; returns its path until it is removed. Its bytes still count."""
        self.settle()
        for number in range(_HIDDEN):
            hidden = _hidden(number)
            if mode(self.root, hidden) is None:
                os.rename(on_flash(self.root, path), on_flash(self.root, hidden))
                return hidden
        raise Failure(failures.BUSY, "%d removed files are still open, the most" % _HIDDEN)

    def rename(self, old, new):
        """In place of a file, or of an empty directory."""
        self.settle()
        freed = 0 if mode(self.root, new) is None else self.cost(new)
        os.rename(on_flash(self.root, old), on_flash(self.root, new))
        self.used -= freed


def _hidden(number):
    return "/%d" % number


def _blocks(size):
    """Bytes of the flash that a file of this size takes."""
    return max((size + BLOCK - 1) // BLOCK, 1) * BLOCK
