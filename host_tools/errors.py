# SPDX-License-Identifier: MIT
"""What can go wrong on the PC, each with a sentence that says what it is and what to do about it."""

from wasmote.jsonrpc.codes import BOARD_LOST, BOARD_SILENT

ABSENCE = (BOARD_LOST, BOARD_SILENT)  # codes of answers without the board: the same may work later


class Failed(Exception):
    """A command cannot go on; its text is the one line a user reads. Trying again without a change is no use."""


class Misused(Failed):
    """What was typed cannot be meant: an option, a port, an argument."""


class Away(Failed):
    """The board cannot be reached now; it may be back later."""


class CallError(Failed):
    """A JSON-RPC error answer: `code`, `data` (None when there is none), and the message as text.

    `id_text`: the id of the request, where it is known to who found the error and to nobody else.
    """

    def __init__(self, code, message, data=None, id_text=None):
        super().__init__(message)
        self.code = code
        self.data = data
        self.id_text = id_text

    def as_json(self):
        error = {"code": self.code, "message": str(self)}
        if self.data is not None:
            error["data"] = self.data
        return error


def board_away(port, message, since):
    """The answer to whatever is asked of a board that is not there. `since`: ISO time of the loss."""
    return CallError(BOARD_SILENT, message, {"kind": "board-away", "port": port, "since": since})


def board_handed_over(port, name, to, since):
    """The answer to whatever is asked of a board whose port another program has. `name`: the port, or more than that."""
    text = f"{name}: the board is handed over to {to} since {since}; it is back when that ends"
    return CallError(BOARD_SILENT, text, {"kind": "board-handed-over", "port": port, "since": since, "to": to})


def board_lost(port, message, since):
    """The answer to what was running when the board went away: nobody knows how far it came."""
    return CallError(BOARD_LOST, message, {"kind": "board-lost", "port": port, "since": since})


def board_reset(port, name, what, session):
    """The answer to what was running when the board was reset."""
    text = f"{name}: the board was reset while {what} was running; it is up again. Nothing is repeated by itself: ask again"
    return CallError(BOARD_LOST, text, {"kind": "board-reset", "port": port, "session": session})
