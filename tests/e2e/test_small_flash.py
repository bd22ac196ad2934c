"""A component that does not fit the flash: a clear error, and what is stored stays."""

import subprocess
import sys

import pytest
from conftest import PATIENCE, firmware, params
from test_bad_components import padded, push  # the same hand


@pytest.fixture(scope="module", params=params("qemu:m0"))
def kind(request):
    assert firmware(request.param).exists(), "make firmware"
    return request.param


@pytest.fixture(scope="module")
def port(kind, environment):
    image = f"{environment['WASMOTE_DATA_DIR']}/small.flash"
    with open(image, "wb") as file:
        file.write(b"\xff" * 160 * 1024)
    return f"{kind}?flash={image}"


def test_too_large_for_the_flash(bridge, wasmote, examples):
    assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    error = push(bridge, "big", padded(200_000))["error"]
    assert error["code"] == -32008 and "flash" in error["message"] and "wasmote rm" in error["message"]
    assert bridge.call("read")[1] is False
    assert [one["name"] for one in bridge.ask("wasmote/list")["result"]["components"]] == ["thermometer"]


def test_a_damaged_flash_image_is_explained(environment, tmp_path):
    image = tmp_path / "odd.flash"
    image.write_bytes(b"x" * 100)
    command = [sys.executable, "-m", "wasmote", "info", f"qemu:m0?flash={image}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "is no flash image" in done.stderr
