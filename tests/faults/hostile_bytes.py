"""Bytes that no honest end sends: noise, and frames of every kind, right and mutated, with right CRCs and wrong meanings."""

import random

from wasmote.link import framed

TEXTS = (
    b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":[{}],"method":"tools/call","params":{"name":"',
    b'{"jsonrpc":"2.0","id":2,"method":"wasmote/push","params":{"name":"x","size":9,"offset":0,"data":9,"crc32":1}}',
    b"{}",
    b"[]",
    b"\n",
    b"x" * framed.PAYLOAD,
    b"",
)


def unit(kind, seq, ack, payload):
    frame = bytearray(framed.HEADER) + payload[: framed.PAYLOAD] + bytes(4)
    out = bytearray(200)
    return bytes(out[: framed.seal(frame, memoryview(frame), kind, seq, ack, len(frame) - framed.HEADER - 4, out)])


def mutated(source, data):
    """`data` with up to three bytes that are others."""
    data = bytearray(data)
    for _ in range(source.randrange(1, 4)):
        data[source.randrange(len(data))] = source.randrange(256)
    return bytes(data)


def blocks(seed, size):
    """Generator of blocks of about 1 KB, `size` bytes in all. Never 0x03: that asks for the REPL."""
    source = random.Random(seed)
    while size > 0:
        block = b""
        while len(block) < 1000:
            kind = source.random()
            if kind < 0.2:
                block += source.randbytes(source.randrange(1, 200))
            elif kind < 0.25:
                block += source.choice(TEXTS)[: source.randrange(80)] + source.choice((b"\n", b"\r\n", b""))
            elif kind < 0.27:
                block += _link(source)
            else:
                one = unit(source.randrange(256), source.randrange(256), source.randrange(256), _payload(source))
                block += mutated(source, one) if kind > 0.7 else one
        block = block.replace(b"\3", b"\4")
        size -= len(block)
        yield block


def _payload(source):
    return source.choice(TEXTS) if source.random() < 0.6 else source.randbytes(source.randrange(framed.PAYLOAD))


def _link(source):
    """A link that is opened by the rules, and what is said over it with right numbers."""
    out = unit(framed.OPEN, 0, 0, source.randbytes(4) + bytes((framed.VERSION, framed.PAYLOAD, 8)))
    for number in range(source.randrange(1, 40)):
        kind = source.choice((framed.DATA, framed.DATA | framed.LAST, framed.RAW))
        out += unit(kind, number, source.randrange(3), _payload(source))
    return out
