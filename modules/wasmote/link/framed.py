"""The framed form of the link: frames that are whole or not there. docs/link.md is the specification.

    unit    = 0x00 COBS(0x00 salted) 0x00       its first byte is 0x01, which no JSON text starts with
    salted  = each byte of frame, XOR salt      so it begins with the salt, which is chosen so that no byte of the unit is
                                                0x03: to a board that boots or is in its REPL, that is Ctrl-C
    frame   = 0x00 kind seq ack payload crc     payload: up to 104 bytes; crc: CRC-32, low byte first, of kind to payload

Shared by board and PC.
"""

from binascii import crc32

VERSION = 1
DATA = 1  # a piece of a message
RAW = 2  # a piece of a file that is pushed
ACK = 4
PING = 5  # is answered at once; `seq` is its token
PONG = 6
OPEN = 7  # a new link: OPENING
OPENED = 8
CLOSE = 9  # there is no link, or no longer

KIND = 0x0F
LAST = 0x10  # of DATA: the message ends here
RESEND = 0x20  # of ACK: something is missing from `ack` on
BUSY = 0x40  # of ACK and PONG: from `ack` on nothing was taken, wait

HEADER = 4
PAYLOAD = 104  # bytes that we send and take: two frames and two PINGs wait in a UART's buffer of 256 bytes
WINDOW = 2  # DATA and RAW that may be under way to a board
UNIT = HEADER + PAYLOAD + 4 + 4  # bytes of the longest unit, zeros included
FIRST = 1  # the first byte of a unit: what is encoded starts with a zero
SHORT = 13  # bytes of a unit without payload, at most
_SUM = 0x2144DF1C  # the CRC-32 of anything with its own CRC-32 behind it

try:
    from .framed_viper import decode, encode, find_zero, move
except (ImportError, SyntaxError):  # CPython, or a firmware without a native code emitter

    def find_zero(buf, at, end):
        """Index of the first zero in buf[at:end], or -1."""
        return buf.find(b"\0", at, end)

    def move(source, at, count, target, to):
        """target[to : to + count] = source[at : at + count]; also within one buffer, when `to` is not behind `at`."""
        target[to : to + count] = source[at : at + count]

    def encode(frame, size, unit):
        """Put frame[:size], salted, and its zeros into `unit`; how long that is. For 8 to 120 bytes there is a salt."""
        frame = bytes(frame[:size])
        for salt in range(256):
            out = bytearray(b"\0")
            for block in (b"\0" + bytes([byte ^ salt for byte in frame])).split(b"\0"):
                out.append(len(block) + 1)
                out += block
            if 3 not in out:
                break
        out.append(0)
        unit[: len(out)] = out
        return len(out)

    def decode(buf, at, end):
        """The inverse: decode buf[at:end], which has no zero, in place, to a zero and the frame; how long both are, 0 if
        they are none."""
        to = start = at
        while at < end:
            code = buf[at]
            if at + code > end:
                return 0
            buf[to : to + code - 1] = buf[at + 1 : at + code]
            to += code - 1
            at += code
            if code < 255 and at < end:
                buf[to] = 0
                to += 1
        salt = buf[start + 1]
        for at in range(start + 1, to):
            buf[at] ^= salt
        return to - start


def seal(frame, view, kind, seq, ack, count, unit):
    """Make a unit of the frame whose payload is frame[HEADER : HEADER + count]; its size.

    view    of `frame`, a bytearray with room for four bytes more
    """
    size = HEADER + count
    frame[0] = 0
    frame[1] = kind
    frame[2] = seq
    frame[3] = ack
    crc = crc32(view[1:size])
    frame[size] = crc & 255
    frame[size + 1] = crc >> 8 & 255
    frame[size + 2] = crc >> 16 & 255
    frame[size + 3] = crc >> 24 & 255
    return encode(frame, size + 4, unit)


def open_unit(buf, view, at, end):
    """The size of the frame, without its CRC, that the unit in buf[at:end] holds, decoded in place to buf[at + 1 :]; 0 if
    it is damaged."""
    size = decode(buf, at, end)
    if size < HEADER + 5 or crc32(view[at + 2 : at + size]) != _SUM:
        return 0
    return size - 5
