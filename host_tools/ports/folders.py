# SPDX-License-Identifier: MIT
"""Folders of this user's, made when they are missing: what runs now, and what stays."""

import os
import sys
import tempfile
from pathlib import Path

from ..errors import Failed


def runtime_folder():
    """A folder that only this user can read: WASMOTE_RUNTIME_DIR, or where the system keeps such things."""
    base = os.environ.get("WASMOTE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR")
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(base) / "wasmote" if base else Path(tempfile.gettempdir()) / f"wasmote-{user}"
    _make(folder, "WASMOTE_RUNTIME_DIR", mode=0o700)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise Failed(f"{folder} belongs to another user: set WASMOTE_RUNTIME_DIR to a folder of your own")
    return folder


def data_folder():
    """Where this user's emulated flash images are kept: WASMOTE_DATA_DIR, or the system's place for such data."""
    if path := os.environ.get("WASMOTE_DATA_DIR"):
        folder = Path(path)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "wasmote"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library/Application Support/wasmote"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "wasmote"
    _make(folder, "WASMOTE_DATA_DIR")
    return folder


def _make(folder, setting, mode=0o777):
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise Failed(f"{folder}: {error.strerror or error}: set {setting} to a folder of your own") from None
