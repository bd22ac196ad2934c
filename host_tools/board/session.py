# SPDX-License-Identifier: MIT
"""Asks a board: requests with awaited results, over a hub of our own or through the process that owns the port.

    async with session(url) as board:
        info = await board.request("wasmote/info")

The hub of a command that owns the port lets nobody else in, unless it stays: it is gone in a moment.
"""

import asyncio
import contextlib
import itertools
import json

from ..errors import Away, CallError
from ..hub.client import Client
from ..hub.shared_hub import SharedHub
from ..wire.message import parse, request_text


class Session:
    """A client of a hub in the same process."""

    def __init__(self, hub):
        self._hub = hub
        self._client = Client(self._receive)
        self._ids = itertools.count(1)
        self._answers = {}  # id -> future
        self._progress = {}  # id, which is the progress token too -> callback(params)
        self.on_notification = lambda message: None
        hub.attach(self._client)

    async def request(self, method, params=None, on_progress=None):
        """The result; CallError when the answer is an error. Cancelling this cancels the request on the board."""
        number = next(self._ids)
        params = dict(params or {})
        if on_progress:
            params["_meta"] = {**params.get("_meta", {}), "progressToken": number}
            self._progress[number] = on_progress
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(number, method, params)
            return await answer
        except asyncio.CancelledError:
            self._send(None, "notifications/cancelled", {"requestId": number})
            raise
        finally:
            self._answers.pop(number, None)
            self._progress.pop(number, None)

    def _send(self, number, method, params):
        text = request_text(None if number is None else str(number), method, params)
        self._hub.receive(self._client, text.encode())

    def _receive(self, text):
        message = parse(text.encode())
        if message.method == "notifications/progress":
            self._progress.get(message.params.get("progressToken"), lambda params: None)(message.params)
        elif message.method:
            self.on_notification(message)
        else:
            answer = self._answers.get(message.value.get("id"))
            if answer is None or answer.done():
                return
            if "result" in message.value:
                answer.set_result(message.value["result"])
            else:
                answer.set_exception(call_error(message.value["error"]))

    def close(self):
        self._hub.detach(self._client)


def call_error(error):
    """The CallError for the "error" member of an answer."""
    if not isinstance(error, dict):
        return CallError(0, json.dumps(error))
    return CallError(error.get("code", 0), str(error.get("message", "no message")), error.get("data"))


@contextlib.asynccontextmanager
async def session(url, say=lambda text: None, door=False):
    """A Session with the board at `url`. Away (one line) when the board cannot be reached at all.

    door    others may join it: for commands that stay
    """
    hub = SharedHub(url, say, door)
    running = asyncio.ensure_future(hub.run(forever=False))
    client = Session(hub)
    try:
        asking = asyncio.ensure_future(client.request("wasmote/info"))
        await asyncio.wait([asking, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            asking.cancel()
            try:
                running.result()
            except Away as error:
                raise Away(f"{url.rstrip(':')}: {error}") from None
        asking.result()
        yield client
    finally:
        client.close()
        await hub.connection.flush()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await hub.close()
