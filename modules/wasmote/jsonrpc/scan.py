"""JSON texts (RFC 8259) checked and searched where they lie: nothing is decoded, nothing is built, nothing recurses.

`check` is the gate: it accepts exactly the grammar, UTF-8 included, up to DEPTH levels; `members` trusts what it accepted.
A lone surrogate escape ("\\ud800") is grammar and passes here; `text.decode` refuses it where the string is needed.

These are the twins of scan_viper.py, which MicroPython takes where it has a native code emitter (20 times faster or more).
`buf` is a bytes-like object, spans are [start, end) offsets into it. `out` is an array("i").
"""

DEPTH = 64  # objects and arrays inside each other

# What `check` returns
OK = 0
TRUNCATED = 1
UNEXPECTED = 2  # a byte that cannot stand there
TRAILING = 3  # something after the value
BAD_STRING = 4  # a control character or a broken escape in a string
BAD_UTF8 = 5
BAD_NUMBER = 6
TOO_DEEP = 7

MESSAGES = (
    "",
    "the text ends inside a value",
    "unexpected byte",
    "more than one value",
    "control character or bad escape in a string",
    "not UTF-8",
    "bad number",
    "nested more than %d levels deep" % DEPTH,
)

# States of `check`: what comes next
_VALUE = 0
_FIRST = 1  # a value or ]
_KEY = 2
_FIRST_KEY = 3  # a key or }
_COLON = 4
_AFTER = 5  # a comma or the end of what is open


def check(buf, end, stack, out):
    """Is buf[:end] one JSON text? OK or the reason; out[0] is where. `stack` is a bytearray of DEPTH bytes."""
    at = 0
    depth = 0
    state = _VALUE
    error = OK
    while True:
        while at < end and buf[at] in b" \t\r\n":
            at += 1
        if at >= end:
            break
        byte = buf[at]
        if state == _AFTER:
            if depth == 0:
                error = TRAILING
                break
            inside = stack[depth - 1]
            if byte == 0x2C:  # ,
                state = _KEY if inside == 0x7B else _VALUE
            elif byte == inside + 2:  # } is { + 2, ] is [ + 2
                depth -= 1
            else:
                error = UNEXPECTED
                break
            at += 1
        elif state == _COLON:
            if byte != 0x3A:
                error = UNEXPECTED
                break
            state = _VALUE
            at += 1
        elif byte == 0x22:  # "
            at = _string(buf, at, end, out)
            if at < 0:
                return out[1]
            state = _COLON if state == _KEY or state == _FIRST_KEY else _AFTER
        elif state == _KEY or state == _FIRST_KEY:
            if byte != 0x7D or state == _KEY:
                error = UNEXPECTED
                break
            depth -= 1
            at += 1
            state = _AFTER
        elif byte == 0x7B or byte == 0x5B:  # { [
            if depth == DEPTH:
                error = TOO_DEEP
                break
            stack[depth] = byte
            depth += 1
            at += 1
            state = _FIRST_KEY if byte == 0x7B else _FIRST
        elif byte == 0x5D and state == _FIRST:  # ]
            depth -= 1
            at += 1
            state = _AFTER
        else:
            at = _number(buf, at, end, out) if byte == 0x2D or 0x30 <= byte <= 0x39 else _word(buf, at, end, out)
            if at < 0:
                return out[1]
            state = _AFTER
    if not error and (state != _AFTER or depth):
        error = TRUNCATED
    out[0] = at
    return error


def _fail(error, at, out):
    out[0] = at
    out[1] = error
    return -1


def _string(buf, at, end, out):
    """The end of the string that starts at `at`, or -1 with out = (where, error)."""
    at += 1
    while at < end:
        byte = buf[at]
        if byte == 0x22:
            return at + 1
        if byte == 0x5C:
            if at + 1 >= end:
                break
            byte = buf[at + 1]
            if byte == 0x75:  # u
                for i in range(at + 2, at + 6):
                    if i >= end:
                        return _fail(TRUNCATED, end, out)
                    if buf[i] not in b"0123456789abcdefABCDEF":
                        return _fail(BAD_STRING, i, out)
                at += 6
            elif byte in b'"\\/bfnrt':
                at += 2
            else:
                return _fail(BAD_STRING, at + 1, out)
        elif byte < 0x20:
            return _fail(BAD_STRING, at, out)
        elif byte < 0x80:
            at += 1
        else:  # RFC 3629, section 4
            low = 0x80
            high = 0xBF
            if 0xC2 <= byte <= 0xDF:
                count = 1
            elif 0xE0 <= byte <= 0xEF:
                count = 2
                if byte == 0xE0:
                    low = 0xA0
                elif byte == 0xED:
                    high = 0x9F
            elif 0xF0 <= byte <= 0xF4:
                count = 3
                if byte == 0xF0:
                    low = 0x90
                elif byte == 0xF4:
                    high = 0x8F
            else:
                return _fail(BAD_UTF8, at, out)
            at += 1
            while count:
                if at >= end:
                    return _fail(TRUNCATED, end, out)
                if not low <= buf[at] <= high:
                    return _fail(BAD_UTF8, at, out)
                low = 0x80
                high = 0xBF
                at += 1
                count -= 1
    return _fail(TRUNCATED, end, out)


