"""What the names `[constructor]r`, `[method]r.f` and `[static]r.f` promise of a function (Binary.md, "Import and Export Definitions")."""

from ..wasm.errors import Invalid
from .binary import FUNC, TYPE
from .types import BORROW, OWN, RESULT


def check_annotated(name, sort, item, table, known, at):
    """Raises Invalid unless the function keeps them. `known`: what stands beside it, {name: (sort, item)}, with the resource."""
    if sort != FUNC:
        raise Invalid("`%s` is not a func" % name, at)
    t = item if isinstance(item, int) else item.t
    kind, rest = name[1:].split("]")
    label = rest.split(".")[0]
    if kind == "constructor":
        found = table.result_of(t)
        if not found:
            raise Invalid("`%s` should return one value" % name, at)
        if table.code(found) == RESULT:
            found = table.result_of(found)
        if not found or table.code(found) != OWN:
            raise Invalid("`%s` should return `(own $T)` or `(result (own $T))`" % name, at)
    elif kind == "method":
        found = table.self_of(t)
        if not found:
            raise Invalid("`%s` should have a first argument called `self`" % name, at)
        if table.code(found) != BORROW:
            raise Invalid("`%s` should take a first argument of `(borrow $T)`" % name, at)
    else:
        found = 0
    sort, resource = known.get(label, (FUNC, 0))
    if sort != TYPE or not table.is_resource(resource):
        raise Invalid("`%s`: resource `%s` is not known in this context" % (name, label), at)
    if found and table.resource_of(found) != table.resource_of(resource):
        raise Invalid("`%s` does not match expected resource name `%s`" % (name, label), at)
