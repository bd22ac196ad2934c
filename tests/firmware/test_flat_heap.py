# SPDX-License-Identifier: MIT
"""The heap of QEMU_M0 after 10,000 mixed requests is what it was after 100, and each is answered as the first of its kind."""

import pytest
from raw_board import RawBoard, new_flash
from test_soak import DRIVER, ROOT

FEW, MANY = 100, 10_000
NOISE = (
    256  # bytes: a word that is no longer in use may keep an object. 10,000 requests that lost a block each: 160,000
)

MIXED = r"""
MIXED = (
    '{"jsonrpc":"2.0","id":%d,"method":"ping"}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/list","params":{}}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"split","arguments":{"text":"a b c"}}}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"split","arguments":{"text":"a b c"},'
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"divide","arguments":{"a":6,"b":3}}}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"none of these"}}',
    '{"jsonrpc":"2.0","id":%d,"method":"resources/read","params":{"uri":"none:/"}}',
    '{"jsonrpc":"2.0","id":%d,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}',
    '{"jsonrpc":"2.0","id":%d,"method":"wasmote/elsewhere","params":{"name":"\u00fc\\u00fc"}}',
    '{"jsonrpc":"2.0","id":%d,"method":"ping","params":[]}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}',
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"split"',
)
first = {}
def mixed(start, end):
    for i in range(start, end):
        kind = i % len(MIXED)
        id = 10000000 + i
        answer = ask(MIXED[kind] % id).replace('"id":%d,' % id, '"id":0,')
        if first.setdefault(kind, crc32(answer)) != crc32(answer) and len(wrong) < 3:
            wrong.append(answer)
"""


@pytest.mark.timeout(300)
def test_heap_and_arena_are_flat_over_10000_mixed_requests(tmp_path):
    with RawBoard("QEMU_M0", new_flash(tmp_path / "flash")) as board:
        board.raw_repl()
        board.run("from wasmote.host import Storage\nStorage()")
        for name in ("textkit", "faults"):
            board.put_file(f"/components/{name}.wasm", (ROOT / f"build/examples/{name}.wasm").read_bytes())
        board.run(DRIVER)
        for name in ("textkit", "faults"):
            board.run(f"manage('wasmote/load', '{name}', 'ready')", timeout=60)
        board.run(MIXED)
        printed = board.run(f"mixed(0, {FEW}); figures({FEW}); mixed({FEW}, {MANY}); figures({MANY})", timeout=280)
        few, many = [list(map(int, line.split())) for line in printed.splitlines()]
        print(few, many)
        assert board.run("print(wrong, len(first))") == "[] 12\n"
        assert many[1:-1] == few[1:-1], "arena granules and handles"
        assert few[-1] - many[-1] <= NOISE, "bytes of heap"
