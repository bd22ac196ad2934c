"""Escapes of surrogates in a JSON text, which MicroPython's json takes for characters: bytes that are no UTF-8.

Imported with the first text that has one (entries.loads).
"""


def joined(text):
    """A JSON text (bytes) without them: a pair as the character that it stands for, one alone as U+FFFD.

    Not refused: half a pair is what is left of an emoji where somebody cut a text to a length, a model's answer say, and the
    rest of the text is worth having. JavaScript's hosts of components give the same.
    """
    out = bytearray()
    done = at = 0
    while True:
        at = text.find(b"\\", at)
        if at < 0:
            out.extend(text[done:])
            return bytes(out)
        code = _surrogate(text, at)
        if not code:
            at += 2  # the escape of a backslash, say: what follows is none
            continue
        out.extend(text[done:at])
        at += 6
        low = _surrogate(text, at)
        if code < 0xDC00 <= low:
            code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
            at += 6
        else:
            code = 0xFFFD
        out.extend(chr(code).encode())
        done = at


def _surrogate(text, at):
    """The surrogate whose escape is at text[at], 0 if there is none."""
    if text[at : at + 3].lower() != b"\\ud":
        return 0
    code = int(str(text[at + 2 : at + 6], "ascii"), 16)
    return code if code >= 0xD800 else 0
