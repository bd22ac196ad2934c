"""Native functions on the flash: what is loaded from there, and fallbacks of components."""

import json
import sys

import pytest
from host_guests import push
from native_fixtures import call
from wasmote.host import native
from wasmote.host.errors import HostError
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "native_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left_over")


# -- from the flash

TOOLS = """
import wasmote

@wasmote.tool("Adds.", a=int, b=int)
def add(a, b):
    return a + b
"""


def test_a_module_of_the_flash(host, flash):
    flash("native_tools", TOOLS)
    native.serve(host, "native_tools")
    assert call(host, "add", {"a": 2, "b": 3}) == (["5"], False)
    assert host.list()[0]["name"] == "native_tools.py"


@pytest.mark.parametrize("text, says", [
    ("import wasmote\n1/0", "ZeroDivisionError: division by zero"), ("def (", "SyntaxError"),
    ("import sys\nsys.exit(3)", "SystemExit: 3"),
    ("import wasmote\n@wasmote.tool('d', x=5)\ndef f(x): pass", "ValueError: x: 5 is no kind of argument"),
    (TOOLS + TOOLS, "the tool add is defined twice"),
])  # fmt: skip
def test_a_module_that_does_not_load_says_why_and_the_board_goes_on(host, flash, text, says):
    flash("broken_tools", text)
    native.serve(host, "broken_tools")
    (entry,) = host.list()
    assert entry["state"] == "failed" and says in entry["error"] and entry["tools"] == []
    assert native.take() == []


@pytest.mark.parametrize("module", ["files.thermometer.evil", "files/thermometer/evil", "main", "boot", "", "1a", "é"])
def test_what_a_guest_wrote_and_the_boards_own_programs_are_no_modules(host, flash, tmp_path, module):
    (tmp_path / "files/thermometer").mkdir(parents=True)
    for name in ("files/thermometer/evil", "main", "boot", "1a", "é", ""):
        (tmp_path / f"{name}.py").write_text("import sys\nsys.evil_ran = True")
    with pytest.raises(HostError, match="is no module with native functions"):
        native.load(host, module)
    assert not hasattr(sys, "evil_ran")


# -- fallback

SPARE = """
import wasmote

@wasmote.tool("Reads.", unit=wasmote.arg(str, default="C"))
def read(unit):
    return "spare " + unit

def serve(tool, arguments):
    return "%s %r" % (tool, arguments)
"""


def quarantine(host, name):
    """The component has crashed too often."""
    guest = host.components[name]
    guest.rest("crashed")
    guest.crashes = 10
    guest.state = "failed"
    return guest


def configured(host, name, data, fallback):
    push(host, name, data)
    drive(host.configure(name, json.dumps({"fallback": fallback}).encode()))


@pytest.mark.parametrize("fallback, said", [("spare_set", "spare F"), ("spare_set:serve", "read {'unit': 'F'}")])
def test_a_fallback_serves_for_a_component_that_crashed_too_often(host, thermometer, flash, fallback, said):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, fallback)
    content, failed = call(host, "read", {"unit": "F"})
    assert "°F" in content[0] and not failed
    quarantine(host, "thermometer")
    assert call(host, "read", {"unit": "F"}) == ([said], False)
    assert [tool.name for tool in host.tools] == ["read", "calibrate", "history"]
    host.components["thermometer"].crashes = 0  # it may run again
    assert "°F" in call(host, "read", {"unit": "F"})[0][0]


def test_a_fallback_is_called_with_what_fits_its_own_schema_too(host, thermometer, flash):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, "spare_set")
    quarantine(host, "thermometer")
    (text,), failed = call(host, "read", {"unit": "F", "more": 1})
    assert failed and text.startswith('read: "more" is no argument of it')


def test_a_fallback_without_this_tool_says_so(host, thermometer, flash):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, "spare_set")
    quarantine(host, "thermometer")
    text = 'thermometer: "history" is not served: there is no function for it'
    assert call(host, "history") == ([text], True)
    assert host.components["thermometer"].crashes == 10  # nobody crashed


@pytest.mark.parametrize("fallback, says", [
    ("no_such_module", "there is no"),
    ("os:remove", "os.py on the board's flash"),
    ("builtins:exec", "builtins.py on the board's flash"), ("spare_set:nothing", "nothing"),
])  # fmt: skip
def test_a_fallback_that_is_not_there(host, thermometer, flash, fallback, says):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, fallback)
    quarantine(host, "thermometer")
    (text,), failed = call(host, "read")
    assert failed and "does not run, and its fallback neither" in text and says in text


def test_a_fallback_that_exits_ends_itself_and_not_the_server(host, thermometer, flash):
    flash("spare_exit", "import sys\nsys.exit(3)")
    configured(host, "thermometer", thermometer, "spare_exit:serve")
    quarantine(host, "thermometer")
    (text,), failed = call(host, "read")
    assert failed and text.endswith("its fallback was not loaded: SystemExit: 3")


def test_a_component_that_does_not_load_is_listed_by_its_fallback(new_host, thermometer, flash):
    flash("spare_set", SPARE)
    host = new_host()
    configured(host, "thermometer", thermometer, "spare_set")
    host.close()
    path = host.storage.path("thermometer")
    with open(path, "r+b") as file:
        file.truncate(5000)
    again = new_host()
    drive(again.boot())
    assert [tool.name for tool in again.tools] == ["read"]
    assert call(again, "read", {"unit": "K"}) == (["spare K"], False)
    (entry,) = again.list()
    assert entry["state"] == "failed" and entry["error"].endswith("its fallback serves instead")
    drive(again.unload("thermometer"))
    assert list(again.tools) == []
