"""Calls that the host begins, on a stack in the arena. Twin of exec_enter and exec_leave in firmware/wasm/exec.c.

entry_t: return record to the stub `done` (2 words), then ip, fp and instance of the run around the call, and one unused.
"""

from micropython import const

from .arena import check_record, words

# Numbers of the C engine, from scripts/make_tables.py
_GRANULE = const(1024)
_SIZEOF_ENTRY = const(24)
# end of numbers
_RECORDS = const(16)  # bytes that `enter` keeps free between frames and records (exec.c)


def enter(state, function, at, args):
    """Begins a call whose frame is at `at`, with words as arguments. Its entry, for leave(); 0: call stack exhausted."""
    args = [word & 0xFFFFFFFF for word in args]  # raises before there is an entry: nobody would leave it
    s = state >> 2
    f = function >> 2
    entry = words[s + 2] - _SIZEOF_ENTRY
    if at + 4 * len(args) + _RECORDS > entry:
        return 0
    e = entry >> 2
    words[e] = _GRANULE  # where the stub lies
    words[e + 1] = at
    words[e + 2] = words[s]
    words[e + 3] = words[s + 1]
    words[e + 4] = words[s + 3]
    words[e + 5] = 0
    words[s] = words[f]
    words[s + 1] = at
    words[s + 2] = entry
    words[s + 3] = words[f + 1]
    at >>= 2
    for word in args:
        words[at] = word
        at += 1
    return entry


def leave(state, entry):
    """Ends it, however far it came: the state is as before."""
    check_record(entry, _SIZEOF_ENTRY)
    s = state >> 2
    e = entry >> 2
    words[s] = words[e + 2]
    words[s + 1] = words[e + 3]
    words[s + 2] = entry + _SIZEOF_ENTRY
    words[s + 3] = words[e + 4]
