# SPDX-License-Identifier: MIT
"""Runs on the board, over test_soak.py's raw REPL: an MCP server with two components, fed with messages.

Each answer is compared, byte for byte; `figures` are (calls, arena granules free, granules of each component, handles of
each, bytes of heap free after a collection).
"""

import gc
from binascii import b2a_base64, crc32

from wasmote.host import Host
from wasmote.jsonrpc import validate
from wasmote.jsonrpc.fits import doubt
from wasmote.mcp import Server
from wasmote.wasm import arena_info

REQUEST = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":%s}}'
MANAGE = '{"jsonrpc":"2.0","id":%d,"method":"%s","params":{"name":"%s"}}'
PUSH = (
    '{"jsonrpc":"2.0","id":1,"method":"wasmote/push",'
    '"params":{"name":"%s","size":%d,"offset":0,"data":"%s","crc32":%d}}'
)
ANSWER = '{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"%s"}],"isError":false}}\n'
NEXT = '"},{"type":"text","text":"'

received = bytearray(8192)
size = 0
wrong = []


def write(piece):
    global size
    received[size : size + len(piece)] = piece
    size += len(piece)


host = Host(validate=validate, doubt=doubt)
server = Server(host, write)
gc.threshold(8 * 1024)  # as main.py


def ask(text):
    """The answer to a message, an str."""
    global size
    size = 0
    server.receive(text.encode())
    while server.step():
        pass
    return str(memoryview(received)[:size], "utf-8")


def call(i, tool, arguments, text):
    answer = ask(REQUEST % (i, tool, arguments))
    if answer != ANSWER % (i, text) and len(wrong) < 3:
        wrong.append(answer)


def calls(first, count):
    """Calls of the two components in turn: strings up to some 200 bytes, lists of up to 12; a handle now and then."""
    for i in range(first, first + count):
        n = i % 12 + 1
        if i % 20 == 1:
            call(i, "count", '{"to":1,"delay_ms":1}', "counted to 1")
        elif i & 1:
            call(i, "divide", '{"a":%d,"b":%d}' % (i * n, n), str(i))
        else:
            items = ["%s%d" % ("\u00fc" * (i % 17), i + k) for k in range(n)]
            if i & 2:
                call(i, "join", '{"items":["%s"],"separator":"; "}' % '","'.join(items), "; ".join(items))
            else:
                call(i, "split", '{"text":"%s","separator":","}' % ",".join(items), NEXT.join(items))


def cycles(count):
    """Loads: a small component comes and goes; now and then one traps and starts again, is loaded again, pushed."""
    for i in range(count):
        manage("wasmote/load", "small", "ready")
        manage("wasmote/unload", "small", "unloaded")
        if i % 50 == 0:
            if "unreachable" not in ask(REQUEST % (i, "trap", "{}")):
                wrong.append("no trap")
            call(i, "divide", '{"a":6,"b":3}', "2")
            manage("wasmote/load", "textkit", "ready")
            push("small")
            manage("wasmote/unload", "small", "unloaded")


def push(name):
    """The component's own file again, in one message."""
    with open("/components/%s.wasm" % name, "rb") as file:
        data = file.read()
    answer = ask(PUSH % (name, len(data), str(b2a_base64(data), "ascii").strip(), crc32(data)))
    if '"state":"ready"' not in answer and len(wrong) < 3:
        wrong.append(answer)


def manage(method, name, state):
    answer = ask(MANAGE % (1, method, name))
    if '"state":"%s"' % state not in answer and len(wrong) < 3:
        wrong.append(answer)


def figures(done):
    gc.collect()
    handles = [sum([one.handles.next for one in guest.component.instances]) for guest in host.guests if guest.component]
    granules = [guest.memory for guest in host.guests if guest.component]
    print(done, arena_info()[1], *(granules + handles + [gc.mem_free()]))


def counters(name):
    entry = host.components[name].entry()
    return "%d %d %d" % (entry["calls"], entry["traps"], entry["restarts"])
