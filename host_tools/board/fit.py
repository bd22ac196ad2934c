# SPDX-License-Identifier: MIT
"""Will a component fit? Asked before its first byte is sent, of the numbers in the board's wasmote/info.

File and flash are certain. Memory is an estimate from below, code alone: what the component asks for when it starts only
its start can tell, and then the board says so and keeps what it had.
"""

from dataclasses import dataclass

_BLOCK = 4096  # of the flash's file system
_SPARE_BLOCKS = 2  # that it may need besides, as the board's host/storage.py says
_CODE = 1.25  # bytes of the arena for a byte of WebAssembly code, at least (docs/engine.md; 1.5 is usual)
_CORE_MODULE, _COMPONENT = 1, 4  # sections of a component: binary format of the Component Model
_CODE_SECTION = 10  # of a core module: core specification, 5.5.13


@dataclass
class Need:
    """One thing that a component needs of a board, in bytes; None where nobody can tell."""

    what: str
    needs: int | None
    has: int | None  # now
    most: int | None  # when nothing else is there

    @property
    def good(self):
        return None in (self.needs, self.has) or self.needs <= self.has

    @property
    def hopeless(self):
        return None not in (self.needs, self.most) and self.needs > self.most


def needs(name, data, facts):
    """What `data` as component `name` needs of the board that said `facts`."""
    old = next((one for one in facts.get("components", ()) if one["name"] == name), {})
    arena, flash, most = facts.get("arena", {}), facts.get("flash", {}), facts.get("limits", {}).get("componentBytes")
    blocks = -(-len(data) // _BLOCK) + _SPARE_BLOCKS
    code = code_bytes(data)
    free = arena["freeBytes"] + old.get("memoryBytes", 0) if arena else None  # the old one makes room for the new
    return [
        Need("file", len(data), most, most),
        Need("flash", blocks * _BLOCK, flash.get("freeBytes"), flash.get("bytes")),
        Need("memory", None if code is None else int(code * _CODE), free, arena.get("bytes")),
    ]


def code_bytes(data):
    """Bytes of code in the core modules of a component, None when it is not built as one."""
    try:
        return sum(_code(data, 8, len(data)))
    except (IndexError, ValueError):
        return None


def _code(data, at, end):
    for section, start, stop in _sections(data, at, end):
        if section == _COMPONENT:
            yield from _code(data, start + 8, stop)
        elif section == _CORE_MODULE:
            yield from (last - first for kind, first, last in _sections(data, start + 8, stop) if kind == _CODE_SECTION)


def _sections(data, at, end):
    while at < end:
        section = data[at]
        size, at = _u32(data, at + 1)
        if size > end - at:
            raise ValueError("a section is longer than what it is in")
        yield section, at, at + size
        at += size


def _u32(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
        if shift > 28:
            raise ValueError("integer representation too long")
