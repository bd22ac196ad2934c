"""JSON strings: what they mean, and how to write them. RFC 8259, section 7."""

_ESCAPES = b'"\\/bfnrt'
_MEANS = b'"\\/\b\f\n\r\t'


def decode(line, span):
    """The string whose checked text is line[span], quotes included. ValueError: a lone surrogate, which is no text."""
    raw = bytes(line[span[0] + 1 : span[1] - 1])
    if raw.find(b"\\") < 0:
        return str(raw, "utf-8")
    out = bytearray()
    at = 0
    while True:
        escape = raw.find(b"\\", at)
        if escape < 0:
            out.extend(raw[at:])
            return str(bytes(out), "utf-8")
        out.extend(raw[at:escape])
        kind = raw[escape + 1]
        at = escape + 2
        if kind != 0x75:
            out.append(_MEANS[_ESCAPES.find(bytes([kind]))])
            continue
        code = int(str(raw[at : at + 4], "ascii"), 16)
        at += 4
        if 0xD800 <= code < 0xE000:
            low = 0
            if code < 0xDC00 and raw[at : at + 2] == b"\\u":
                low = int(str(raw[at + 2 : at + 6], "ascii"), 16)
            if not 0xDC00 <= low < 0xE000:
                raise ValueError("lone surrogate")
            code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
            at += 6
        out.extend(chr(code).encode())


def escape(source, at, target, state):
    """Copy source[at:], UTF-8, into `target` as the inside of a JSON string. Twin of text_viper.escape.

    state is an array("i"): bytes already in target (moved on), size of target, size of source.
    Returns the new `at`: less than the size of source when the target is full.
    """
    fill = state[0]
    room = state[1] - 6
    while at < state[2] and fill <= room:
        byte = source[at]
        at += 1
        if byte >= 0x20 and byte != 0x22 and byte != 0x5C:
            target[fill] = byte
            fill += 1
            continue
        target[fill] = 0x5C
        short = _MEANS.find(bytes([byte]))
        if short >= 0:
            target[fill + 1] = _ESCAPES[short]
            fill += 2
        else:
            target[fill + 1] = 0x75
            target[fill + 2] = target[fill + 3] = 0x30
            target[fill + 4] = 0x30 + (byte >> 4)
            target[fill + 5] = b"0123456789abcdef"[byte & 15]
            fill += 6
    state[0] = fill
    return at
