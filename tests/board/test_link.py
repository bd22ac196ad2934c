"""link.window, link.wire and the PC's Peer: every message once, in order, or the link is lost and says so.

Everything happens in link_world's own time, on lines with a seed.
"""

import json
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from link_world import Random, World, check, messages, pieces
from wasmote.link import framed
from wasmote.link.plain import ATTENTION, TOO_LONG

rates = st.sampled_from([0, 0, 0, 400, 1000, 5000])
lines = st.fixed_dictionaries(
    {
        **{"seed": st.integers(1, 1 << 30), "per_ms": st.sampled_from([1, 11, 300]), "latency": st.integers(0, 60)},
        **{"work": st.sampled_from([0, 30, 400]), "most": st.sampled_from([20, 300, 1500])},
        **{name: rates for name in ("flip", "lose", "double", "insert", "burst")},
    }
)


@given(lines)
@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])  # a seed does not become simpler
def test_every_message_arrives_once_in_order_or_the_link_is_lost(line):
    check(count=6, **line)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_bad_line_is_survived(seed):
    """Not only is nothing wrong when the link is lost: it is not lost as long as something comes through."""
    assert check(seed, flip=1000, lose=3000, double=3000, insert=3000, burst=4000)


@pytest.mark.parametrize("per_ms", [1, 11, 92, 300])
def test_a_clean_line_repeats_nothing_and_overruns_no_buffer(per_ms):
    """From 9,600 to 3,000,000 baud, with a board that does not look for half a second at a time."""
    world = World(per_ms=per_ms, work=500, answer=lambda text: b"{}")
    assert world.open()
    sent = messages(Random(5), 12, 900)
    assert world.say(sent) and world.board_got == sent
    assert world.port.overrun == 0
    assert world.peer.end.resent == world.peer.end.repeated == 0


def test_a_call_takes_the_time_of_its_bytes():
    world = World(per_ms=11)
    world.open()
    world.say([b'{"id":1}'])
    before = world.us
    world.say([b'{"id":2}' + b" " * 96])
    assert (world.us - before) / 1000 < 2 * 116 / 11 + 5


def test_a_long_message_passes_and_a_longer_one_is_said_to_be():
    world = World(answer=lambda text: text[:9])
    world.open()
    long = b"x" * 16384
    assert world.peer.message_limit == 16384
    assert world.say([long]) and world.board_got == [long]
    world.peer.send(long + b"y", world.ticks_ms())
    world.peer.send(b"{}", world.ticks_ms())
    world.run(60000, lambda: len(world.board_got) == 3)
    assert world.board_got[1:] == [TOO_LONG, b"{}"] and world.wire.dropped()[0] == 16385


def test_a_message_arrives_while_a_long_answer_leaves():
    world = World(answer=lambda text: b"a" * 5000)
    world.open()
    assert world.say([b"1", b"2" * 300, b"3" * 1000])
    assert world.pc_got == [b"a" * 5000] * 3


@pytest.mark.parametrize("size", [16384, 16000, 9000])
def test_there_is_room_for_acknowledgements_while_a_long_message_is_answered(size):
    """Also behind one that ends where the buffer does."""
    world = World(per_ms=300, answer=lambda text: b"a" * 2000 if len(text) > 100 else b"ok")
    world.open()
    read = world.port.read
    world.port.read = lambda room: read(room) if len(room) else pytest.fail("no room")
    sent = [b"{}", b"x" * size, b"[]" * 100, b"y" * size]
    assert world.say(sent) and world.board_got == sent
    way = world.wire.way
    for filler in range(5):  # a plain line anywhere in the buffer, and an answer over the link meanwhile
        text = b'{"a":"' + b"z" * (size - 20 - 7 * filler) + b'"}'
        world.answer = lambda text: [way(piece) for piece in pieces(b"b" * 1500 + b"\n")] and b"{}"
        for at in range(0, len(text), 60):
            world.to_board.write(text[at : at + 60])
        world.to_board.write(b"\n")
        world.run(3000)
        assert world.board_got[-1] == text
    assert world.pc_got.count(b"b" * 1500) == 5


def test_a_buffer_that_one_read_has_filled_has_room_again_while_an_answer_leaves():
    world = World(per_ms=1000, answer=lambda text: b"x" * 2000)
    world.port.buffer = 1 << 20
    read = world.port.read
    world.port.read = lambda room: read(room) if len(room) else pytest.fail("no room: of a pipe that is its end")
    assert world.open()
    world.peer.send(b"{}", world.ticks_ms())
    world.us = world.to_board.free_at
    world.port.arrive()
    short, ping = bytearray(framed.HEADER + 4), bytearray(20)
    size = framed.seal(short, memoryview(short), framed.PING, 0, 0, 0, ping)
    world.port.unread += bytes(ping[:size]) * 2000
    world.run(until=lambda: world.pc_got or world.peer.why_closed)
    assert world.pc_got == [b"x" * 2000]


