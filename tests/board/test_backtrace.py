"""A trap says where it comes from: the functions under way by name, and their instructions' offsets in the file."""

import pytest
from engines import using
from wasmote import wasm
from wasmote.wasm import Trap, backtrace
from wasmote.wasm.calls import Call
from wat import assemble, wasmtime

ENGINES = pytest.mark.parametrize("engine", ["c", "python"])

PROGRAM = """
(module
  (import "host" "back" (func $back (param i32) (result i32)))
  (memory 1)
  (table 4 funcref)
  (elem (i32.const 0) $read $divide)
  (type $unary (func (param i32) (result i32)))
  (func $read (export "read") (type $unary) (i32.load offset=4 (local.get 0)))
  (func $divide (type $unary) (i32.div_s (i32.const 10) (local.get 0)))
  (func (type $unary) (local i64)
    (local.set 1 (i64.rem_u (i64.const 9) (i64.extend_i32_u (local.get 0))))
    (i32.add (i32.const 1) (call $read (i32.mul (local.get 0) (i32.const 1000)))))
  (func $main (export "main") (type $unary) (i32.add (i32.const 7) (call 3 (i32.sub (local.get 0) (i32.const 3)))))
  (func $indirect (export "indirect") (type $unary)
    (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (local.get 0)))
  (func $down (export "down") (type $unary)
    (if (result i32) (local.get 0)
      (then (i32.xor (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 5)))
      (else (call $main (i32.const 3)))))
  (func $deep (export "deep") (type $unary) (drop (call $deep (i32.const 3))) (call $read (i32.const 0)))
  (func $host (export "host") (type $unary) (i32.add (i32.const 7) (call $back (local.get 0)))))
"""
CASES = [("main", 3), ("main", 90), ("read", -1), ("indirect", 1), ("indirect", 2), ("indirect", 9), ("down", 2),
         ("down", 20), ("deep", 0), ("host", 3)]  # fmt: skip


def instantiate(store, binary, resolve, name_files=True):
    store.reopen = (lambda: wasm.Source(binary)) if name_files else None
    module = wasm.binary.Module(wasm.Source(binary).reader())
    return wasm.drive(wasm.instance.Instance.create(store, module, resolve))


class Guest:
    def __init__(self, binary, name_files=True):
        self.store = wasm.Store(60)

        def back(n):
            yield
            return (yield from self.store.invoke(self.exports["main"], [n]))[0]

        host = wasm.externs.HostFunction(self.store, b"\x7f", b"\x7f", back)
        self.exports = instantiate(self.store, binary, lambda module, name: host, name_files).exports

    def trap(self, name, *args):
        """The Trap that the call ends in, and the slices until then."""
        steps = 0
        call = Call(self.store, self.exports[name], args)
        with pytest.raises(Trap) as raised:
            while not call.step():
                steps += 1
        return raised.value, steps


def expected(binary, name, argument):
    """(text, [(name or index, offset)]) of wasmtime's trap."""
    store = wasmtime.Store()
    module = wasmtime.Module(store.engine, binary)
    unary = wasmtime.FuncType([wasmtime.ValType.i32()], [wasmtime.ValType.i32()])
    back = wasmtime.Func(store, unary, lambda n: instance.exports(store)["main"](store, n))
    instance = wasmtime.Instance(store, module, [back])
    with pytest.raises(wasmtime.Trap) as raised:
        instance.exports(store)[name](store, argument)
    return str(raised.value), [(f.func_name or f.func_index, f.module_offset) for f in raised.value.frames]


@ENGINES
@pytest.mark.parametrize("name, argument", CASES)
def test_frames_are_those_of_wasmtime(engine, name, argument):
    binary = assemble(PROGRAM)
    _, frames = expected(binary, name, argument)
    with using(engine):
        guest = Guest(binary)
        trap, _ = guest.trap(name, argument)
        assert guest.store.used() <= 9
        guest.store.close()
    if name == "deep":  # the call that found no room, where wasmtime names the callee's first instruction
        assert [name for name, _ in trap.frames] == ["deep"] * 8
    else:
        assert trap.frames == frames[:8]


@ENGINES
def test_a_trap_is_one_line_of_text(engine):
    with using(engine):
        guest = Guest(assemble(PROGRAM))
        lines = [str(guest.trap(*case)[0]) for case in (("main", 3), ("down", 20), ("deep", 0), ("host", 99))]
        guest.store.close()
    assert lines == [
        "integer divide by zero: in function 3 at offset 0x8c, called by main",
        "integer divide by zero: in function 3 at offset 0x8c, called by main, down (6 times)",
        "call stack exhausted: in deep at offset 0xce, called by deep (7 times)",
        "out of bounds memory access: in read at offset 0x77, called by function 3, main, host",
    ]


