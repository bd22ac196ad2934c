"""What a guest holds of one kind: a bounded table whose indices are the reps of a resource."""

from ...wasm import Trap


class Slots:
    """At most `most` objects; `what` they are called."""

    def __init__(self, what, most):
        self.what = what
        self.most = most
        self.held = []

    def full(self):
        return len(self.held) == self.most and None not in self.held

    def add(self, thing):
        """The rep of a new one."""
        if None in self.held:
            rep = self.held.index(None)
            self.held[rep] = thing
            return rep
        if len(self.held) == self.most:
            raise Trap("too many %s" % self.what, "%d at most: drop those that are not needed" % self.most)
        self.held.append(thing)
        return len(self.held) - 1

    def __getitem__(self, rep):
        return self.held[rep]

    def drop(self, rep):
        """Returns what it was."""
        thing = self.held[rep]
        self.held[rep] = None
        return thing