def _digits(buf, at, end):
    while at < end and 0x30 <= buf[at] <= 0x39:
        at += 1
    return at


def _number(buf, at, end, out):
    """The end of the number at `at`, or -1 with out = (where, error). RFC 8259, section 6."""
    if buf[at] == 0x2D:
        at += 1
    if at < end and buf[at] == 0x30:
        at += 1
    else:
        digits = _digits(buf, at, end)
        if digits == at:
            return _fail(TRUNCATED if at >= end else BAD_NUMBER, at, out)
        at = digits
    if at < end and buf[at] == 0x2E:  # .
        digits = _digits(buf, at + 1, end)
        if digits == at + 1:
            return _fail(TRUNCATED if digits >= end else BAD_NUMBER, digits, out)
        at = digits
    if at < end and buf[at] | 0x20 == 0x65:  # e
        at += 1
        if at < end and (buf[at] == 0x2B or buf[at] == 0x2D):
            at += 1
        digits = _digits(buf, at, end)
        if digits == at:
            return _fail(TRUNCATED if at >= end else BAD_NUMBER, at, out)
        at = digits
    if at < end and 0x30 <= buf[at] <= 0x39:  # 01
        return _fail(BAD_NUMBER, at, out)
    return at


def _word(buf, at, end, out):
    byte = buf[at]
    word = b"true" if byte == 0x74 else b"false" if byte == 0x66 else b"null" if byte == 0x6E else b""
    if not word:
        return _fail(UNEXPECTED, at, out)
    for byte in word:
        if at >= end:
            return _fail(TRUNCATED, at, out)
        if buf[at] != byte:
            return _fail(UNEXPECTED, at, out)
        at += 1
    return at


# What `members` returns
ESCAPED = -1  # a name is written with escapes: `find` compares those


def members(buf, start, names, out):
    """Where the members of the checked object at buf[start] lie whose names are in `names` (see find.names).

    out[2*i], out[2*i+1] is the span of the value of name i, or 0, 0.
    Returns OK, ESCAPED, or 1 + i if name i stands there twice.
    """
    for i in range(2 * names[0]):
        out[i] = 0
    at = start
    depth = 0
    value = 0  # where the value of the present member starts, 0 before its name
    tail = 0  # behind the last byte of it that is not a space
    match = -1  # its number in `names`
    while True:
        byte = buf[at]
        at += 1
        if byte == 0x22:
            first = at
            escaped = False
            while buf[at] != 0x22:
                if buf[at] == 0x5C:
                    escaped = True
                    at += 1
                at += 1
            at += 1
            tail = at
            if depth == 1 and not value:
                if escaped:
                    return ESCAPED
                size = at - 1 - first
                match = -1
                name = 1
                for i in range(names[0]):
                    if names[name] == size:
                        same = 0
                        while same < size and buf[first + same] == names[name + 1 + same]:
                            same += 1
                        if same == size:
                            match = i
                    name += 1 + names[name]
                while buf[at] <= 0x20:
                    at += 1
                at += 1  # :
                while buf[at] <= 0x20:
                    at += 1
                value = at
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            tail = at
        elif (byte == 0x2C or byte == 0x7D) and depth == 1:
            if value and match >= 0:
                if out[2 * match + 1]:
                    return 1 + match
                out[2 * match] = value
                out[2 * match + 1] = tail
            if byte == 0x7D:
                return OK
            value = 0
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            tail = at
        elif byte > 0x20:
            tail = at


def skip(buf, at):
    """The end of the checked value at buf[at], which lies inside an object or array, or is one."""
    depth = 0
    while True:
        byte = buf[at]
        at += 1
        if byte == 0x22:
            while buf[at] != 0x22:
                at += 2 if buf[at] == 0x5C else 1
            at += 1
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            continue
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
        elif depth:
            continue
        else:
            while buf[at] > 0x20 and buf[at] not in b",]}":
                at += 1
        if not depth:
            return at
