"""Functions across the component's border: canon lift, canon lower, resource.drop.

    host ── LiftedFunction ──▶ guest export            values in, value out
    guest import ──▶ LoweredFunction ──▶ host          core values in, core value out

A component instance runs one call at a time, cannot be entered again meanwhile, cannot call out of realloc and
post-return, and is dead after a trap or an abandoned call.
"""

from ..wasm.errors import Trap
from . import types
from .canonical import lift_flat, load, lower_flat, reallocate, store
from .types import MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, PARAMS


class HostImport:
    """A function that the host offers: `type` is its structural text or the digest of that (text.digest)."""

    def __init__(self, type, call):
        self.type = type
        self.call = call


class ImportedFunction:
    """A HostImport as an item of a function index space."""

    def __init__(self, digest, descriptor, call):
        self.digest = digest
        self.descriptor = descriptor
        self.call = call


class LiftedFunction:
    """canon lift: `result = yield from function(*values)`."""

    def __init__(self, cx, digest, descriptor, function, post_return):
        self.cx = cx
        self.digest = digest
        self.descriptor = descriptor
        self.function = function
        self.post_return = post_return

    def __call__(self, *values):
        instance = self.cx.instance
        root = instance.root
        if root.dead or instance.entered:
            raise Trap("cannot enter component instance")
        instance.entered = True
        done = False
        try:
            # All in this generator: each that waits for another takes 300 bytes of a board's C stack.
            cx = self.cx
            d = self.descriptor
            flat = []
            instance.may_leave = False
            if types.flat_count(d, PARAMS) > MAX_FLAT_PARAMS:
                address = yield from reallocate(cx, types.align(d, PARAMS), types.size(d, PARAMS))
                yield from store(cx, d, PARAMS, values, address)
                flat.append(address)
            else:
                yield from lower_flat(cx, d, PARAMS, values, flat)
            instance.may_leave = True
            flat = yield from instance.store.invoke(self.function, flat)
            value = self._lift(flat) if d[3] else None
            if self.post_return is not None:
                instance.may_leave = False
                yield from instance.store.invoke(self.post_return, flat)
                instance.may_leave = True
            if instance.handles.borrowed:
                raise Trap("borrow handles still remain at the end of the call")
            done = True
            return value
        except RuntimeError as error:
            if "recursion" not in str(error):
                raise
            raise Trap("call stack exhausted", "the board's own, by lifting or lowering")
        finally:
            if done:
                instance.entered = False
            else:
                root.dead = True

    call = __call__

    def _lift(self, flat):
        """The result that the core function's results stand for."""
        cx = self.cx
        d = self.descriptor
        cx.left = cx.instance.lift_limit
        at = types.result_at(d)
        if types.flat_count(d, at) > MAX_FLAT_RESULTS:
            cx.check(flat[0], types.size(d, at), types.align(d, at), "return area")
            return load(cx, d, at, flat[0])
        return lift_flat(cx, d, at, iter(flat))


class LoweredFunction:
    """canon lower: `call` is what the core HostFunction of a component function does."""

    def __init__(self, cx, descriptor, callee):
        self.cx = cx
        self.descriptor = descriptor
        self.callee = callee

    def call(self, *flat):
        cx = self.cx
        d = self.descriptor
        if not cx.instance.may_leave:
            raise Trap("cannot leave component instance")
        cx.left = cx.instance.lift_limit
        cx.lenders = None
        flat = iter(flat)
        if types.flat_count(d, PARAMS) > MAX_FLAT_PARAMS:
            address = next(flat)
            cx.check(address, types.size(d, PARAMS), types.align(d, PARAMS), "parameter area")
            values = load(cx, d, PARAMS, address)
        else:
            values = lift_flat(cx, d, PARAMS, flat)
        lenders = cx.lenders
        value = self.callee(*values)
        if lenders is None and not hasattr(value, "send"):
            if not d[3]:
                return None
            if d[types.result_at(d)] > types.STRING:
                result = []
                for _ in lower_flat(cx, d, types.result_at(d), value, result):
                    pass
                return result[0]
        return self._finish(value, flat, lenders)

    def _finish(self, value, flat, lenders):
        """A generator: waits for the value, lowers it, takes lent handles back."""
        cx = self.cx
        d = self.descriptor
        if hasattr(value, "send"):
            value = yield from value
        result = None
        if d[3]:
            at = types.result_at(d)
            cx.instance.may_leave = False
            if types.flat_count(d, at) > MAX_FLAT_RESULTS:
                address = next(flat)
                cx.check(address, types.size(d, at), types.align(d, at), "result area")
                yield from store(cx, d, at, value, address)
            else:
                core = []
                yield from lower_flat(cx, d, at, value, core)
                result = core[0]
            cx.instance.may_leave = True
        if lenders:
            for handle in lenders:
                cx.instance.handles.unlend(handle)
        return result


class ResourceDrop:
    """canon resource.drop."""

    def __init__(self, instance, index):
        self.instance = instance
        self.index = index

    def call(self, *flat):
        if not self.instance.may_leave:
            raise Trap("cannot leave component instance")
        rep = self.instance.handles.drop(flat[0] & 0xFFFFFFFF, self.index)
        if rep is not None:
            self.instance.root.destroy(self.index, rep)
