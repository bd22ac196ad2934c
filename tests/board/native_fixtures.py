"""Fixtures and steps of the tests of native functions: `serve`, a `clock` in hand, modules on a `flash`."""

import json
import sys

import pytest
from wasmote.host import native
from wasmote.host.native import provider as provider_module
from wasmote.host.native.provider import Native
from wasmote.wasm import drive


@pytest.fixture
def nothing_left_over():
    native.take()
    yield
    native.take()


@pytest.fixture
def serve(host, nothing_left_over):
    """Has the host serve what was decorated so far."""

    def take(name="tools.py"):
        made = Native(host, name, native.take())
        host.serve(made)
        return made

    return take


def call(host, tool, arguments=None, notify=None):
    """(content, is_error)"""
    return drive(host.call_tool(tool, json.dumps(arguments or {}).encode(), b"1" if notify else None, notify))


def listed(entry):
    return json.loads(bytes(entry.json))


@pytest.fixture
def clock(monkeypatch):
    now = [0]
    monkeypatch.setattr(provider_module, "ticks_ms", lambda: now[0])
    return now


@pytest.fixture
def flash(tmp_path, monkeypatch):
    """write(module, text): a module on the flash."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(native, "folders", (f"{tmp_path}/",))
    names = []

    def write(module, text):
        (tmp_path / f"{module}.py").write_text(text)
        names.append(module)

    yield write
    for name in names:
        sys.modules.pop(name, None)
