# SPDX-License-Identifier: MIT
"""Runs on the board, over test_questions.py's raw REPL: calls of the modern era that ask their clients, of whom few come back.

`figures` are (calls, arena granules free, bytes of heap free after a collection).
"""

import gc
import json

from wasmote.host import Host
from wasmote.jsonrpc import validate
from wasmote.mcp import Server, parked
from wasmote.wasm import arena_info

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
}
ROUNDS = "test_input_required_result_multi_round"
SEVERAL = "test_input_required_result_multiple_inputs"
ADA = {"action": "accept", "content": {"name": "Ada"}}
RED = {"action": "accept", "content": {"color": "red"}}

received = bytearray()
wrong = []
parked.CROWDED_MS = 0  # who comes next does not wait for real seconds
host = Host(validate=validate)
server = Server(host, received.extend)
gc.threshold(16 * 1024)  # as main.py


def ask(id, tool, **more):
    """The result of a call, or its error's message."""
    received[:] = b""
    params = {"name": tool, "arguments": {}, "_meta": META}
    params.update(more)
    server.receive(json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).encode())
    while server.step():
        pass
    answer = json.loads(received)
    return answer.get("result") or answer["error"]["message"]


def text(result):
    return " ".join([block["text"] for block in result["content"]])


def check(good, what):
    if not good and len(wrong) < 3:
        wrong.append(what)


def calls(first, count):
    """In turn: one that is given up after its first answer, one whose client answers when others have been there."""
    for i in range(first, first + count, 6):
        first = ask(i, ROUNDS)
        left = ask(i + 1, ROUNDS, requestState=first["requestState"], inputResponses={"step1": ADA})
        check("step2" in left["inputRequests"], left)
        other = ask(i + 2, SEVERAL)  # the first one gives way
        check(len(other["inputRequests"]) == 3, other)
        if i % 4 == 0:
            last = ask(i + 3, ROUNDS, requestState=left["requestState"], inputResponses={"step2": RED})
            check("Ada" in text(last) and "red" in text(last), last)
        again = ask(i + 4, SEVERAL, requestState=other["requestState"], inputResponses={"user_name": ADA})
        check(len(again["inputRequests"]) == 2, again)
        check("used already" in ask(i + 5, ROUNDS, requestState=first["requestState"]), "a state a second time")


def figures(done):
    ask(0, "test_input_required_result_elicitation", inputResponses={"user_name": ADA})  # nothing waits any more
    gc.collect()
    print(done, arena_info()[1], gc.mem_free())
