"""A host's day, printed: the same lines under CPython and MicroPython, on the C engine and on its twin (test_host_anywhere.py).

python host_scenario.py MODULES SHIMS EXAMPLES FLASH
"""

import sys

sys.path[:0] = sys.argv[1:3]

from binascii import crc32  # noqa: E402

from wasmote.host import Host, HostError, Storage  # noqa: E402
from wasmote.jsonrpc import validate  # noqa: E402
from wasmote.wasm import arena_info, drive, engine  # noqa: E402


def push(host, name):
    with open(sys.argv[3] + "/" + name + ".wasm", "rb") as file:
        data = file.read()
    for at in range(0, len(data), 4096):
        answer = drive(host.push(name, len(data), at, data[at : at + 4096], crc32(data)))
    show(answer["component"])


def show(entry):
    print(" ".join([key + "=" + str(entry[key]) for key in sorted(entry) if key not in ("bytes", "fuel", "runMs")]))


def call(host, tool, arguments=b"{}"):
    content, is_error = drive(host.call_tool(tool, arguments, b"1", print))
    print(tool, is_error, [block.encode() for block in content])


def main():
    print(engine)
    host = Host(Storage(sys.argv[4]), call_timeout_ms=1500, validate=validate)
    free = arena_info()[1]
    for name in ("thermometer", "textkit", "faults"):
        push(host, name)
    for tool in host.tools:
        print(bytes(tool.json))
    call(host, "read")
    call(host, "calibrate", b'{"offset":-250}')
    call(host, "read", b'{"unit":"K"}')
    call(host, "read", b'{"unit":"\\u00c5"}')
    call(host, "split", b'{"text":"a,\xc3\xbc,\\ud83d\\udc4d","separator":","}')
    call(host, "join", b'{"items":["x","y"],"separator":" \\n"}')
    call(host, "count", b'{"to":2,"delay_ms":3}')
    for tool in ("trap", "spin", "recurse", "hoard", "divide"):
        call(host, tool)
    call(host, "divide", b'{"a":-7,"b":2}')
    try:
        drive(host.push("broken", 9, 0, b"\0asm\1\0\0\0\0", crc32(b"\0asm\1\0\0\0\0")))
    except HostError as error:
        print(error.kind, error)
    show(drive(host.unload("textkit"))["component"])
    show(drive(host.load("textkit"))["component"])
    show(drive(host.remove("faults"))["component"])
    host.close()
    host = Host(host.storage)
    drive(host.boot())
    for entry in host.list():
        show(entry)
    host.close()
    print(arena_info()[1] == free)


main()
