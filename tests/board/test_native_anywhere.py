"""Native tools under MicroPython's unix build, from the sources: the program of docs/native.md, and its other promises."""

import contextlib
import io
import json
import os
import re
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT
from wasmote.host import native

PAGE = (ROOT / "docs/native.md").read_text()
PROGRAM, GREET = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)
(SAID,) = re.findall(r"# → (.*)", PROGRAM)

# What the table of kinds promises, tool by tool; prints JSON.
SCENARIO = """
import json
import wasmote
from wasmote.wasm import drive

@wasmote.tool("d", a=int, b="0..7", c=("C", "F"), d=[int], e={"type": "string"}, f=wasmote.arg(float, "What", default=0.5))
def kinds(a, b, c, d, e, f):
    return [a, {"b": b}, c, wasmote.image(b"\\x89PNG")]

@wasmote.tool
def steps():
    try:
        yield 1
        yield
        asked = yield wasmote.form("k", "?", name=str)
    except wasmote.Unanswered as error:
        return str(error)
    finally:
        print("finally")

@wasmote.tool
def breaks():
    raise ValueError("no such pin")

@wasmote.resource("pin:/{n}/x")
def pin(n):
    return b"\\x00" + n.encode()

@wasmote.prompt("d", style=("short", "long"))
def explain(style):
    return ["a", ("assistant", style)]

host = wasmote.Host()
server = host.native()
given = {"a": 1, "b": 7, "c": "C", "d": [1], "e": "x"}
print(json.dumps(server.call_tool("kinds", given)))
print(json.dumps(server.call_tool("kinds", dict(given, b=8))))
print(json.dumps(server.call_tool("steps")))
print(json.dumps(server.call_tool("breaks")))
inner = host.host
print(str(drive(inner.read_resource("pin:/7/x"))[0], "utf-8"))
print([json.loads(text)["content"]["text"] for text in drive(inner.get_prompt("explain", b'{"style":"long"}'))])
print(drive(inner.complete("prompts", "explain", "style", "s", ())))
host.close()
"""


def on_cpython(text):
    native.take()
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(text, "program", "exec"), {"__name__": "program"})
    return output.getvalue()


def on_micropython(text, folder):
    if not MICROPYTHON.exists():
        pytest.skip("no build/firmware/unix: make unix")
    (folder / "program.py").write_text(text)
    path = f"{ROOT / 'modules'}:{ROOT / 'build/micropython/extmod'}"
    command = [MICROPYTHON, "-X", "heapsize=2M", "program.py"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"MICROPYPATH": path}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=["CPython", "MicroPython"])
def run(request, tmp_path):
    return on_cpython if request.param == "CPython" else lambda text: on_micropython(text, tmp_path)


def test_the_program_of_the_page(run):
    assert run(PROGRAM) == SAID + "\n"


def test_the_page_s_tool_that_asks(run):
    text = (
        "import wasmote\n"
        + GREET
        + "host = wasmote.Host()\nprint(host.native().call_tool('greet')['content'][0]['text'])"
    )
    assert run(text) == "there is no client to ask\n"


def test_the_other_promises(run):
    good, wrong, finally_, steps, breaks, pin, prompt, completed = run(SCENARIO).splitlines()
    content = json.loads(good)["content"]
    assert [block.get("text") for block in content] == ["1", '{"b": 7}', "C", None]
    assert content[3] == {"type": "image", "mimeType": "image/png", "data": "iVBORw=="}
    assert json.loads(good)["structuredContent"] == {"b": 7}
    assert json.loads(wrong)["isError"] and '\\"b\\" must be at most 7, it is 8; kinds takes ' in wrong
    assert finally_ == "finally" and json.loads(steps)["content"][0]["text"] == "there is no client to ask"
    assert 'native: \\"breaks\\" failed: no such pin' in breaks
    assert json.loads(pin) == {"uri": "pin:/7/x", "blob": "ADc="}
    assert prompt == "['a', 'long']" and completed == "['short']"
