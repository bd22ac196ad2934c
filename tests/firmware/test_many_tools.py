# SPDX-License-Identifier: MIT
"""A hundred tools on QEMU_M0, ten in each of ten components: they fit its 256 KiB, are listed in pages, and each answers."""

import json
from pathlib import Path

import pytest
from raw_board import RawBoard, new_flash

TOOLBOX = Path(__file__).resolve().parents[2] / "build/examples/toolbox.wasm"  # tests/fixtures/toolbox.c
BOXES = 10
SPARE = 6 * 1024  # bytes of the heap that are in nobody's use: what is to come has room
NAMES = [f"box{box}-by{factor}" for box in range(BOXES) for factor in range(10)]
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}

FILL = """
from wasmote.host import Storage
Storage()  # makes the folder
with open("/box0", "rb") as file:
    box = file.read()
for i in range(10):
    with open("/components/box%d.wasm" % i, "wb") as file:
        file.write(box.replace(b"box0", b"box%d" % i))
"""


class Server:
    """The board's main loop, over its UART."""

    def __init__(self, board):
        self.board = board
        self.id = 0
        board.start(f"spare = bytearray({SPARE})\nfrom wasmote import main\nmain.run()")
        assert json.loads(board.wait_for(b"\n", timeout=120))["method"] == "wasmote/ready"

    def ask(self, method, modern=False, **params):
        self.id += 1
        if modern:
            params["_meta"] = MODERN
        self.board.send(
            json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}).encode() + b"\n"
        )
        answer = json.loads(self.board.wait_for(b"\n"))
        assert answer["id"] == self.id and "result" in answer, answer
        return answer["result"]

    def pages(self, modern):
        """The names on each page of tools/list, the cursors followed to the end."""
        pages, cursor = [], {}
        while not pages or cursor:
            page = self.ask("tools/list", modern, **cursor)
            pages.append([tool["name"] for tool in page["tools"]])
            cursor = {"cursor": page["nextCursor"]} if "nextCursor" in page else {}
        return pages


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RawBoard("QEMU_M0", new_flash(tmp_path_factory.mktemp("board") / "flash")) as board:
        board.raw_repl()
        board.put_file("/box0", TOOLBOX.read_bytes())
        board.run(FILL, timeout=60)
        board.reset()
        yield Server(board)


def test_all_ten_components_are_ready(server):
    components = server.ask("wasmote/list")["components"]
    assert [(one["name"], one["state"], len(one["tools"])) for one in components] == [
        (f"box{box}", "ready", 10) for box in range(BOXES)
    ]


@pytest.mark.parametrize("modern", [False, True])
def test_they_are_listed_in_pages_in_the_order_of_the_components(server, modern):
    pages = server.pages(modern)
    assert [name for page in pages for name in page] == NAMES
    assert len(pages) > 1 and min(map(len, pages[:-1])) >= 30
    assert server.pages(not modern) == pages


def test_every_one_answers_in_both_eras(server):
    for i, name in enumerate(NAMES):
        digit = i % 7 + 3
        for modern in (False, True):
            answer = server.ask("tools/call", modern, name=name, arguments={"n": digit})
            said = f"{name[:4]} says {digit * int(name[-1]):02}"
            assert (answer["isError"], answer["content"]) == (False, [{"type": "text", "text": said}])


def test_there_is_heap_left_for_more(server):
    heap = server.ask("wasmote/info")["heap"]
    print(heap)
    assert heap["freeBytes"] > 24 * 1024
