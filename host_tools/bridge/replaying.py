# SPDX-License-Identifier: MIT
"""`wasmote replay FILE PORT`: what clients said in a recording is said again to a board, and its answers are compared.

Each message is sent when every answer that came before it in the recording has come again: the order is the same, and
the times are whatever the board needs. Questions of the board's are answered as they were. Compared are the answers to
requests, as JSON; notifications are not, for how many there are is a matter of time.
"""

import asyncio
import json
from dataclasses import dataclass, field

from ..errors import CallError, Failed, Misused
from ..hub.client import Client
from ..wire.message import parse

PATIENCE = 60  # seconds for an answer


@dataclass
class Report:
    answers: int = 0  # that were compared
    differences: list = field(default_factory=list)  # sentences


class Event:
    """A line of a recording between a client and the bridge. `message`: None for what is none.

    client    the number of the bridge in the recording and that of its client, as "2.1"; "1" in a recording of one bridge
    """

    def __init__(self, entry, bridge):
        self.client = f"{bridge}.{entry['client']}" if bridge > 1 else str(entry["client"])
        self.said = entry["way"] == "client>bridge"
        self.line = entry["message"].encode(errors="surrogateescape")
        try:
            self.message = parse(self.line)
        except CallError:
            self.message = None


def events(path):
    """The Events of a recording. Failed when it is none."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    found, bridges = [], 0
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if entry["way"] == "start":
                bridges += 1
            elif entry["way"] in ("client>bridge", "bridge>client"):
                found.append(Event(entry, bridges))
        except (ValueError, KeyError, TypeError, AttributeError):
            what = f"{path}: line {number} is none of a recording (wasmote bridge --record FILE makes one)"
            raise Failed(what) from None
    if not any(event.said for event in found):
        raise Failed(f"{path}: no client says anything in it")
    return found


class Player:
    """One client of a recording, again."""

    def __init__(self, front):
        self.client = Client(self._heard)
        self.requests = {}  # id text -> what was asked, for people
        self.answers = {}  # id text -> Message
        self.questions = []  # id texts of the board's questions, as they come
        self.recorded_questions = []  # and as they came in the recording
        self._front = front
        self._news = asyncio.Event()
        front.attach(self.client)

    def _heard(self, text):
        message = parse(text.encode())
        if message.is_reply:
            self.answers[message.id] = message
        elif message.is_request:
            self.questions.append(message.id)
        self._news.set()

    async def say(self, event):
        message, line = event.message, event.line
        if message and message.is_reply and message.id in self.recorded_questions:
            place = self.recorded_questions.index(message.id)
            await self.until(lambda: len(self.questions) > place)
            if len(self.questions) > place:
                line = message.replaced({"id": self.questions[place]}).encode()
        elif message and message.is_request:
            self.requests[message.id] = message.label
            self.answers.pop(message.id, None)
        self._front.receive(self.client, line)

    async def until(self, condition):
        """Wait until something is so, or for too long."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not condition() and (left := end - asyncio.get_running_loop().time()) > 0:
            self._news.clear()
            waiting = asyncio.ensure_future(self._news.wait())
            await asyncio.wait([waiting], timeout=left)
            waiting.cancel()


async def replay(path, front):
    """Plays the clients of a recording to `front`, a Hub or Boards. A Report."""
    players, report = {}, Report()
    story = events(path)
    try:
        for at, event in enumerate(story):
            player = players.get(event.client) or players.setdefault(event.client, Player(front))
            message = event.message
            if event.said:
                await player.say(event)
            elif message and message.is_request:
                player.recorded_questions.append(message.id)
            elif message and message.is_reply:
                if not any(other.said and other.client == event.client for other in story[at:]):
                    front.end_subscriptions(player.client)  # the client was leaving
                await player.until(lambda: message.id in player.answers)  # noqa: B023 - it is over before the next turn
                compare(report, event.client, player, message)
    finally:
        for player in players.values():
            front.detach(player.client)
    return report


def compare(report, client, player, message):
    """Note the differences between an answer in the recording and the one now."""
    report.answers += 1
    what = f"client {client}: {player.requests.get(message.id, 'a message')} (id {message.id})"
    now = player.answers.get(message.id)
    if now is None:
        report.differences.append(f"{what}: no answer within {PATIENCE} s")
        return
    for part in ("result", "error"):
        report.differences += [
            f"{what}: {text}" for text in differences(message.value.get(part), now.value.get(part), part)
        ]


def differences(then, now, path):
    """Sentences about where two JSON values differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        names = [*then, *(name for name in now if name not in then)]
        return [text for name in names for text in differences(then.get(name), now.get(name), f"{path}.{name}")]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [text for number, pair in pairs for text in differences(*pair, f"{path}[{number}]")]
    if then == now and isinstance(then, bool) == isinstance(now, bool):
        return []
    return [f"{path} was {shown(then)}, is {shown(now)}"]


def shown(value):
    text = "absent" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."
