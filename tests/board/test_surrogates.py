"""Escapes of surrogates (an emoji is two of them) in JSON that a host reads: no string of a guest is other than Unicode."""

import json
import subprocess
import sys

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from hypothesis import given
from hypothesis import strategies as st
from wasmote.host.entries import loads

# Prints, in hex, the UTF-8 of what reaches a guest, a native function or a client, for the JSON string "a<escapes>z".
PROGRAM = r"""
import sys
sys.path[:0] = sys.argv[2:]
import wasmote
from wasmote.host import checks, client, entries, prompts
from wasmote.host.native import ask
from wasmote.host.native.provider import _refusal
from wasmote.host.wasmote import asking, messages
from wasmote.wasm import drive

it = '"a%sz"' % sys.argv[1]

def json(text):
    return (text % it).encode()

def show(*texts):
    for text in texts:
        print(str(__import__("binascii").hexlify(text.encode()), "ascii"))

@wasmote.tool(text=str)
def echo(text):
    return text

class Prompt:
    name = "p"
    json = json('{"arguments":[{"name":%s,"required":true}]}')

config = checks.parse(json('{"env":{"NAME":%s},"args":[%%s]}' % it), 96)
show(config.env["NAME"], config.args[0])
reply = messages.reply(json('{"content":[{"type":"text","text":%s},{"type":"x","x":%%s}],"role":"user","model":%%s}' % it % (it, "%s")))
show(reply[1][0][1], __import__("json").loads(reply[1][1][1])["x"], reply[2])
show(*asking._roots(json('{"roots":[{"uri":%s,"name":%%s}]}' % it))[0])
show(asking._refused(json('{"code":1,"message":%s}'))[1][1][20:])
show(_refusal(json('{"message":%s}'))[20:])
show(ask._filled(("accept", json('{"n":%s}')))["n"], ask._said(json('{"content":{"type":"text","text":%s}}')))
show(*ask._roots(json('{"roots":[{"uri":%s,"name":%%s}]}' % it))[0])
show(client._block(json('{"type":"text","text":%s}'))[1][1])
show(client._messages([json('{"role":"user","content":{"type":"text","text":%s}}')])[0][0][1][1][1])
show(client._contents([json('{"uri":"u","text":%s}')], "u")[0][0][1][1])
host = wasmote.Host()
host.native()
show(drive(host.host.call_tool("echo", json('{"text":%s}')))[0][0])
host.close()
"""


def shown(python, shims, escapes):
    paths = [ROOT / "modules", *shims]
    done = subprocess.run([*python, "-c", PROGRAM, escapes, *paths], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return [bytes.fromhex(line).decode() for line in done.stdout.split()]


@needs_micropython
@pytest.mark.parametrize("escapes, text", [(r"\ud83d\ude00", "😀"), (r"\uD83D", "\ufffd"), (r"\\ud83d", r"\ud83d")])
def test_an_escaped_emoji_reached_guests_as_two_surrogates(escapes, text):
    said = shown([MICROPYTHON, "-X", "heapsize=1M"], [], escapes)
    assert len(said) == 17 and set(said) == {f"a{text}z"}
    assert shown([sys.executable], [ROOT / "tests/shims"], escapes) == said


@given(st.text(st.sampled_from('a\\"ud83DE0\n\ud83d\ude00\udbff\udfff\ud7ff\ue000é😀'), max_size=12), st.booleans())
def test_strings_are_those_of_the_text_with_surrogates_replaced(text, ascii_only):
    unicode = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    line = json.dumps({text: text}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if not ascii_only:
        try:
            line.decode()
        except UnicodeDecodeError:
            return  # is refused as a message
    assert loads(line) == {unicode: unicode}


@needs_micropython
def test_a_prompts_argument_is_known_by_an_escaped_name():
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from wasmote.host import prompts\n"
        'class Prompt: name = \'p\'; json = \'{"arguments":[{"name":"😀","required":true}]}\'.encode()\n'
        'prompts.check(Prompt, b\'{"\\\\ud83d\\\\ude00":"x"}\')\n'
    )
    done = subprocess.run([MICROPYTHON, "-c", program, ROOT / "modules"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
