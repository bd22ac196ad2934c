# SPDX-License-Identifier: MIT
"""One board behind a port: opened, greeted, listened to, and opened again whenever it goes away.

    opening ──greeted──▶ ready ──lost──▶ opening … every attempt that fails makes it `away` until the next one

The greeting is wasmote/info: its answer proves that the other end is a wasmote board. A board that we started announces
itself (wasmote/ready) first; others are simply asked. `session` is new at each boot, which is how a reset is noticed.
The greeting is a line; a board whose info has a "link" is spoken to in frames from then on (framing.py).
"""

import asyncio
import contextlib
import datetime
import json
import re
import time

from wasmote.link.framed import VERSION

from ..errors import Away, CallError
from .framing import Link
from .message import parse, request_text
from .within import within

BOOT_SECONDS = 60  # an emulated board on a busy machine
ASK_AT = (0, 1, 2, 4)  # seconds at which a board is asked, for opening its port may have reset it …
ASK_BOOTING_AT = (4, 8, 16, 32)  # … and one that we started, should its announcement be lost
ANSWER_SECONDS = 8  # … until it is given up
PAUSES = (0.2, 0.5, 1)  # seconds between attempts; the last again and again
GRACE = 3  # seconds after a loss in which questions wait instead of failing: the time of a reset
LOST = 8  # seconds without a frame, though one is due, before a link counts as lost,
LOST_BOOTING = 30  # that of a board that we started longer: it would be started again
SILENCE = 30  # seconds without a byte while something is asked before the board counts as hung
_PROMPT = b">>> "
_REBOOTED = b"soft reboot"
_NO_WASMOTE = "a MicroPython prompt answers, but no wasmote starts there: flash wasmote's firmware (make firmware)"


