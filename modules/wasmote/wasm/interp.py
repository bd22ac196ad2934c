"""Runs A16 code where there is no C module. Twin of firmware/wasm/exec.c; as a module, of `_wasm` (modwasm.c).

run() fetches operands and puts results where plan.py says, and does control; what operations do is in functions.py
(numbers), access.py (loads and stores) and bulk.py (memories and tables).
"""

from time import ticks_diff, ticks_us

from micropython import const

from .access import enter_instance
from .arena import (  # noqa: F401 - the interface of _wasm
    GRANULES,
    alloc,
    claim,
    get,
    halves,
    peak,
    put,
    release,
    set,
    shorts,
    used,
    view,
    words,
)
from .arena import reset as reset_arena
from .bulk import METER, callee_of
from .frames import enter, leave  # noqa: F401
from .functions import Trapped
from .memory import memory_grow, memory_new, memory_read, memory_write, table_grow  # noqa: F401
from .plan import EFFECTS, FORMS, KINDS

# A16 numbers, from scripts/make_tables.py
_DONE = const(0)
_SI = const(0)
_TO_S = const(0)
_LEAVE = const(1)
_S = const(1)
_TO_A = const(1)
_SS = const(2)
_TO_L = const(2)
_AS = const(3)
_BACK = const(3)
_ENTER = const(3)
_FORWARD = const(4)
_LL = const(4)
_PAY = const(4)
_LOAD_S = const(5)
_OWN = const(5)
_I = const(6)
_LOAD_A = const(6)
_AI = const(7)
_TO_MEMORY = const(7)
_LI = const(8)
_AT_S = const(9)
_LOAD_L_NEAR = const(9)
_AT_A = const(10)
_TO_MEMORY_WIDE = const(10)
_ALONE = const(11)
_LOAD_WIDE = const(11)
_SA = const(12)
_SL = const(13)
_TO_CELLS = const(13)
_A = const(14)
_TO_FAR_CELL = const(14)
_TO_FAR_CELLS = const(15)
_W = const(15)
_NONE = const(16)
_L = const(17)
_SSS = const(19)
_LLS = const(21)
_W64 = const(22)
_CELL = const(23)
_FAR_CELL = const(25)
_FAR_CELLS = const(26)
_ADD = const(27)
_ADD_I = const(29)
_SHIFT_S = const(30)
_SHIFT_A = const(31)
_AT_AS = const(32)
_AT_SS = const(33)
_AT_SL = const(34)
_BR_TABLE = const(96)
_CALL = const(98)
_CALL_IMPORT = const(99)
_CALL_INDIRECT = const(100)
# end of A16 numbers

# Numbers of the C engine, from scripts/make_tables.py
_TRAP_CALL_STACK_EXHAUSTED = const(10)
_CALL_COST = const(8)
_RUN_DONE = const(0)
_RUN_TRAP = const(1)
_RUN_HOST_CALL = const(2)
_RUN_OUT_OF_FUEL = const(3)
# end of numbers

_BETWEEN_LOOKS = const(64)  # units of fuel: 1.5 ms of a Cortex-M0 at 125 MHz


def handlers():
    """Little-endian halfwords, the first of each A16 operation by number: here the number itself."""
    out = bytearray(2 * len(KINDS))  # no list of them first: there may be no room for it
    for i in range(len(KINDS)):
        out[2 * i] = i & 0xFF
        out[2 * i + 1] = i >> 8
    return bytes(out)


def reset():
    """Forgets all owners and what they own."""
    reset_arena(_DONE, _LEAVE)


def run(state, fuel, us=None):
    """Runs the state_t at offset `state` until DONE, TRAP, HOST_CALL, or OUT_OF_FUEL: after so much, or so many
    microseconds; stores it there again.
    """
    if us is None:
        return _run(state, fuel)
    began = ticks_us()
    at = (state >> 2) + 6
    while True:
        piece = min(fuel, _BETWEEN_LOOKS)
        how = _run(state, piece)
        rest = words[at]
        rest -= (rest & 0x80000000) << 1
        last = piece == fuel
        fuel += rest - piece
        if how != _RUN_OUT_OF_FUEL or last or fuel < 0 or ticks_diff(ticks_us(), began) >= us:
            words[at] = fuel & 0xFFFFFFFF
            return how