def test_a_message_that_arrives_while_a_later_answer_leaves_is_taken_afterwards():
    world = World(answer=lambda text: b"ok")
    world.open()
    assert world.say([b"{}"])
    way = world.wire.way
    world.wire.next()  # the message has been served; a call under way answers now
    world.peer.send(b"[]" * 400, world.ticks_ms())
    for piece in pieces(b"a" * 3000 + b"\n"):
        way(piece)
    world.run(5000, lambda: len(world.pc_got) == 3)
    assert world.pc_got[1:] == [b"a" * 3000, b"ok"]


def test_a_bridge_that_goes_leaves_a_board_that_says_nothing_more():
    world = World()
    world.open()
    world.peer.send(b"{}", world.ticks_ms())
    world.run(1000, lambda: world.board_got)  # its answer is not acknowledged yet
    world.peer.close()
    world.bridge_killed = True
    world.run(100)
    world.to_pc.queue.clear()
    world.run(30000)
    assert world.to_pc.queue == [] and world.wire.last == world.port.write


def test_a_reset_board_tells_so():
    world = World()
    world.open()
    world.say([b"{}"])
    world.wire = type(world.wire)(world.port, "0badc0de", world)
    world.peer.send(b"{}", world.ticks_ms())
    world.run(2000, lambda: world.peer.why_closed)
    assert "reset" in world.peer.why_closed and world.board_got == [b"{}"]
    assert world.open(b"efgh") and world.peer.session == "0badc0de"
    assert world.say([b"[]"])


def test_a_silent_board_is_noticed_and_a_silent_bridge_too():
    world = World()
    world.open()
    world.to_board.cut = world.to_pc.cut = True
    before = world.us
    world.run(60000, lambda: world.peer.why_closed)
    assert "lost" in world.peer.why_closed and world.us - before < 12_000_000
    world.run(60000, lambda: world.wire.lost)
    assert world.us - before < 32_000_000


@pytest.mark.parametrize("to_board", [False, True])
def test_ends_that_disagree_about_what_was_said_lose_the_link_at_once(to_board):
    """One has taken a frame that the other never sent: only a forger, or a former link, can have sent it."""
    world = World()
    assert world.open() and world.say([b"{}"])
    frame, forged = bytearray(framed.HEADER + 4), bytearray(20)
    size = framed.seal(frame, memoryview(frame), framed.DATA, 1, 1, 0, forged)
    (world.to_board if to_board else world.to_pc).write(forged[:size])
    world.run(100)
    world.peer.send(b"[]", world.ticks_ms())
    world.run(1000, lambda: world.peer.why_closed)
    assert world.peer.why_closed


def test_a_stall_is_waited_for():
    world = World()
    world.open()
    world.peer.send(b"{}", world.ticks_ms())
    world.to_board.cut = world.to_pc.cut = True
    world.run(3000)
    world.to_board.cut = world.to_pc.cut = False
    before = world.us
    world.run(5000, lambda: world.pc_got)
    assert world.pc_got == [b"{}"] and world.us - before < 1_000_000


def test_an_answer_for_a_former_bridge_does_not_reach_the_next():
    world = World()
    world.open()
    left = []
    world.wire.on_left = left.append
    world.say([b"{}"])
    former = world.wire.way
    assert world.open(b"efgh") and left == [former]
    former(b'{"id":1}\n')
    world.run(1000)
    assert world.pc_got == [b"{}"]


def test_a_bridge_that_goes_while_an_answer_leaves_does_not_hold_up_a_plain_line():
    world = World(answer=lambda text: b"a" * 5000 if text == b"{}" else b"ok")
    world.open()
    world.peer.send(b"{}", world.ticks_ms())
    world.run(1000, lambda: world.board_got)  # the board writes until the window is full
    world.to_board.queue.clear()
    world.to_board.write(b'\r\n{"plain":1}\r\n')
    before = world.us
    world.run(9000, lambda: len(world.board_got) == 2)
    assert world.board_got == [b"{}", b'{"plain":1}'] and world.us - before < 2_000_000


def test_lines_are_answered_as_lines_and_frames_as_frames():
    world = World()
    raw = bytearray()
    write = world.port.write
    world.port.write = lambda piece: (raw.extend(piece), write(piece))
    world.wire = type(world.wire)(world.port, "c0ffee00", world)
    world.to_board.write(b'{"a":1}\n')
    world.run(100)
    assert raw == b'{"a":1}\n'
    world.open()
    assert world.say([b'{"b":1}'])
    raw.clear()
    world.to_board.write(b'{"c":1}\n')
    world.run(100)
    assert b'{"c":1}\n' in raw and world.pc_got[-1] == b'{"c":1}'
    raw.clear()
    world.wire.write(b'{"notice":1}\n')
    assert raw == b'{"notice":1}\n'
    world.run(100)
    assert world.say([b'{"d":1}'])
    raw.clear()
    world.wire.write(b'{"notice":2}\n')
    assert raw.lstrip(b"\0").startswith(b"\1")


