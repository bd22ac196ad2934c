"""The benchmark programs compute the same on this machine, in wasmtime and in both engines: else no figure counts."""

import ctypes
import shutil
import sys

import pytest
from conftest import ROOT
from engines import using
from wasmote import wasm

sys.path.append(str(ROOT / "scripts/bench"))
from programs import CLANG, PROGRAMS, code_bytes, compile_all

wasmtime = pytest.importorskip("wasmtime")
pytestmark = pytest.mark.skipif(not shutil.which(CLANG), reason=f"there is no {CLANG} to compile them with")
CASES = [pytest.param(program, id=program.name) for program in PROGRAMS]


def native(program, n):
    compile_all([program])
    return ctypes.CDLL(str(program.native)).run(n)


def in_wasmtime(program, n):
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, program.wasm.read_bytes()), [])
    return instance.exports(store)["run"](store, n)


def in_ours(program, *rounds):
    store = wasm.Store(64)
    module = wasm.binary.Module(wasm.Source(program.wasm.read_bytes()).reader())
    instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: None))
    for n in rounds:
        (value,) = wasm.drive(store.invoke(instance.exports["run"], [n]))
        yield value - (value >> 31 << 32)


@pytest.mark.parametrize("program", CASES)
def test_the_c_engine_agrees_with_native_code_and_wasmtime(program):
    expected = native(program, 3)
    assert in_wasmtime(program, 3) == expected
    with using("c"):
        assert list(in_ours(program, 3, 1, 3)) == [expected, native(program, 1), expected]


@pytest.mark.parametrize("program", CASES)
def test_so_does_the_python_twin(program):
    with using("python"):
        assert list(in_ours(program, 1)) == [native(program, 1)]


def test_code_bytes_are_those_between_locals_and_end():
    binary = wasmtime.wat2wasm("(module (func) (func (local i32 i64) (drop (i32.const 300))))")
    assert code_bytes(binary) == 1 + 5  # end; i32.const with two bytes, drop, end
