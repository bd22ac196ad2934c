"""Functions across the component's border: canon lift, canon lower, resource.drop.

    host ── LiftedFunction ──▶ guest export            values in, value out
    guest import ──▶ LoweredFunction ──▶ host          core values in, core value out
    guest import ──▶ LoweredFunction ──▶ LiftedFunction ──▶ guest export of another component instance

A component instance runs one call at a time, cannot be entered again meanwhile, cannot call out of realloc and
post-return, and is dead after a trap or an abandoned call, with all that were loaded with it.
"""

from micropython import const

from ..wasm.errors import Trap, too_deep
from ..wasm.externs import HostFunction
from ..wasm.values import function_at
from .canonical import lift_flat, load
from .lowering import lower_flat, reallocate, scalar, store
from .types import align, flat_count, result_at, size

# Of types.py: constants of another module would be looked up each time.
_MAX_FLAT_PARAMS = const(16)
_MAX_FLAT_RESULTS = const(1)
_PARAMS = const(4)
_STRING = const(0x73)
_I32 = b"\x7f"


class HostImport:
    """A function that the host offers: `type` is its structural text or the digest of that (text.digest); None: it is what
    the component says, for a function that wants a resource which no component ever has."""

    def __init__(self, type, call):
        self.type = type
        self.call = call


class ImportedFunction:
    """A HostImport as an item of a function index space. `t` is its type while the component loads (table.py)."""

    def __init__(self, t, digest, descriptor, call):
        self.t = t
        self.digest = digest
        self.descriptor = descriptor
        self.call = call


class LiftedFunction:
    """canon lift: `result = yield from function(*values)`. `t` is its type while the component loads (table.py).

    function, post_return    offsets of their records in the arena, 0: no post-return. A component has up to 14 of them, most
                             of which are never called: as objects they would be 450 bytes of a board's heap
    """

    def __init__(self, cx, digest, descriptor, function, post_return):
        self.cx = cx
        self.digest = digest
        self.descriptor = descriptor
        self.function = function
        self.post_return = post_return

    def __call__(self, *values):
        return self.run(values)

    call = __call__

    def run(self, values, lowered=None):
        """A generator: one call. `values` are the arguments, the result is the function's.

        Called by another component instance, through its LoweredFunction `lowered`, `values` is an iterator over the
        core arguments, and the result is the core one or None: the caller's memory is read once this instance is
        entered, and written before post-return runs.
        """
        # All in this generator: each that waits for another takes 300 bytes of a board's C stack.
        cx = self.cx
        instance = cx.instance
        caller = lowered.cx.instance if lowered else None
        if caller and (caller.within(instance) or instance.within(caller)):
            raise Trap("cannot enter component instance")  # definitions.py would let it, its test suite does not yet
        common = instance.enter(caller)
        done = False
        try:
            d = self.descriptor
            handles = instance.handles
            handles.begin()
            if lowered:
                core = values
                values = lowered.lift(core, cx)
                lenders = lowered.cx.lenders
            cx.other = lowered.cx if lowered else None
            flat = []
            instance.may_leave = False
            if flat_count(d, _PARAMS) > _MAX_FLAT_PARAMS:
                address = yield from reallocate(cx, align(d, _PARAMS), size(d, _PARAMS))
                yield from store(cx, d, _PARAMS, (values,), address)
                flat.append(address)
            else:
                steps = lower_flat(cx, d, _PARAMS, values, flat)
                if steps is not None:
                    yield from steps
            instance.may_leave = True
            values = steps = None
            guest = instance.store
            flat = guest.start(function_at(guest, self.function), flat)
            if flat is None:
                flat = yield from guest.finish()
            cx.other = lowered.cx if lowered else None
            value = self._lift(flat) if d[3] else None
            handles.end()
            if lowered:
                value = yield from lowered.finish(value, core, lenders, cx)
            if self.post_return:
                instance.may_leave = False
                if guest.start(function_at(guest, self.post_return), flat) is None:
                    yield from guest.finish()
                instance.may_leave = True
            done = True
            return value
        except RuntimeError as error:
            if not too_deep(error):
                raise
            raise Trap("call stack exhausted", "the board's own, by lifting or lowering")
        finally:
            if done:
                instance.leave(common)
            else:
                instance.root.dead = True

    def _lift(self, flat):
        """The result that the core function's results stand for."""
        cx = self.cx
        d = self.descriptor
        cx.left = cx.instance.lift_limit
        at = result_at(d)
        if flat_count(d, at) > _MAX_FLAT_RESULTS:
            cx.check(flat[0], size(d, at), align(d, at), "return area")
            return load(cx, d, at, flat[0])
        return lift_flat(cx, d, at, iter(flat))


