# SPDX-License-Identifier: MIT
"""A change to a client's configuration file: shown as a diff, written whole or not at all, with a backup beside it."""

import contextlib
import difflib
import json
import os
import time
from pathlib import Path

from ..errors import Failed
from .json_edit import with_member, without_member


class Change:
    """What a file says and what it shall say: `old` and `new`. `old` None: there is no file yet."""

    def __init__(self, file, edit):
        self.file = Path(os.path.realpath(file))  # a link stays one
        self.old = self._read()
        try:
            new = edit(self.old or "")
            self.new = new if new or self.old else self.old
        except json.JSONDecodeError as error:
            raise Failed(
                f"{file} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}. It was left alone: "
                "mend it (comments and last commas are no JSON), or add by hand what --print prints"
            ) from None
        except ValueError as error:
            raise Failed(f"{file}: {error}. It was left alone") from None

    def _read(self):
        try:
            with open(self.file, encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise Failed(f"{self.file}: {getattr(error, 'strerror', None) or error}") from None

    @property
    def is_none(self):
        return self.old == self.new

    def diff(self):
        old, new = ((text or "").splitlines() for text in (self.old, self.new))
        return list(difflib.unified_diff(old, new, str(self.file), str(self.file), lineterm="", n=2))

    def write(self):
        """Write it; the path of the backup, None if there was nothing to keep."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            backup = None
            if self.old is not None:
                backup = self.file.with_name(time.strftime(f"{self.file.name}.before-wasmote-%Y%m%d-%H%M%S"))
                self._put(backup, self.old)
            self._put(self.file, self.new)
            return backup
        except OSError as error:
            raise Failed(f"{self.file} was left alone: {error.strerror or error}") from None

    def _put(self, path, text):
        mode = self.file.stat().st_mode & 0o777 if self.file.exists() else 0o600
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline=""
            ) as file:
                file.write(text)
            new.replace(path)
        finally:
            with contextlib.suppress(OSError):
                new.unlink()


def added(file, place, entry):
    """The Change that puts an entry at a place, (member, name)."""
    return Change(file, lambda text: with_member(text, place, entry))


def removed(file, place):
    """The Change that takes it out; a file that is not there, or empty, stays so."""
    return Change(file, lambda text: without_member(text, place) if text.strip() else text)