class Connection:
    """Calls `on_message(Message)`, `on_ready(new_session)` and `on_lost()`; `send(text)` when `state` is "ready"."""

    def __init__(self, port, on_message, on_ready, on_lost, say=lambda text: None):
        self.port = port
        self.state = "opening"
        self.reason = ""  # why it is away; empty until something went wrong
        self.lost_at = time.time()
        self.info = {}
        self.session = None
        self.busy = lambda: False  # whether an answer is expected
        self._on_message, self._on_ready, self._on_lost, self._say = on_message, on_ready, on_lost, say
        self._stream = None
        self._link = None
        self._outgoing = asyncio.Queue()
        self._heard = time.monotonic()
        self._checks = 0
        self._resetting = 0.0
        self._failed = 0  # attempts since the board was last there
        self.tap = None  # tap(way, text) is told of every message: see bridge/recording.py
        self.lent_to = None  # who has the port while we keep out of the way

    @property
    def since(self):
        """Since when the board is away, for a person and for a program."""
        return datetime.datetime.fromtimestamp(self.lost_at).astimezone().isoformat(timespec="seconds")

    @property
    def waiting_is_sensible(self):
        """Whether the board may be there in a moment: its first attempt runs, or it was there a moment ago."""
        if self.lent_to:
            return False
        first = self.state == "opening" and self._failed == 0
        return first or (self.session is not None and time.time() - self.lost_at < GRACE)

    def told(self, name):
        """An object of the board's info, {} when the board gave none."""
        return _dict(self.info.get(name))

    async def run(self, forever=True):
        """Keep the board connected until cancelled. Failed ends it; Away too when not `forever` and never connected."""
        while True:
            self.state = "opening"
            try:
                await self._open()
                await self._serve()
            except Away as error:
                if not forever and self.session is None:
                    raise
                self._lost(str(error))
            finally:
                await self._close()
            await asyncio.sleep(PAUSES[min(self._failed, len(PAUSES) - 1)])

    def send(self, text):
        if self.tap:
            self.tap("bridge>board", text)
        self._link.send(text)

    def lend(self, to):
        """After run() was ended: another program has the port, what was asked fails now."""
        self.lent_to = to
        self._lost(f"handed over to {to}")

    def take_back(self):
        self.lent_to = None
        self._failed = 0

    async def flush(self):
        """Wait a moment for what was sent to leave."""
        with contextlib.suppress(asyncio.TimeoutError):
            if self.state == "ready":
                await within(self._left(), 0.5)

    async def _left(self):
        while not self._link.idle:
            await asyncio.sleep(0.01)
        await self._outgoing.join()

    async def _open(self):
        self._stream = await self.port.open()
        self._outgoing = asyncio.Queue()
        self._link = Link(self._outgoing.put_nowait, LOST_BOOTING if self.port.boots else LOST)
        self._heard = time.monotonic()
        greeting = Greeting(self._stream, self._link.units, self.port.boots)
        self.info, early = await greeting.run()
        if self._stream.frames and self.told("link").get("version") == VERSION:
            early += [read_line(line) for line in await self._link.open(self._stream, self._write_put)]
            self._link.closed = self._link_closed
        session, self.session = self.session, self._link.session or self.info.get("session")
        self.state, self.reason, self._failed = "ready", "", 0
        with blaming_the_board():
            self._on_ready(session != self.session)
            for message in filter(None, early):
                self._take(message)

    async def _serve(self):
        """Read until the board is gone, which raises Away."""
        work = [self._read(), self._write(), self._watch()]
        if self._link.framed:
            work.append(self._link.keep())
        tasks = [asyncio.ensure_future(task) for task in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            raise Away(next(iter(done)).result())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self):
        while data := await self._stream.read():
            self._heard = time.monotonic()
            for line in self._link.feed(data):
                with blaming_the_board(line):
                    message = read_line(line)
                    if message:
                        self._take(message)
            if self._link.session:
                self.heard_session(self._link.session)
        return why_ended(self._stream)

    async def _write(self):
        while True:
            data = await self._outgoing.get()
            try:
                await self._stream.write(data)
            except OSError as error:
                return f"writing failed: {error}"
            self._outgoing.task_done()

    async def _write_put(self):
        """Write what was put until now."""
        while not self._outgoing.empty():
            try:
                await self._stream.write(self._outgoing.get_nowait())
            except OSError as error:
                raise Away(f"writing failed: {error}") from None
            self._outgoing.task_done()

    async def _watch(self):
        """A board that owes an answer and is silent is asked a question of our own; no answer at all: it hangs."""
        while True:
            await asyncio.sleep(1)
            silent = time.monotonic() - self._heard
            if self.state != "ready":
                if time.monotonic() - self._resetting > BOOT_SECONDS:
                    return "it did not come back from its reset"
                self._check()  # its announcement may have been lost
            elif not self.busy():
                self._heard = max(self._heard, time.monotonic() - SILENCE / 3)
            elif silent > SILENCE:
                return f"it said nothing for {SILENCE} s: it hangs"
            elif silent > SILENCE / 3 and int(silent) % 5 == 0:
                self._check()

    def _check(self):
        self._checks += 1
        self._link.say(request_text(json.dumps(f"check-{self._checks}"), "wasmote/info"))

    def _take(self, message):
        if self.tap:
            self.tap("board>bridge", message.text)
        session = None
        if message.method == "wasmote/ready":
            session = message.params.get("session")
        elif message.is_reply and str(message.value.get("id")).startswith("check-"):
            session = _dict(message.value.get("result")).get("session")
        else:
            self._on_message(message)
        self.heard_session(session)

    def heard_session(self, session):
        """The board named its session: after a reset it is a new one, and the board is up again."""
        if session is not None and session != self.session:
            if self._link.framed and self._link.session != session:
                self._link.start()
            self.session = session
            self.state, self.reason = "ready", ""
            self._on_ready(True)

    def _link_closed(self, session):
        """The board has ended the link, and with it what was under way."""
        if session != self.session:
            self.heard_session(session)
            return
        self._lost("the board ended the link, for it did not hear us")
        self._link.start()
        self.state, self.reason = "ready", ""
        self._on_ready(False)

    def reset_is_coming(self):
        """The board said that it resets itself now: questions wait until it is up."""
        self.state = "opening"
        self._resetting = time.monotonic()
        if self._link.framed:
            self._link.suspend()

    def _lost(self, reason):
        was_ready = self.state == "ready"
        if was_ready or not self.reason:
            self.lost_at = time.time()
        if not was_ready:
            self._failed += 1
        if reason != self.reason:
            self._say(f"{self.port.url}: {reason}")
        self.state, self.reason = "away", reason
        self._on_lost()

    async def _close(self):
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(OSError, Away, asyncio.TimeoutError):
                if self._link.framed:
                    self._link.close()
                    await within(self._last_words(stream), 0.3)
            with contextlib.suppress(OSError):
                await asyncio.shield(stream.close())

    async def _last_words(self, stream):
        while not self._outgoing.empty():
            await stream.write(self._outgoing.get_nowait())