class LoweredFunction(HostFunction):
    """canon lower: a component function as a core one, of the type (params, results).

    `callee` is a LiftedFunction of any component instance, or what an ImportedFunction calls.
    """

    def __init__(self, cx, params, results, descriptor, callee):
        super().__init__(cx.instance.store, params, results)
        self.cx = cx
        self.descriptor = descriptor
        self.crosses = isinstance(callee, LiftedFunction)
        self.callee = callee if self.crosses else callee.call

    def call(self, *flat):
        cx = self.cx
        if not cx.instance.may_leave:
            raise Trap("cannot leave component instance")
        flat = iter(flat)
        if self.crosses:
            return self.callee.run(flat, self)
        values = self.lift(flat, None)
        lenders = cx.lenders
        value = self.callee(*values)
        if lenders is None and not hasattr(value, "send"):
            d = self.descriptor
            if not d[3]:
                return None
            at = result_at(d)
            if d[at] > _STRING:
                return scalar(cx, d, at, value)
        return self.finish(value, flat, lenders, None)

    def lift(self, flat, other):
        """The arguments, from an iterator over the core ones; the handles that they lend are in cx.lenders.

        `other` is the Context of the callee, None if that is the host.
        """
        cx = self.cx
        d = self.descriptor
        cx.left = cx.instance.lift_limit
        cx.lenders = None
        cx.other = other
        if flat_count(d, _PARAMS) > _MAX_FLAT_PARAMS:
            address = next(flat)
            cx.check(address, size(d, _PARAMS), align(d, _PARAMS), "parameter area")
            return load(cx, d, _PARAMS, address)
        return lift_flat(cx, d, _PARAMS, flat)

    def finish(self, value, flat, lenders, other):
        """A generator: waits for the value, lowers it, takes lent handles back. Returns the core result or None."""
        cx = self.cx
        d = self.descriptor
        if hasattr(value, "send"):
            value = yield from value
        result = None
        if d[3]:
            at = result_at(d)
            cx.other = other
            cx.instance.may_leave = False
            if flat_count(d, at) > _MAX_FLAT_RESULTS:
                address = next(flat)
                cx.check(address, size(d, at), align(d, at), "result area")
                yield from store(cx, d, at, (value,), address)
            else:
                core = []
                steps = lower_flat(cx, d, at, value, core)
                if steps is not None:
                    yield from steps
                result = core[0]
            cx.instance.may_leave = True
        if lenders:
            for handle in lenders:
                cx.instance.handles.unlend(handle)
        return result


class ResourceFunction(HostFunction):
    """A core function of one i32 for the resource type `index`, by its number, of a component instance."""

    def __init__(self, instance, index, results):
        super().__init__(instance.store, _I32, results)
        self.instance = instance
        self.index = index


class ResourceDrop(ResourceFunction):
    """canon resource.drop."""

    def call(self, handle):
        """None, or what has to be waited for: a destructor of a guest's, or of the host's."""
        instance = self.instance
        if not instance.may_leave:
            raise Trap("cannot leave component instance")
        rep = instance.handles.drop(handle & 0xFFFFFFFF, self.index)
        if rep is None:
            return None
        return instance.root.destroy(self.index, rep, instance)
