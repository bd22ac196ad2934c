"""Hostile guests on whole boards: each attack ends as it must, another component answers before, during and after.

The unix build of it has AddressSanitizer and UndefinedBehaviorSanitizer in all its C: MicroPython, engine and arena. While a
guest runs, or the host reads or writes its memory, all granules that are another's are closed to both.
"""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, Bridge
from test_bad_components import push

sys.path.append(str(ROOT / "tests/board"))
import hostile
import mcp_guest
from wat import assemble

SANITIZED = ROOT / "build/firmware/unix-sanitized/micropython"
TIMEOUT_MS = 1000


@pytest.fixture(scope="module", params=["sanitized", "qemu:m0"])
def port(request):
    if request.param != "sanitized":
        return request.param
    subprocess.run([ROOT / "scripts/build_firmware.sh", "unix-sanitized"], check=True, timeout=1200)
    return f"unix:?firmware={SANITIZED}"


@pytest.fixture(scope="module")
def bridge(port, environment):
    with Bridge(port, environment | {"ASAN_OPTIONS": "detect_leaks=0"}) as bridge:
        assert "result" in push(bridge, "witness", assemble(mcp_guest.component(tool="answer")))
        served(bridge)
        yield bridge


def served(bridge):
    assert bridge.call("answer") == ("ok", False)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", hostile.GUESTS)
def test_a_hostile_guest_ends_where_it_must_and_others_are_served(bridge, name):
    guest = hostile.GUESTS[name]
    if guest.ends == "did not start within":
        pytest.skip("the load's time limit is a minute: test_bad_components has one that traps")
    answer = push(bridge, "hostile", assemble(guest.text))
    if not guest.loads:
        assert re.search(guest.ends, answer["error"]["message"])
        return served(bridge)
    assert "result" in answer, answer
    bridge.ask("wasmote/configure", {"name": "hostile", "config": {"timeout_ms": TIMEOUT_MS}})
    number = bridge.start_call("attack")
    served(bridge)
    result = bridge.answer(number)["result"]
    text = result["content"][0]["text"]
    assert re.search(guest.ends, text), text
    assert guest.fine is None or result["isError"] is not guest.fine
    served(bridge)
    info = bridge.ask("wasmote/info")["result"]
    witness = next(one for one in info["components"] if one["name"] == "witness")
    assert witness["traps"] == 0 and witness["state"] == "ready"
