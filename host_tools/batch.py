# SPDX-License-Identifier: MIT
"""Batches, which MCP has in 2025-03-26 and in no other version: arrays of messages (JSON-RPC 2.0, section 6).

A board that is shared sees none: each message in one goes its own way through the hub, and the answers are gathered and
sent as one array when the last is there.
"""

import collections

from wasmote.jsonrpc.codes import INVALID_REQUEST

from .errors import CallError
from .message import error_text, parse

VERSION = "2025-03-26"


def parsed(text):
    """A message of a batch. Raises CallError for what cannot be part of one."""
    message = parse(text.encode())
    if message.method == "initialize":
        raise CallError(INVALID_REQUEST, "initialize cannot be part of a batch")
    return message


def is_answered(message):
    """Whether anything is answered to a message, be it an error."""
    return message.is_request or not (message.is_reply or isinstance(message.method, str))


class Batches:
    """The open batches of one client. `send(text)` writes to it; `allowed`: its version has batches."""

    def __init__(self, send):
        self.allowed = True
        self._write = send
        self._open = []  # (Counter of id texts for which an answer is to come, the answers so far)

    def serve(self, texts, take):
        """Serve the messages of a batch, given as texts: `take(message)` serves one."""
        due, answers = batch = collections.Counter([None]), []  # None: it is still being read
        self._open.append(batch)
        for text in texts:
            try:
                message = parsed(text)
            except CallError as error:
                answers.append(error_text(None, error))
                continue
            if is_answered(message):
                due[message.id or "null"] += 1
            take(message)
        self._answered(batch, None)

    def send(self, text):
        message = parse(text.encode()) if self._open else None
        for batch in self._open if message and message.is_reply else ():
            if (message.id or "null") in batch[0]:
                batch[1].append(text)
                self._answered(batch, message.id or "null")
                return
        self._write(text)

    def cancelled(self, id_text):
        """Nothing is answered to a request that its client cancelled."""
        for batch in list(self._open):
            if id_text in batch[0]:
                self._answered(batch, id_text)

    def _answered(self, batch, id_text):
        due, answers = batch
        due -= collections.Counter([id_text])
        if not due:
            self._open.remove(batch)
            if answers:
                self._write(f"[{','.join(answers)}]")
