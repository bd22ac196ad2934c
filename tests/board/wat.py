"""Components from their text format."""

import os

import pytest

os.environ["WAST_STRICT_COMPONENT_INDICES"] = "0"  # the text format that wasm-tools 1.239 takes, too
wasmtime = pytest.importorskip("wasmtime", reason="pip install wasmtime: reads the text format")
wc = pytest.importorskip("wasmtime.component")


def assemble(text):
    return bytes(wasmtime.wat2wasm(text))
