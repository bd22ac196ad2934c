# SPDX-License-Identifier: MIT
"""Whoever asks boards something, and what it has asked."""

import time
from dataclasses import dataclass, field

from . import batch
from .subscriptions import Wishes

LINE_LIMIT = 4 * 1024 * 1024  # bytes of one message of a client that we hold, however it comes
BACKLOG = 16 * 1024 * 1024  # unread bytes after which a client is dropped


@dataclass
class Pending:
    """A request that the board has or will have."""

    client: "Client"
    message: object  # as the client sent it
    at: float = field(default_factory=time.monotonic)
    refused_at: float | None = None  # when the board was too busy for it first
    lost: object = None  # the CallError for its loss, when the board went away and it may be asked a second time


class Client:
    """One MCP client, or another wasmote process (`joined`). `send(text)` writes a line to it and returns at once."""

    def __init__(self, send, joined=False, ours=False):
        self.send = send
        self.joined = joined
        self.ours = ours  # nobody, but the hub that asks something of its own
        self.offers = None  # JSON text of what it said in `initialize` that it can be asked
        self.wishes = Wishes(initialized=joined)
        self.batches = None  # Batches, once it asked for the version that has them
        self.log_level = None  # handshake era: what logging/setLevel said
        self.watches = None  # the level of its wasmote/logs

    def asks_for(self, version):
        """It says initialize for a version of the handshake era: what comes next may come before the answer."""
        if version == batch.VERSION and self.batches is None:
            self.batches = batch.Batches(self.send)
            self.send = self.batches.send
        if self.batches:
            self.batches.allowed = version == batch.VERSION