def test_a_pushed_file_arrives_beside_calls_and_does_not_hold_them_up():
    data = bytes(range(256)) * 16
    world = World()
    got = []

    def answer(text):
        if text == b"push":
            got.append(b"".join(bytes(piece) for piece in world.wire.raw(len(data))))
        return text

    world.answer = answer
    world.open()
    world.peer.push(b"push", data, world.ticks_ms())
    world.run(50)
    before = world.us
    assert world.say([b"call"]) and world.pc_got == [b"call"]
    assert world.us - before < 45_000
    world.run(5000, lambda: len(world.pc_got) == 2)
    assert world.pc_got == [b"call", b"push"] and got == [data]


def test_a_push_of_100_kb_has_85_percent_of_a_clean_line():
    """Two chunks under way, as wasmote push has them, each answered."""
    size, chunk, rate = 102_400, 4096, 11
    world = World(per_ms=rate)
    done = []

    def answer(text):
        done.append(sum(len(piece) for piece in world.wire.raw(chunk)))
        if len(done) + 1 < size // chunk:
            world.peer.push(text, bytes(chunk), world.ticks_ms())
        return text

    world.answer = answer
    world.open()
    began = world.ticks_ms()
    request = (
        b'{"jsonrpc":"2.0","id":17,"method":"wasmote/push","params":{"name":"counter","size":102400,"offset":81920}}'
    )
    for _ in range(2):
        world.peer.push(request, bytes(chunk), world.ticks_ms())
    world.run(until=lambda: len(done) == size // chunk)
    assert sum(done) == size
    assert size / (world.ticks_ms() - began) >= 0.85 * rate


def test_calls_without_end_slow_pushes_and_do_not_stop_them():
    """Each chunk arrives before its request and apart from the next, also when there is always a message to be sent."""
    chunks = [bytes([number]) * 2000 for number in range(3)]
    world = World()
    got = []

    def answer(text):
        if text == b"push":
            got.append(b"".join(bytes(piece) for piece in world.wire.raw(2000)))
        else:
            world.peer.send(text, world.ticks_ms())  # the next of as many
        return text

    world.answer = answer
    world.open()
    for _ in range(20):
        world.peer.send(b"call", world.ticks_ms())
    for chunk in chunks:
        world.peer.push(b"push", chunk, world.ticks_ms())
    world.run(10_000, lambda: len(got) == 3)
    assert got == chunks
    assert world.board_got.count(b"call") > 3 * 2000 // framed.PAYLOAD * 3


def test_bytes_that_belong_to_no_push_are_told_apart():
    world = World()
    world.open()
    world.peer.push(b"a", b"x" * 4000, 0)
    world.run(5000, lambda: world.board_got)
    assert world.wire.raw(3999) is None and world.wire.raw(0) == []
    for _ in range(3):
        world.peer.push(b"b", b"x" * 4000, 0)
    world.run(5000, lambda: len(world.board_got) == 4)
    assert world.wire.raw(4000) is None


def test_noise_that_looks_like_ctrl_c_does_not_stop_a_board_whose_bridge_is_there():
    world = World()
    world.open()
    world.to_board.write(b"\r\x03")
    assert world.say([b"{}"]) and world.board_got == [b"{}"]
    world.to_board.write(b"\r\x03")
    world.run(1000)
    assert world.board_got == [b"{}"]


def test_ctrl_c_reaches_the_board_when_the_bridge_is_gone_and_what_follows_is_not_read():
    world = World()
    world.open()
    world.bridge_killed = True
    world.to_board.write(b"\r\x03\r\x01")
    world.run(1000, lambda: world.board_got)
    assert world.board_got == [ATTENTION] and world.port.unread == b"\r\x01"


def test_ctrl_c_reaches_the_board_also_while_it_writes():
    world = World(answer=lambda text: b"a" * 5000)
    world.open()
    world.peer.send(b"{}", world.ticks_ms())
    world.run(1000, lambda: world.board_got)
    world.to_board.queue.clear()
    world.bridge_killed = True
    world.to_board.write(b"\r\x03")
    world.run(9000, lambda: ATTENTION in world.board_got)
    assert world.board_got == [b"{}", ATTENTION]


@needs_micropython
def test_the_same_under_micropython(tmp_path):
    cases = []

    @given(lines)
    @settings(max_examples=25, database=None)
    def collect(line):
        cases.append(line)

    collect()
    cases += [{"seed": seed, "flip": 1000, "lose": 3000, "burst": 4000} for seed in range(20, 26)]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    program = f"""
import sys, json
sys.path[:] = [{str(ROOT / "modules")!r}, {str(ROOT / "host_tools/wire")!r}, {str(ROOT / "tests/board")!r}] + sys.path
from link_world import check
results = []
for case in json.load(open({str(tmp_path / "cases.json")!r})):
    results.append(check(count=6, **case))
print(results)
"""
    (tmp_path / "program.py").write_text(program)
    run = subprocess.run([MICROPYTHON, "-X", "heapsize=8M", tmp_path / "program.py"], capture_output=True, text=True)
    assert run.stdout.splitlines() == [str([check(count=6, **case) for case in cases])], run.stdout + run.stderr


def test_pieces_are_cut_anywhere():
    assert b"".join(pieces(b"x" * 1000)) == b"x" * 1000
