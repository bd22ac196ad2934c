# SPDX-License-Identifier: MIT
"""A component's configuration as the options of a command say it. The board checks what each member may be."""

import json
from pathlib import Path

from wasmote.jsonrpc.codes import NOT_FOUND

from ..errors import CallError, Misused

_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}


def from_options(file=None, unset=(), **options):
    """What to change: a function from the configuration that a component has to the one that it shall have, or None.

    file       JSON file that is the configuration to begin with
    unset      members that go back to the board's defaults
    options    allow, env, args, files, …: lists of strings as typed, or numbers; empty or None for what stays
    """
    given = {name: value for name, value in options.items() if value is not None and value != []}
    if file is None and not unset and not given:
        return None
    variables = dict(map(_variable, given.pop("env", [])))
    for name in ("files", "store"):
        if name in given:
            given[name] = _size(given[name], f"--{name}")
    whole = None if file is None else _read(file)

    def change(config):
        config = dict(config if whole is None else whole)
        for name in unset:
            config.pop(name, None)
        config.update(given)
        if variables:
            config["env"] = {**config.get("env", {}), **variables}
        return config

    return change


async def changed(board, name, change):
    """The configuration that `change` makes of the one that a component on the board has, if it is there."""
    try:
        return change((await board.configuration(name))["config"])
    except CallError as error:
        if error.code != NOT_FOUND:
            raise
        return change({})


def _variable(text):
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Misused(f"--env {text}: a variable is NAME=VALUE, like --env LEVEL=debug")
    return name, value


def _size(text, option):
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not number.isdecimal() or unit not in _UNITS:
        raise Misused(f"{option} {text}: a size is a number of bytes, or of KiB or MiB with K or M, like 16K")
    return int(number) * _UNITS[unit]


def _read(file):
    try:
        config = json.loads(Path(file).read_bytes())
    except OSError as error:
        raise Misused(f"{file}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise Misused(f"{file} is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise Misused(f'{file} must hold one JSON object, like {{"env": {{"UNIT": "C"}}}}')
    return config
