# SPDX-License-Identifier: MIT
"""Native tools: copy this file to the board's flash as /tools.py, reset the board.

mpremote connect PORT cp examples/micropython/tools.py :tools.py + reset
"""

import gc
import time

import wasmote

led = False


@wasmote.tool("Switch the board's light.", {"idempotent": True}, on=bool)
def light(on):
    global led
    led = on
    wasmote.changed("board:/light")
    return "the light is " + ("on" if on else "off")


@wasmote.tool("Blink the board's light.", times=wasmote.arg("1..20", "How often", default=3))
def blink(times):
    for i in range(times):
        light(True)
        yield 20  # milliseconds, in which the board serves others
        light(False)
        yield 20
        wasmote.progress(i + 1, times)
    return f"blinked {times} times"


@wasmote.tool("How much memory is free.", {"read_only": True, "output": {"type": "object"}}, unit=("bytes", "KiB"))
def memory(unit):
    free = gc.mem_free()
    return {"free": free if unit == "bytes" else free // 1024, "unit": unit}


@wasmote.tool("Ask the user for a name, and greet.")
def greet():
    try:
        filled = yield wasmote.form("user_name", "What is your name?", name=str)
    except wasmote.Unanswered as error:
        return f"Hello! ({error})"
    return f"Hello, {filled['name']}!" if filled else "Another time, then."


@wasmote.resource("board:/light", "Whether the board's light is on.", {"mime_type": "application/json"})
def light_now():
    return {"on": led}


@wasmote.resource("board:/power/{n}", "Powers of two.")
def power(n):
    return str(2 ** int(n))


@wasmote.prompt("Explain what the board has been doing.", style=("short", "thorough"))
def explain(style):
    return f"Read board:/light and give a {style} explanation. The board is up since {time.ticks_ms()} ms."
