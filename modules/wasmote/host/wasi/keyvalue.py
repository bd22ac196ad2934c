"""wasi:keyvalue for one guest: store, atomics and batch, of both drafts, in /store/<component> on the flash.

A bucket's identifier is 1 to 32 of a-z 0-9 _ -, and "" is "default"; a component has what buckets it opens, within the
bytes that its configuration gives (`store`). Nobody else sees them. Numbers are decimal texts, as in other hosts.
"""

import os

from micropython import const

from .bucket import Bucket, StoreError
from .slots import Slots

_OPEN = const(8)  # buckets and cas handles of one guest
_BUCKETS = const(4)
_PAGE = const(16)  # keys of one list-keys
_DIGITS = const(20)  # of a number, its sign counted
_BATCH = const(8192)  # bytes of values in one get-many: heap of the board
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"
_NO_SUCH_STORE = (1, (0, None))
_ACCESS_DENIED = (1, (1, None))


class KeyValue:
    """@0.2.0-draft"""

    def __init__(self, imports):
        guest = imports.runtime.guest
        self.quota = guest.config.store
        self.place = guest.host.storage.place("store", guest.name)
        self.buckets = []  # (name, Bucket) of all that are on the flash
        self.open_ones = Slots("buckets", _OPEN)
        self.swaps = Slots("cas handles", _OPEN)

    def guard(self, function, call):
        """A function as its result: all but open and swap give a value, or raise what becomes the error `other`."""
        return call if function == "open" or function == "swap" else lambda *values: _result(call, values)

    # For the buckets

    def _size(self):
        return sum([bucket.size for _, bucket in self.buckets])

    def room(self, more):
        """True if the buckets may take so many bytes more."""
        return self._size() + more <= self.quota

    def make_room(self, more):
        """A generator: lets go of what counts no more, in one bucket after the other."""
        for _, bucket in self.buckets:
            yield from bucket.compact()
            if self.room(more):
                return
        what = "the store is full: %d of its %d bytes are used, %d more are too many"
        raise StoreError(what % (self._size(), self.quota, more))

    # store

    def open(self, name):
        """A generator."""
        name = name or "default"
        if not self.quota:
            return _ACCESS_DENIED
        if len(name) > 32 or [letter for letter in name if letter not in _LETTERS]:
            return _NO_SUCH_STORE
        try:
            if not self.buckets:
                yield from self._read()
            for known, bucket in self.buckets:
                if known == name:
                    return 0, self.open_ones.add(bucket)
            if len(self.buckets) == _BUCKETS:
                raise StoreError("%d buckets are there, the most" % _BUCKETS)
            bucket = yield from self._bucket(name)
            return 0, self.open_ones.add(bucket)
        except OSError as error:
            return 1, (2, str(error))

    def _read(self):
        """A generator: the buckets on the flash, all of them, for they share the bytes."""
        for path in (self.place[: self.place.rfind("/")], self.place):
            try:
                os.mkdir(path)
            except OSError:  # it is there, or what follows says why not
                pass
        for file in os.listdir(self.place):
            if file.endswith(".log"):
                yield from self._bucket(file[:-4])

    def _bucket(self, name):
        bucket = Bucket(self, "%s/%s.log" % (self.place, name))
        yield from bucket.open()
        self.buckets.append((name, bucket))
        return bucket

    def drop_bucket(self, rep):
        self.open_ones.drop(rep)

    def get(self, rep, key):
        return self.open_ones[rep].get(key)

    def exists(self, rep, key):
        return self.open_ones[rep].exists(key)

    def set(self, rep, key, value):
        bucket = self.open_ones[rep]
        self._changes(bucket, key)
        return bucket.set(key, value)

    def delete(self, rep, key):
        bucket = self.open_ones[rep]
        self._changes(bucket, key)
        return bucket.delete(key)

    def list_keys(self, rep, cursor):
        """A generator. A cursor counts the keys before the page."""
        names = yield from self.open_ones[rep].names()
        at = min(cursor or 0, len(names))
        page = [str(name, "utf-8") for name in names[at : at + _PAGE]]
        return page, at + _PAGE if at + _PAGE < len(names) else None

    # atomics

    def increment(self, rep, key, delta):
        """A generator: the new number."""
        return self.add(rep, key, delta, 0, (1 << 64) - 1)

    def add(self, rep, key, delta, least, most):
        """A generator: the new number, of a type that goes from `least` to `most`."""
        bucket = self.open_ones[rep]
        value = (yield from bucket.get(key)) or b"0"
        if len(value) > _DIGITS or not value[value[:1] == b"-" :].isdigit():
            raise StoreError("the value of %s is no number" % key)
        value = int(str(value, "utf-8")) + delta
        if not least <= value <= most:
            raise StoreError("the value of %s would be %d, which is no number here" % (key, value))
        self._changes(bucket, key)
        yield from bucket.set(key, str(value).encode())
        return value

    def new(self, rep, key):
        """The rep of a cas handle."""
        return self.swaps.add([self.open_ones[rep], key, True])

    def current(self, rep):
        """A generator."""
        bucket, key, _ = self.swaps[rep]
        return (yield from bucket.get(key))

    def swap(self, rep, value):
        """A generator. The handle is spent."""
        bucket, key, fresh = self.swaps.drop(rep)
        if not fresh:
            return 1, (1, self.swaps.add([bucket, key, True]))
        try:
            self._changes(bucket, key)
            yield from bucket.set(key, value)
            return 0, None
        except OSError as error:
            return 1, (0, (2, str(error)))

    def _changes(self, bucket, key):
        """What was to be swapped is not what it was."""
        for swap in self.swaps.held:
            if swap and swap[0] is bucket and swap[1] == key:
                swap[2] = False

    def drop_cas(self, rep):
        self.swaps.drop(rep)

    # batch

    def get_many(self, rep, keys):
        """A generator."""
        bucket = self.open_ones[rep]
        found = []
        size = 0
        for key in keys:
            value = yield from bucket.get(key)
            size += len(value or b"")
            if size > _BATCH:
                raise StoreError("more than %d bytes of values: ask for fewer at a time" % _BATCH)
            found.append(None if value is None else (key, value))
        return found

    def set_many(self, rep, pairs):
        """A generator."""
        for key, value in pairs:
            yield from self.set(rep, key, value)

    def delete_many(self, rep, keys):
        """A generator."""
        for key in keys:
            yield from self.delete(rep, key)


class Draft2:
    """@0.2.0-draft2: what is not the same in it. A guest that uses both drafts has one store all the same."""

    def __init__(self, imports):
        self.first = imports.owner("wasi.keyvalue", "KeyValue")

    def __getattr__(self, name):
        return getattr(self.first, name)

    def list_keys(self, rep, cursor):
        """A generator. A cursor is the last key of the page before."""
        names = yield from self.first.open_ones[rep].names()
        if cursor is not None:
            cursor = cursor.encode()
            names = [name for name in names if name > cursor]
        page = [str(name, "utf-8") for name in names[:_PAGE]]
        return page, page[-1] if len(names) > _PAGE else None

    def increment(self, rep, key, delta):
        return self.first.add(rep, key, delta, -(1 << 63), (1 << 63) - 1)


def _result(call, values):
    """A generator: what a method gives, or the error `other`."""
    try:
        value = call(*values)
        if hasattr(value, "send"):
            value = yield from value
        return 0, value
    except OSError as error:
        return 1, (2, str(error))
