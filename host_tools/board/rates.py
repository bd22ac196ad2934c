# SPDX-License-Identifier: MIT
"""What happened on a board between two of its wasmote/info answers: the numbers of `wasmote top`."""

import time

COUNTED = ("calls", "traps", "fuel", "runMs")


class Rates:
    """`look(facts)` → a row for each component: its record, and `perSecond` of what is counted, None the first time."""

    def __init__(self, now=time.monotonic):
        self._now = now
        self._then = None
        self._before = {}
        self._session = None

    def look(self, facts):
        now, elapsed = self._now(), None
        if self._then is not None and facts.get("session") == self._session:  # else it was reset, and counts anew
            elapsed = max(now - self._then, 1e-3)
        rows = []
        for one in facts.get("components", []):
            old = self._before.get(one["name"])
            rate = None
            if elapsed and old and all(one.get(name, 0) >= old.get(name, 0) for name in COUNTED):
                rate = {name: (one.get(name, 0) - old.get(name, 0)) / elapsed for name in COUNTED}
            rows.append({**one, "perSecond": rate})
        self._before = {one["name"]: one for one in rows}
        self._then, self._session = now, facts.get("session")
        return rows