@ENGINES
def test_without_the_file_functions_have_their_indices(engine, tmp_path):
    binary = assemble(PROGRAM)
    path = tmp_path / "guest.wasm"
    path.write_bytes(binary)
    with using(engine):
        guest = Guest(binary, False)
        trap, _ = guest.trap("main", 99)
        assert str(trap) == "out of bounds memory access: in function 1, called by function 3, function 4"
        assert trap.frames == [(1, None), (3, None), (4, None)]
        guest.store.close()
        guest = Guest(binary)
        at, count, imported, _, begin, end = guest.store.instances[0]
        guest.store.instances[0] = (at, count, imported, lambda: wasm.Source(path.open("rb")), begin, end)
        assert guest.trap("main", 99)[0].frames[0] == ("read", 0x77)
        path.write_bytes(binary[:90])  # the file has changed
        assert guest.trap("main", 99)[0].frames == [(1, None), (3, None), (4, None)]
        path.unlink()
        assert guest.trap("main", 99)[0].frames == [(1, None), (3, None), (4, None)]
        guest.store.close()


@ENGINES
@pytest.mark.parametrize("imports, functions", [(1, 2), (1, 4), (0, 4), (4000, 3), (2, 2)])
def test_a_file_with_other_functions_tells_nothing(engine, imports, functions):
    """Its indices are not the instance's: neither may be looked up in the other's lists."""

    def program(imports, functions):
        last = imports + functions - 1
        lend = '(import "host" "back" (func (param i32) (result i32)))' * imports
        own = f"(func (drop (ref.func {max(imports - 1, 0)})) unreachable)" * functions
        return assemble(f"""(module {lend} {own}
          (export "f" (func {last})) (export "declared" (func {max(imports - 1, 0)})))""")

    with using(engine):
        guest = Guest(program(1, 3))
        assert guest.trap("f")[0].frames[0][1] is not None
        at, count, imported, *_ = guest.store.instances[0]
        other = program(imports, functions)
        guest.store.instances[0] = (at, count, imported, lambda: wasm.Source(other), 0, len(other))
        assert guest.trap("f")[0].frames == [(3, None)]
        guest.store.close()


@ENGINES
def test_calls_across_instances_are_followed(engine):
    first = assemble("""(module
      (import "host" "back" (func $back (param i32) (result i32)))
      (func $inner (export "inner") (param i32) (result i32) (i32.rem_u (i32.const 1) (local.get 0))))""")
    second = assemble("""(module
      (import "first" "inner" (func $inner (param i32) (result i32)))
      (func $half (param i32) (result i32) (i32.add (call $inner (i32.shr_u (local.get 0) (i32.const 1))) (i32.const 1)))
      (func $outer (export "outer") (param i32) (result i32) (i32.add (call $half (local.get 0)) (i32.const 1))))""")
    with using(engine):
        guest = Guest(first)
        guest.exports = instantiate(guest.store, second, lambda module, name: guest.exports[name]).exports
        trap, _ = guest.trap("outer", 1)
        guest.store.close()
    assert str(trap).startswith("integer divide by zero: in inner at offset ")
    assert [name for name, _ in trap.frames] == ["inner", "half", "outer"]
    for (_, offset), (binary, opcode) in zip(trap.frames, ((first, 0x70), (second, 0x10), (second, 0x10)), strict=True):
        assert binary[offset] == opcode


@ENGINES
def test_a_trap_of_a_host_function_names_its_callers(engine):
    with using(engine):
        guest = Guest(assemble(PROGRAM))

        def refuse(n):
            raise Trap("out of bounds memory access", f"{n} bytes at 5")

        guest.store.host_functions[0].call = refuse
        trap, _ = guest.trap("host", 77)
        guest.store.close()
    assert str(trap) == "out of bounds memory access: 77 bytes at 5, in host at offset 0xde"
    assert trap.frames == [("host", 0xDE)]


@ENGINES
def test_the_search_reads_a_module_once_and_gives_way_between_records(engine, monkeypatch):
    """Eight frames of one instance of 500 functions."""
    decoded = []
    real = backtrace.decode

    def decode(reader):
        decoded.append(reader)
        return real(reader)

    monkeypatch.setattr(backtrace, "decode", decode)
    fill = "(func)" * 500
    down = """(func $down (export "f") (param i32)
      (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else unreachable)))"""
    with using(engine) as used:
        store = wasm.Store(60)
        exports = instantiate(store, assemble(f"(module {fill} {down})"), None).exports
        gets = most = 0
        get = used.get

        def counted(offset):
            nonlocal gets
            gets += 1
            return get(offset)

        call = Call(store, exports["f"], [9])
        monkeypatch.setattr(used, "get", counted)
        with pytest.raises(Trap) as raised:
            while not call.step():
                most = max(most, gets)
                gets = 0
        assert len(raised.value.frames) == 8 and len(decoded) == 1
        assert 32 <= most < 150
        store.close()


@ENGINES
def test_the_search_gives_way(engine):
    body = "(local.set 0 (i32.mul (local.get 0) (i32.const 3)))" * 3000
    with using(engine):
        store = wasm.Store(60)
        exports = instantiate(
            store, assemble(f'(module (func (export "f") (param i32) {body} unreachable))'), None
        ).exports
        call = Call(store, exports["f"], [1])
        steps = 0
        with pytest.raises(Trap, match="unreachable: in function 0 at offset 0x"):
            while not call.step():
                steps += 1
        assert steps > 100
        store.close()
