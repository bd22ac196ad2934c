"""Where a trap comes from: the functions under way, the newest first, by name and place in the file.

The stack holds a return record per call (exec.h; PUSH_RECORD in exec.c), one more with the caller's instance where a
call leads to another one. Which instruction an operation was translated from is found by translating its body again
from the file: nothing is kept for it while all is well.
"""

from micropython import const

from .binary import decode
from .bodies import locate
from .engine import GRANULE, engine
from .errors import WasmError
from .names import function_name
from .types import FUNC

FRAMES = const(8)
# Numbers of the C engine, from scripts/make_tables.py
_AT_STATE_IP = const(0)
_AT_STATE_RP = const(8)
_AT_STATE_INSTANCE = const(12)
_SIZEOF_FUNCTION = const(12)
# end of numbers

_STEP = const(31)  # records looked at between two yields, less one: a power of two less one
_LEAVE = const(2)  # bytes from the stub `done`, which begins the second granule, to the stub `leave` (arena.c)


def frames(store, returning):
    """[(name or index, offset in the file or None)] of the functions under way in the running call, at most FRAMES.

    A generator. returning: the state's ip stands behind a call, not at an operation that trapped. Without a file
    (Store.reopen), or if it is gone or has changed, functions have no names and instructions no offsets.
    """
    from .instance import Instance  # which is above this, and there by now

    # One generator, not one a function: each that waits for another takes 300 bytes of a board's C stack.
    addresses = _addresses(store.state, returning)
    calls = [None] * len(addresses)
    for first in range(len(addresses)):
        at = addresses[first][0]
        if calls[first] is not None:
            continue
        # All frames of an instance together: its records are walked once, its module is decoded once.
        _, count, imported, reopen, begin, end = next(i for i in store.instances if i[0] == at)
        instance = Instance.again(store, at, imported)
        mine = [n for n in range(first, len(addresses)) if addresses[n][0] == at]
        own = {n: 0 for n in mine}  # index among the instance's own functions
        start = {n: 0 for n in mine}  # and where its code begins
        record = instance.records
        for i in range(count):
            code = engine.get(record)
            for n in mine:
                if start[n] < code <= addresses[n][1]:
                    own[n] = i
                    start[n] = code
            record += _SIZEOF_FUNCTION
            if i & _STEP == _STEP:
                yield
                if not store.owner:  # closed while others ran
                    return [call for call in calls if call]
        known = {}
        source = module = None
        try:
            for n in mine:
                distance = (addresses[n][1] - start[n]) >> 1  # in halfwords
                if (own[n], distance) not in known:
                    name = offset = None
                    try:
                        if source is None and reopen is not None:
                            source = reopen()
                            module = yield from decode(source.reader().fork(begin, end))
                            if module.imported[FUNC] != imported or module.defined(FUNC) != count:
                                module = None  # it changed: ref.func would look up its imports among the instance's
                        if module is not None:
                            name = yield from function_name(module, imported + own[n])
                            offset = yield from locate(instance, module, own[n], distance)
                    # The file changed, or is closed; heap or stack are full.
                    except (OSError, ValueError, WasmError, MemoryError, RuntimeError):
                        pass
                    known[own[n], distance] = name or imported + own[n], offset
                calls[n] = known[own[n], distance]
                if not store.owner:
                    return [call for call in calls if call]
        finally:
            if source is not None:
                source.close()
    return calls


def _addresses(state, returning):
    # [(offset of the instance_t, an offset inside of the operation under way)]
    ip = engine.get(state + _AT_STATE_IP) - (2 if returning else 0)
    rp = engine.get(state + _AT_STATE_RP)
    at = engine.get(state + _AT_STATE_INSTANCE)
    out = []
    while True:
        out.append((at, ip))
        ip = engine.get(rp)
        if ip == GRANULE + _LEAVE:
            at = engine.get(rp + 4)
            rp += 8
            ip = engine.get(rp)
        if ip == GRANULE or len(out) == FRAMES:  # the stub `done`: the host called
            return out
        rp += 8
        ip -= 2  # it is where the call returns to


def sentence(calls):
    """Frames as text: "in read_sensor at offset 0x1a2, called by main, start"."""
    names = [name if isinstance(name, str) else "function %d" % name for name, _ in calls]
    text = "in " + names[0]
    if calls[0][1] is not None:
        text += " at offset 0x%x" % calls[0][1]
    if len(names) > 1:
        text += ", called by "
    i = 1
    while i < len(names):
        n = i + 1
        while n < len(names) and names[n] == names[i]:
            n += 1
        text += names[i] if n == i + 1 else "%s (%d times)" % (names[i], n - i)
        text += ", " if n < len(names) else ""
        i = n
    return text
