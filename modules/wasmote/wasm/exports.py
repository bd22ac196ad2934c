"""What an instance exports (core specification 4.2.10), by name."""

from .externs import Global
from .types import FUNC, GLOBAL
from .values import function_at


class Exports:
    """A mapping from names to Functions, Tables, Memories and Globals, each made when it is asked for.

    A name costs a string and a small int: modules with hundreds of exports have to fit a board's heap.
    """

    def __init__(self, instance, module, cells):
        self._instance = instance
        self._places = module.exports
        self._externs = instance.externs
        if any([place & 3 == GLOBAL for place in self._places.values()]):
            self._globals = module.globals
            self._cells = cells

    def __getitem__(self, name):
        place = self._places[name]
        kind = place & 3
        index = place >> 2
        instance = self._instance
        if kind == FUNC:
            return function_at(instance.store, instance.function_offset(index))
        externs = self._externs[kind]
        if kind != GLOBAL or index < len(externs):
            return externs[index]
        return Global(instance.store, instance.globals + 4 * self._cells[index], *self._globals[index])

    def get(self, name, default=None):
        """What `name` is, or `default`."""
        return self[name] if name in self._places else default

    def __contains__(self, name):
        return name in self._places

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def keys(self):
        """The names."""
        return self._places.keys()

    def clear(self):
        """Forgets all names, and the instance its exports, for the heap's sake."""
        self._instance.exports = None
        self._places = {}
        self._externs = self._globals = self._cells = ()
