# SPDX-License-Identifier: MIT
"""What fuzz.py gives to wasmtime and to the engines of ours alike: a case, and the host functions of its modules."""

import zlib
from typing import NamedTuple

# Bytes of a memory that are compared: one may have grown to gigabytes, which the twin takes minutes for.
OBSERVED = 8 << 20
ELEMENTS = 16  # of a table that are compared

WORDS = (0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 1234, 65535, 7)
FLOATS = (0, 0x3F800000, 0x80000000, 0x7FC00000, 0x7F800000, 0xFF800000, 0x4B000001, 0x00000001, 0xC2F60000)
DOUBLES = (0, 0x3FF0000000000000, 1 << 63, 0x7FF8000000000000, 0x7FF0000000000000, 0x41DFFFFFFFC00000, 1,
           0xC3E0000000000000, 0x36A0000000000000)  # fmt: skip
POOLS = {"i32": WORDS, "f32": FLOATS, "f64": DOUBLES, "externref": (None, 0, 5), "funcref": (None,)}
PATTERN = bytes(n * 167 + (n >> 8) & 0xFF for n in range(4096))  # what the host writes first: else most loads give 0
CANONICAL = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}


class Case(NamedTuple):
    """A module and what is to be done with an instance of it."""

    binary: bytes
    calls: list = []  # (export, arguments); arguments None: zeros
    lender: bytes | None = None  # a module, instantiated first, whose exports the other one imports from "lender"
    salt: int = 0  # of Host
    fuel: int = 1000  # of a slice
    slices: int = 20  # that a call may take
    observed: int = OBSERVED


class HostError(Exception):
    """What a host function raises, now and then."""


class Host:
    """Host functions, one for each function that a module imports and nobody lends.

    They return what follows from the salt, who is called with which arguments, and all calls before: 0 with a salt of 0.
    `trace` is of all calls.
    """

    def __init__(self, salt):
        self.salt = salt
        self.trace = 0

    def call(self, label, args, results):
        """The results, of these types, as bit patterns. Raises HostError."""
        self.trace = zlib.crc32(f"{label}{args}".encode(), self.trace)
        if not self.salt:
            return [None if t.endswith("ref") else 0 for t in results]
        chance = zlib.crc32(b"%d" % self.salt, self.trace)
        if chance % 61 == 0:
            raise HostError
        return [value(t, chance >> 3 * i) for i, t in enumerate(results)]

    def waits(self):
        """Whether the function that was called last takes its time: ours does, then."""
        return self.salt and self.trace % 7 == 0


def value(valtype, chance):
    """One of the values of a type that are worth trying, by a number."""
    if valtype == "i64":
        return WORDS[chance % len(WORDS)] << 32 | WORDS[chance // len(WORDS) % len(WORDS)]
    pool = POOLS[valtype]
    return pool[chance % len(pool)]


def canonical(valtype, bits):
    """A float's bits with those of a NaN that wasmtime's Python does not lose."""
    if valtype == "f32" and bits & 0x7FFFFFFF > 0x7F800000 or valtype == "f64" and bits & ~(1 << 63) > 0x7FF << 52:
        return CANONICAL[valtype]
    return bits
