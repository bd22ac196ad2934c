# SPDX-License-Identifier: MIT
"""Who owns a port: one process per board, and where others of the same user find it.

    claim = claim(identity)        None when another process owns the board
    claim.publish(tcp=[host, port], token=…)    others may join there
    claim.publish(url="tcp:…")     the board itself is to be found there (wasmote emulate)
    claim.publish(to="mpremote")   another program has it (handover.py)
    holder(identity)               what the owner published, {} when it published nothing

A claim is a lock on a file of the user's run-time folder, so it ends with the process, however that ends.
"""

import contextlib
import hashlib
import json
import os

from .folders import runtime_folder

try:
    import fcntl

    def _lock(file):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except ImportError:
    import msvcrt

    def _lock(file):
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


def _files(identity):
    name = hashlib.sha256(identity.encode()).hexdigest()[:20]
    folder = runtime_folder()
    return folder / f"{name}.lock", folder / f"{name}.json"


class Claim:
    """Ownership of one board, until `release()` or the end of the process."""

    def __init__(self, identity, lock, entry):
        self.identity = identity
        self._lock = lock
        self._entry = entry
        self.publish()

    def publish(self, **facts):
        text = json.dumps({"board": self.identity, "pid": os.getpid(), **facts})
        new = self._entry.with_suffix(f".{os.getpid()}")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(self._entry)

    def release(self):
        with contextlib.suppress(OSError):
            self._entry.unlink()
        self._lock.close()


def claim(identity):
    """A Claim, or None when another process has it."""
    lock_file, entry = _files(identity)
    lock = open(lock_file, "a")  # noqa: SIM115 - it stays open as long as the claim
    try:
        _lock(lock)
    except OSError:
        lock.close()
        return None
    return Claim(identity, lock, entry)


def holder(identity):
    """What the owner published: {"pid", and "tcp" with "token", or "url"}; {} when there is nothing to read."""
    try:
        return json.loads(_files(identity)[1].read_text())
    except (OSError, ValueError):
        return {}


def running():
    """What the owners of boards published: [{"board", "pid", …}], one for each process that is alive."""
    entries = []
    for entry in sorted(runtime_folder().glob("*.json")):
        try:
            facts = json.loads(entry.read_text())
            if _held(entry.with_suffix(".lock")):
                entries.append(facts)
        except (OSError, ValueError):
            pass  # it ended while we looked
    return entries


def _held(lock_file):
    """Whether a process has this lock. We have it for an instant if nobody does."""
    with open(lock_file, "a") as lock:
        try:
            _lock(lock)
        except OSError:
            return True
    return False
