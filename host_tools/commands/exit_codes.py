# SPDX-License-Identifier: MIT
"""How every `wasmote` command ends: four numbers, and no others. A bridge ends with the same."""

from ..errors import ABSENCE, Away, CallError, Misused

GOOD = 0
FAILED = 1
MISUSED = 2
AWAY = 3
INTERRUPTED = 130

MEANINGS = (
    (GOOD, "done"),
    (FAILED, "it failed: the board refused it, the tool failed, a check of `doctor` did"),
    (MISUSED, "the command line is wrong: an option, a PORT, an argument"),
    (AWAY, "the board cannot be reached, or was lost on the way: trying again later may help"),
    (INTERRUPTED, "Ctrl-C; for `bridge` and `emulate`, which end so, it is 0"),
)


def exit_code(error):
    """The code for a Failed."""
    if isinstance(error, Misused):
        return MISUSED
    lost = isinstance(error, CallError) and error.code in ABSENCE
    return AWAY if lost or isinstance(error, Away) else FAILED