class Greeting:
    """Finds out whether a wasmote board is at the other end. `run()` → (the board's wasmote/info, messages that came early)."""

    def __init__(self, stream, lines, boots):
        self._stream = stream
        self._lines = lines
        self._boots = boots
        self._said = b""  # what else came, to be quoted
        self._asked = 0
        self._echo = False
        self._prompted = False
        self._early = []

    async def run(self):
        start = time.monotonic()
        patience = BOOT_SECONDS if self._boots else ANSWER_SECONDS
        asks = list(ASK_BOOTING_AT if self._boots else ASK_AT)
        while (now := time.monotonic() - start) < patience:
            if asks and now >= asks[0]:
                asks.pop(0)
                await self._ask()
            try:
                data = await within(self._stream.read(), max(0.01, min([patience, *asks]) - now))
            except asyncio.TimeoutError:
                continue
            if not data:
                raise Away(why_ended(self._stream))
            with blaming_the_board(data):
                info = await self._consider(data)
            if info is not None:
                return info, self._early
        raise Away(self._verdict(patience))

    async def _ask(self):
        self._asked += 1
        # A line end first, for half a line that a former user left on the wire, CR for a REPL. If that does not help,
        # Ctrl-B leaves a raw REPL, where a former user may have been cut off.
        start = b"\r\n" if self._asked <= 2 else b"\x02\r\n"
        await self._write(start + request_text(f'"greeting-{self._asked}"', "wasmote/info").encode() + b"\r\n")

    async def _write(self, data):
        try:
            await self._stream.write(data)
        except OSError as error:
            raise Away(f"writing failed: {error}") from None

    async def _consider(self, data):
        """The board's info if these bytes complete it, else None."""
        self._said = (self._said + data)[-4096:]
        info = None
        for line in self._lines.feed(data):
            message = read_line(line)
            if message is None:
                continue
            mine = str(message.value.get("id")).startswith("greeting-")
            if message.method == "wasmote/ready":
                await self._ask()
            elif mine and message.is_reply:
                info = self._answer(message) or info
            elif mine:
                self._echo = True
            elif not message.is_reply:  # an answer is to someone who had the port before us
                self._early.append(message)
        if info is None and self._said.endswith(_PROMPT):
            await self._leave_prompt()
        return info

    async def _leave_prompt(self):
        """A REPL answers, perhaps left by mpremote: Ctrl-D boots back into wasmote. When that did not help, it is none."""
        if not self._prompted:
            self._prompted = True
            self._said = b""
            await self._write(b"\x04")
        elif _REBOOTED in self._said:
            raise Away(self._no_wasmote())

    def _no_wasmote(self):
        failures = re.findall(rb"^\w+(?:Error|Exception)\b[^\r\n]*", self._said, re.MULTILINE)
        return _NO_WASMOTE + (f"; it said {failures[-1].decode(errors='replace')!r}" if failures else "")

    def _answer(self, message):
        if "result" in message.value:
            info = message.value["result"]
            return info if isinstance(info, dict) and "session" in info else None
        error = message.value["error"]
        text = error.get("message", "") if isinstance(error, dict) else str(error)
        if _dict(_dict(error).get("data")).get("kind") in ("board-away", "board-handed-over"):
            raise Away(text)  # we asked through another process, and it knows
        raise Away(
            f'it answers, but not as a wasmote board ("{text}"): flash wasmote\'s firmware, or choose another port'
        )

    def _verdict(self, patience):
        if self._prompted or self._said.endswith(_PROMPT):
            return self._no_wasmote()
        if self._boots:
            said = self._said.decode(errors="replace").strip()
            return f"the board did not boot within {patience} s" + (f"; it said: {said[-120:]!r}" if said else "")
        if self._echo:
            return "the port sends back what it is sent: that is no board"
        said = self._said.decode(errors="replace").strip()
        if said:
            return f"something answers, but it is no wasmote board; it said {said[-60:]!r}: flash wasmote's firmware, or choose another port"
        return f"no answer within {patience} s: is this the board's port, and is wasmote's firmware on it? A reset of the board may help"


@contextlib.contextmanager
def blaming_the_board(line=b""):
    """What goes wrong over a line from the board ends its connection, as Away, and never the bridge."""
    try:
        yield
    except Away:
        raise
    except Exception as error:
        said = "" if isinstance(line, int) else f": {bytes(line[:60])!r}"
        raise Away(f"it said something that is no message of a wasmote board{said} ({error!r})") from error


def _dict(value):
    """What a board sent where an object belongs; {} when it is something else."""
    return value if isinstance(value, dict) else {}


def read_line(line):
    """The message in a line of link.plain, None for noise and for what was too long."""
    if isinstance(line, int):
        return None
    try:
        return parse(bytes(line))
    except CallError:
        return None


def why_ended(stream):
    return stream.why_ended() if hasattr(stream, "why_ended") else "the port was closed from the other side"
