"""Bytes that no honest end sends: noise, and frames of every kind, right and mutated, with right CRCs and wrong meanings."""

import random

from wasmote.link import framed

TEXTS = (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', b"{}", b"[]", b"\n", b"x" * framed.PAYLOAD, b"")


def unit(kind, seq, ack, payload):
    frame = bytearray(framed.HEADER) + payload[: framed.PAYLOAD] + bytes(4)
    out = bytearray(200)
    return bytes(out[: framed.seal(frame, memoryview(frame), kind, seq, ack, len(frame) - framed.HEADER - 4, out)])


def blocks(seed, size, calm=b""):
    """Generator of blocks of about 1 KB, `size` bytes in all. Never 0x03 at the beginning of a unit: that asks for the REPL."""
    source = random.Random(seed)
    while size > 0:
        block = bytearray()
        while len(block) < 1000:
            kind = source.random()
            if kind < 0.2:
                block += source.randbytes(source.randrange(1, 200))
                continue
            payload = source.choice(TEXTS) if kind < 0.6 else source.randbytes(source.randrange(framed.PAYLOAD))
            one = bytearray(unit(source.randrange(256), source.randrange(256), source.randrange(256), payload))
            if kind > 0.7:
                for _ in range(source.randrange(1, 4)):
                    one[source.randrange(len(one))] = source.randrange(256)
            block += one
        block = bytes(block).replace(b"\3", b"\4") + calm
        size -= len(block)
        yield block
