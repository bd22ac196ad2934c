"""One bucket of wasi:keyvalue on the flash: a log of what was set and deleted, the last record of a key counts.

    record   key size u8, kind u8, value size u16, key, value        kind 0: set, 1: deleted

A record is appended in one go, which littlefs does as a whole or not at all. When the log has no room for one more, those
that still count are copied beside it, the new one too if its key's old one has to go for it, and the copy takes the log's
place by a rename: whenever the power fails, every key has its old value or its new one. Reading looks through the log: a
bucket costs no memory.
"""

import os
import struct

from micropython import const

from .flash import has

_HEAD = const(4)
_HEADER = "<BBH"
_SET = const(0)
_DELETED = const(1)
_MOST_KEYS = const(256)
_MOST_KEY = const(128)  # bytes
_MOST_VALUE = const(4096)
_RECORDS = const(31)  # looked at before the board goes on
_PIECE = const(512)
_BLOCK = const(4096)  # of the flash


class StoreError(OSError):
    """What the board could not do, for the error `other`."""


class Bucket:
    """A bucket of `store`, which knows how many bytes there may be. open() comes first."""

    def __init__(self, store, path):
        self.store = store
        self.path = path
        self.size = 0
        self.keys = 0

    def open(self):
        """A generator."""
        self._forget_part()
        try:
            open(self.path, "ab").close()
            self.keys = len((yield from self._index()))
        except OSError as error:
            raise StoreError("the flash cannot be read or written: %s" % error)
        if os.stat(self.path)[6] != self.size:  # a record cut short, on a file system that does so
            yield from self.compact()

    def _records(self, file):
        """A generator of (offset, kind, key, value size) of each whole record; None where the board may go on."""
        end = file.seek(0, 2)
        header = bytearray(_HEAD)
        at = count = 0
        while at + _HEAD <= end:
            file.seek(at)
            file.readinto(header)
            key_size, kind, size = struct.unpack(_HEADER, header)
            after = at + _HEAD + key_size + size
            if after > end:
                break
            yield at, kind, file.read(key_size), size
            at = after
            count += 1
            if not count & _RECORDS:
                yield None
        self.size = at

    def _index(self):
        """A generator: {key: offset of its last record}."""
        found = {}
        with open(self.path, "rb") as file:
            for record in self._records(file):
                if record is None:
                    yield
                elif record[1] == _SET:
                    found[record[2]] = record[0]
                else:
                    found.pop(record[2], None)
        return found

    def _find(self, key):
        """A generator: (offset of the value, its size), or None."""
        found = None
        with open(self.path, "rb") as file:
            for record in self._records(file):
                if record is None:
                    yield
                elif record[2] == key:
                    found = None if record[1] else (record[0] + _HEAD + len(key), record[3])
        return found

    def get(self, key):
        """A generator: the value, or None."""
        found = yield from self._find(_bytes(key))
        if found is None:
            return None
        with open(self.path, "rb") as file:
            file.seek(found[0])
            return file.read(found[1])

    def exists(self, key):
        """A generator."""
        return (yield from self._find(_bytes(key))) is not None

    def set(self, key, value):
        """A generator."""
        key = _bytes(key)
        if not 0 < len(key) <= _MOST_KEY:
            raise StoreError("a key has 1 to %d bytes, not %d" % (_MOST_KEY, len(key)))
        if len(value) > _MOST_VALUE:
            raise StoreError("a value has %d bytes at most, not %d" % (_MOST_VALUE, len(value)))
        old = yield from self._find(key)
        if old is None and self.keys == _MOST_KEYS:
            raise StoreError("the bucket has %d keys, the most" % _MOST_KEYS)
        record = _record(_SET, key, value)
        if not self.store.room(len(record)):
            more = len(record) - (_HEAD + len(key) + old[1] if old else 0)
            if more > 0:
                yield from self.store.make_room(more)
        if self.store.room(len(record)):
            self._append(record)
        else:
            yield from self.compact(key, record)
        self.keys += old is None

    def delete(self, key):
        """A generator."""
        key = _bytes(key)
        if (yield from self._find(key)) is None:
            return
        record = _record(_DELETED, key, b"")
        if self.store.room(len(record)):
            self._append(record)
        else:
            yield from self.compact(key)
        self.keys -= 1

    def _append(self, record):
        if record[1] == _SET:
            self._need(self.size, len(record))
        with open(self.path, "ab") as file:
            file.write(record)
        self.size += len(record)

    def _need(self, size, more):
        """Refuses to let a file of `size` bytes grow into a block that the flash has not, or not for guests."""
        if (size - 1) // _BLOCK != (size + more - 1) // _BLOCK and not has(self.path[: self.path.rfind("/")], more):
            raise StoreError("the flash is full")

    def compact(self, without=None, record=b""):
        """A generator: leaves in the log what counts, and of that not the key `without`; then comes `record`."""
        index = yield from self._index()
        index.pop(without, None)
        deletes = without is not None and not record  # may take the board's blocks for a moment: it gives some back
        size = 0
        done = False
        try:
            with open(self.path + ".part", "wb") as part:
                with open(self.path, "rb") as file:
                    for at in sorted(index.values()):
                        file.seek(at)
                        head = file.read(_HEAD)
                        key_size, _, value_size = struct.unpack(_HEADER, head)
                        left = key_size + value_size
                        if not deletes:
                            self._need(size, _HEAD + left)
                        size += _HEAD + left
                        part.write(head)
                        while left:
                            piece = file.read(min(left, _PIECE))
                            part.write(piece)
                            left -= len(piece)
                        yield
                if record:
                    self._need(size, len(record))
                    part.write(record)
            os.rename(self.path + ".part", self.path)
            self.size = size + len(record)
            done = True
        finally:
            if not done:
                self._forget_part()

    def _forget_part(self):
        try:
            os.remove(self.path + ".part")
        except OSError:
            pass

    def names(self):
        """A generator: all keys, sorted."""
        return sorted((yield from self._index()))


def _record(kind, key, value):
    return struct.pack(_HEADER, len(key), kind, len(value)) + key + value


def _bytes(key):
    return key.encode() if isinstance(key, str) else key
