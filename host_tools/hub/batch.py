# SPDX-License-Identifier: MIT
"""Batches, which MCP has in 2025-03-26 and in no other version: arrays of messages (JSON-RPC 2.0, section 6).

A board that is shared sees none: each message in one goes its own way through the hub, and the answers are gathered and
sent as one array when the last is there.
"""

import collections

from wasmote.jsonrpc.codes import INVALID_REQUEST

from ..errors import CallError
from ..wire.message import error_text, parse, read

VERSION = "2025-03-26"


def member(data):
    """A message of a batch. Raises CallError for what cannot be part of one."""
    message = read(data)
    if message.method == "initialize" or message.version is not None:
        what = "initialize and requests of the modern era cannot be part of a batch"
        raise CallError(INVALID_REQUEST, what, id_text=message.id)
    return message


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
                message = member(text.encode())
            except CallError as error:
                answers.append(error_text(error.id_text, error))
                continue
            if message.is_request:
                due[message.id] += 1
            take(message)
        self._answered(batch, None)

    def send(self, text):
        message = parse(text.encode()) if self._open else None
        for batch in self._open if message and message.is_reply else ():
            if message.id in batch[0]:
                batch[1].append(text)
                self._answered(batch, message.id)
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