def _run(state, fuel):
    w = words
    h = halves
    i = shorts
    kinds = KINDS
    forms = FORMS
    function = EFFECTS
    state >>= 2
    ip = w[state] >> 1  # halfwords
    fp = w[state + 1] >> 2  # words, as rp, cells and instance
    rp = w[state + 2] >> 2
    instance = w[state + 3] >> 2
    cells = enter_instance(instance)
    acc = x = y = 0
    try:
        while True:
            op = h[ip]
            kind = kinds[op]
            # Operands: x and y, n the halfword after them.
            if kind <= _AI:  # four of five operations
                if kind == _SI:
                    x = w[fp + (h[ip + 1] >> 2)]
                    y = h[ip + 2]
                    if y >= 0x8000:
                        y += 0xFFFF0000
                    n = ip + 3
                elif kind == _S:
                    x = w[fp + (h[ip + 1] >> 2)]
                    n = ip + 2
                elif kind == _SS:
                    x = w[fp + (h[ip + 1] >> 2)]
                    y = w[fp + (h[ip + 2] >> 2)]
                    n = ip + 3
                elif kind == _AS:
                    x = acc
                    y = w[fp + (h[ip + 1] >> 2)]
                    n = ip + 2
                elif kind == _LL:
                    x = fp + (h[ip + 1] >> 2)
                    x = w[x] | w[x + 1] << 32
                    y = fp + (h[ip + 2] >> 2)
                    y = w[y] | w[y + 1] << 32
                    n = ip + 3
                elif kind == _OWN:
                    if op == _CALL or op == _CALL_IMPORT or op == _CALL_INDIRECT:
                        if op == _CALL:
                            callee = (w[instance + 1] >> 2) + h[ip + 1]
                            n = ip + 3
                        elif op == _CALL_IMPORT:
                            callee = w[(w[instance + 2] >> 2) + h[ip + 1]] >> 2
                            n = ip + 3
                        else:
                            callee = callee_of(ip + 1, fp, instance)
                            n = ip + 5
                        if fuel <= 0:
                            why = _RUN_OUT_OF_FUEL
                            break
                        x = fp + (h[n - 1 if op != _CALL_INDIRECT else n - 2] >> 2)
                        if w[callee] == 0:
                            fuel -= _CALL_COST
                            w[state + 4] = w[callee + 1]
                            w[state + 5] = x << 2
                            ip = n
                            why = _RUN_HOST_CALL
                            break
                        rp -= 2
                        w[rp] = n << 1
                        w[rp + 1] = fp << 2
                        fp = x
                        ip = w[callee] >> 1
                        if op != _CALL and w[callee + 1] >> 2 != instance:
                            rp -= 2
                            w[rp] = 1026  # the stub `leave`
                            w[rp + 1] = instance << 2
                            w[state + 3] = w[callee + 1]
                            instance = w[callee + 1] >> 2
                            cells = enter_instance(instance)
                    elif op == _ENTER:
                        if fp + (h[ip + 1] >> 2) + 4 > rp:
                            raise Trapped(_TRAP_CALL_STACK_EXHAUSTED)
                        x = fp + (h[ip + 2] >> 2)
                        for n in range(x, x + h[ip + 3]):
                            w[n] = 0
                        fuel -= h[ip + 4]
                        ip += 5
                    elif op == _PAY:
                        if fuel <= 0:
                            why = _RUN_OUT_OF_FUEL
                            break
                        fuel -= h[ip + 1]
                        ip += 2
                    elif op == _BR_TABLE or op == _BR_TABLE + 1:
                        if op == _BR_TABLE:
                            x = acc
                            n = ip + 1
                        else:
                            x = w[fp + (h[ip + 1] >> 2)]
                            n = ip + 2
                        n += 1 + min(x, h[n])
                        x = i[n]
                        ip = n + x
                        if x < 0:
                            fuel += x
                            if fuel < 0:
                                why = _RUN_OUT_OF_FUEL
                                break
                    elif op == _DONE:
                        why = _RUN_DONE
                        break
                    else:
                        if op == _LEAVE:
                            w[state + 3] = fp << 2
                            instance = fp
                            cells = enter_instance(instance)
                        ip = w[rp] >> 1
                        fp = w[rp + 1] >> 2
                        rp += 2
                    continue
                elif kind == _I:
                    x = h[ip + 1]
                    if x >= 0x8000:
                        x += 0xFFFF0000
                    n = ip + 2
                else:  # _AI
                    x = acc
                    y = h[ip + 1]
                    if y >= 0x8000:
                        y += 0xFFFF0000
                    n = ip + 2
            else:
                if kind == _LI:
                    x = fp + (h[ip + 1] >> 2)
                    x = w[x] | w[x + 1] << 32
                    y = i[ip + 2] & 0xFFFFFFFFFFFFFFFF
                    n = ip + 3
                elif kind == _AT_S:
                    x = w[fp + (h[ip + 1] >> 2)] + i[ip + 2] & 0xFFFFFFFF
                    n = ip + 3
                elif kind == _AT_A:
                    x = acc + i[ip + 1] & 0xFFFFFFFF
                    n = ip + 2
                elif kind == _ALONE:
                    METER[0] = fuel
                    try:
                        cut = function[op](ip + 1, fp, instance)
                    finally:
                        fuel = METER[0]
                    if cut:
                        why = _RUN_OUT_OF_FUEL
                        break
                    ip += forms[op]
                    continue
                elif kind == _SA:
                    x = w[fp + (h[ip + 1] >> 2)]
                    y = acc
                    n = ip + 2
                elif kind == _SL:
                    x = w[fp + (h[ip + 1] >> 2)]
                    y = fp + (h[ip + 2] >> 2)
                    y = w[y] | w[y + 1] << 32
                    n = ip + 3
                elif kind == _A:
                    x = acc
                    n = ip + 1
                elif kind == _W:
                    x = h[ip + 1] | h[ip + 2] << 16
                    n = ip + 3
                elif kind == _NONE:
                    n = ip + 1
                elif kind == _L:
                    x = fp + (h[ip + 1] >> 2)
                    x = w[x] | w[x + 1] << 32
                    n = ip + 2
                elif kind <= _LLS:  # selects
                    n = ip + 3
                    y = acc
                    if kind == _SSS or kind == _LLS:
                        y = w[fp + (h[n] >> 2)]
                        n = ip + 4
                    x = fp + (h[ip + 1 if y else ip + 2] >> 2)
                    x = w[x] if kind <= _SSS else w[x] | w[x + 1] << 32
                elif kind == _W64:
                    x = h[ip + 1] | h[ip + 2] << 16 | h[ip + 3] << 32 | h[ip + 4] << 48
                    n = ip + 5
                elif kind <= _FAR_CELLS:
                    x = cells + h[ip + 1]
                    if kind >= _FAR_CELL:
                        x = w[x] >> 2
                    x = w[x] if kind == _CELL or kind == _FAR_CELL else w[x] | w[x + 1] << 32
                    n = ip + 2
                elif kind <= _ADD_I:  # a sum, stored, to be tested
                    x = w[fp + (h[ip + 1] >> 2)] + i[ip + 2] & 0xFFFFFFFF
                    w[fp + (h[ip + 3] >> 2)] = x
                    n = ip + 4
                    if kind != _ADD:
                        y = i[n] & 0xFFFFFFFF if kind == _ADD_I else w[fp + (h[n] >> 2)]
                        n = ip + 5
                elif kind == _SHIFT_S:
                    x = w[fp + (h[ip + 1] >> 2)] << (h[ip + 2] & 31) & 0xFFFFFFFF
                    y = w[fp + (h[ip + 3] >> 2)]
                    n = ip + 4
                elif kind == _SHIFT_A:
                    x = acc << (h[ip + 1] & 31) & 0xFFFFFFFF
                    y = w[fp + (h[ip + 2] >> 2)]
                    n = ip + 3
                elif kind == _AT_AS:
                    x = acc + i[ip + 2] & 0xFFFFFFFF
                    y = w[fp + (h[ip + 1] >> 2)]
                    n = ip + 3
                else:  # _AT_SS, _AT_SL
                    x = w[fp + (h[ip + 1] >> 2)] + i[ip + 3] & 0xFFFFFFFF
                    y = fp + (h[ip + 2] >> 2)
                    y = w[y] if kind == _AT_SS else w[y] | w[y + 1] << 32
                    n = ip + 4

            # The function, and its result.
            form = forms[op]
            if form == _TO_S:
                w[fp + (h[n] >> 2)] = function[op](x, y)
                ip = n + 1
            elif form == _TO_A:
                acc = function[op](x, y)
                ip = n
            elif form == _TO_L:
                x = function[op](x, y)
                y = fp + (h[n] >> 2)
                w[y] = x & 0xFFFFFFFF
                w[y + 1] = x >> 32
                ip = n + 1
            elif form == _BACK:
                if function[op](x, y):
                    x = i[n]
                    ip = n + x
                    fuel += x
                    if fuel < 0:
                        why = _RUN_OUT_OF_FUEL
                        break
                else:
                    ip = n + 1
            elif form == _FORWARD:
                ip = n + h[n] if function[op](x, y) else n + 1
            elif form == _LOAD_S:
                w[fp + (h[n + 1] >> 2)] = function[op](x + h[n])
                ip = n + 2
            elif form == _LOAD_A:
                acc = function[op](x + h[n])
                ip = n + 1
            elif form == _TO_MEMORY:
                function[op](x + h[n], y)
                ip = n + 1
            elif form <= _LOAD_L_NEAR:
                if form == _LOAD_L_NEAR:
                    x = function[op](x + h[n])
                    n += 1
                else:
                    x = function[op](x + (h[n] | h[n + 1] << 16))
                    n += 2
                y = fp + (h[n] >> 2)
                w[y] = x & 0xFFFFFFFF
                w[y + 1] = x >> 32
                ip = n + 1
            elif form == _TO_MEMORY_WIDE:
                function[op](x + (h[n] | h[n + 1] << 16), y)
                ip = n + 2
            elif form == _LOAD_WIDE:
                w[fp + (h[n + 2] >> 2)] = function[op](x + (h[n] | h[n + 1] << 16))
                ip = n + 3
            else:  # globals
                y = cells + h[n]
                if form >= _TO_FAR_CELL:
                    y = w[y] >> 2
                w[y] = x & 0xFFFFFFFF
                if form == _TO_CELLS or form == _TO_FAR_CELLS:
                    w[y + 1] = x >> 32
                ip = n + 1
    except Trapped as trapped:
        w[state + 4] = trapped.code
        why = _RUN_TRAP
    w[state] = ip << 1
    w[state + 1] = fp << 2
    w[state + 2] = rp << 2
    w[state + 6] = fuel & 0xFFFFFFFF
    return why


reset()
