"""Paths of wasi:filesystem: relative to a directory, and never out of it.

A directory is its path below the guest's folder: "" the folder itself, "a/b" one in it. Steps are checked one by one, so
`missing/..` is no way around. The flash of a board has no symbolic links; where a PC's has (the unix build), none is followed.
"""

import os
import sys

from micropython import const

from . import failures
from .failures import Failure

_NAME = const(64)  # bytes of a name
_PATH = const(255)  # bytes of a path
_DEPTH = const(8)  # directories in each other
_DIRECTORY = const(0x4000)  # in a mode
LINK = const(0xA000)


def resolve(root, base, path):
    """What `path` leads to from the directory `base`, below the folder `root`. Only its last step may be missing."""
    if "\0" in path:
        raise Failure(failures.ILLEGAL_BYTE_SEQUENCE, "a path has a NUL in it")
    if len(path.encode()) > _PATH:
        raise Failure(failures.NAME_TOO_LONG, "a path of more than %d bytes" % _PATH)
    if path.startswith("/"):
        raise Failure(failures.NOT_PERMITTED, "an absolute path")
    if not path:
        raise Failure(failures.NO_ENTRY, "an empty path")
    found = base
    kind = _DIRECTORY
    below = 0
    for name in path.split("/"):
        if kind is None:  # something is to be in what is not there; a slash at the end is for the caller to judge
            if name:
                raise Failure(failures.NO_ENTRY, "no directory " + found)
            continue
        if kind != _DIRECTORY:
            raise Failure(failures.NOT_DIRECTORY, "no directory " + found)
        if name == "" or name == ".":
            continue
        if name == "..":
            if below == 0:
                raise Failure(failures.NOT_PERMITTED, "a path out of its directory")
            below -= 1
            at = found.rfind("/")
            found = found[:at] if at >= 0 else ""
            continue
        if len(name.encode()) > _NAME:
            raise Failure(failures.NAME_TOO_LONG, "a name of more than %d bytes" % _NAME)
        check_depth(found)
        found = found + "/" + name if found else name
        below += 1
        kind = mode(root, found)
        if kind == LINK:
            raise Failure(failures.NOT_PERMITTED, "a symbolic link")
    return found


def check_depth(path):
    """Refused if a directory is too deep, or would be."""
    if path.count("/") >= _DEPTH:
        raise Failure(failures.NAME_TOO_LONG, "more than %d directories in each other" % _DEPTH)


def ends_in_dot(path):
    """True if the last step of a path is `.`: what it leads to is not named by it."""
    path = path.rstrip("/")
    return path[path.rfind("/") + 1 :] == "."


def mode(root, path):
    """The kind of what is there: 0x4000 for a directory, LINK for a symbolic link; None for nothing."""
    place = on_flash(root, path)
    try:
        if _LINKS and _is_link(place):
            return LINK
        return os.stat(place)[0] & 0xF000
    except OSError:
        return None


def on_flash(root, path):
    """Where a path below the folder is. "/3" is none of a guest's: file 3 beside the folder, see Folder.hide."""
    if path.startswith("/"):
        return root + ".open" + path[1:]
    return root + "/" + path if path else root


_LINKS = sys.platform == "linux"


def _is_link(place):
    if hasattr(os, "readlink"):  # CPython
        return os.path.islink(place)
    at = place.rfind("/")
    for entry in os.ilistdir(place[:at] or "/"):
        if entry[0] == place[at + 1 :]:
            return entry[1] == LINK
    return False
