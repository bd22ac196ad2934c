"""Components that misbehave: what traps, and that nothing enters a component instance afterwards. Resources."""

import pytest
from guests import ECHO, HOST, STRINGS, Interface, call, echo, host, importing, lift, load, stores_closed  # noqa: F401
from wasmote.wasm import Trap, drive

DEAD = "cannot enter component instance"
IMPORTS = '(import "" "f" (func $f)) (import "" "memory" (memory 1))'


def answering(body, result="i32", text=STRINGS):
    """A component whose export "echo" is a function (param i32 i32) of this body."""
    function = f'(func (export "echo") (param i32 i32) (result {result}) {body})'
    return importing("f", "", IMPORTS + function, lift("echo", text))


def pair(pointer, length, at=16):
    return f"(i32.store (i32.const {at & -4}) (i32.const {pointer})) (i32.store offset=4 (i32.const {at & -4}) (i32.const {length})) (i32.const {at})"


@pytest.mark.parametrize(
    "body, what",
    [
        ("unreachable", "unreachable"),
        (pair(0, 4, at=18), "unaligned pointer: return area at 0x12"),
        ("(i32.const 65532)", "return area out of bounds of memory"),
        (pair(65535, 2), "string pointer/length out of bounds of memory"),
        (pair(16, 17000), "value too large: more than 16384 bytes"),
        ("(i32.store8 (i32.const 32) (i32.const 255))" + pair(32, 1), "invalid utf-8 sequence"),
    ],
)
def test_a_trap_in_a_call_leaves_the_instance_dead(body, what):
    component = load(answering(body), host())
    with pytest.raises(Trap, match=what):
        call(component, "echo", "x")
    assert component.dead
    with pytest.raises(Trap, match=DEAD):
        call(component, "echo", "x")


def test_an_abandoned_call_leaves_the_instance_dead():
    component = load(answering("(loop $l (br $l)) (i32.const 0)"), host())
    pending = component.exports["echo"]("x")
    for _ in range(3):
        next(pending)
    assert not component.dead
    pending.close()
    assert component.dead
    with pytest.raises(Trap, match=DEAD):
        call(component, "echo", "x")


def test_an_exception_of_the_host_passes_through_and_leaves_the_instance_dead():
    def fail():
        raise KeyError("host")

    component = load(answering("(call $f)" + pair(0, 0)), host(fail))
    with pytest.raises(KeyError):
        call(component, "echo", "x")
    assert component.dead


def test_a_running_instance_cannot_be_entered():
    refused = []

    def again():
        with pytest.raises(Trap, match=DEAD):
            call(component, "echo", "x")
        refused.append(1)

    component = load(answering("(call $f)" + pair(0, 0)), host(again))
    assert call(component, "echo", "x") == ""
    assert refused == [1]
    assert not component.dead


def test_an_instance_that_is_being_made_cannot_be_entered():
    """Its own export, lowered and called by a start function."""
    with pytest.raises(Trap, match=DEAD):
        load("""(component
          (core module $m (func (export "g")))
          (core instance $m (instantiate $m))
          (alias core export $m "g" (core func $g))
          (func $g (canon lift (core func $g)))
          (core func $low (canon lower (func $g)))
          (core module $s (import "" "g" (func $g)) (start $g))
          (core instance $low (export "g" (func $low)))
          (core instance (instantiate $s (with "" (instance $low)))))""")


def test_realloc_cannot_call_out():
    module = '(func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $f) (i32.const 1024))'
    alias = '(alias core export $m "realloc" (core func $own))'
    component = load(echo(module, "(memory $memory) (realloc (func $own))", alias), host())
    with pytest.raises(Trap, match="cannot leave component instance"):
        call(component, "echo", "x")


def test_post_return_cannot_call_out():
    module = '(func (export "post") (param i32) (call $f))'
    alias = '(alias core export $m "post" (core func $post))'
    component = load(
        echo(module, "(memory $memory) (realloc (func $realloc)) (post-return (func $post))", alias), host()
    )
    with pytest.raises(Trap, match="cannot leave component instance"):
        call(component, "echo", "x")


@pytest.mark.parametrize("area, what", [(17, "unaligned pointer: result area at 0x11"), (65534, "unaligned"),
                                        (65536, "result area out of bounds of memory")])  # fmt: skip
def test_the_area_for_an_imports_result_is_checked_after_the_host_ran(area, what):
    called = []
    module = f'(import "" "f" (func $f (param i32))) (func (export "go") (call $f (i32.const {area})))'
    component = load(importing("f", "(result (tuple u32 u32))", module, lift("go", "", "")),
                     {HOST: Interface({"f": ("()->tuple<u32,u32>", lambda: called.append(1) or (1, 2))})})  # fmt: skip
    with pytest.raises(Trap, match=what):
        call(component, "go")
    assert called == [1]


def test_how_much_a_call_may_lift_is_a_setting():
    source = echo()
    assert len(call(load(source, host()), "echo", "x" * 16384)) == 16384
    small = load(source, host(), lift_limit=100)
    assert len(call(small, "echo", "x" * 100)) == 100
    with pytest.raises(Trap, match="value too large: more than 100 bytes of strings and lists in one call"):
        call(small, "echo", "x" * 101)


# -- resources


def with_pollables(module, exports, more=""):
    """A guest of a host that has pollables: make() -> own, wait(borrow), take(own); core imports by these names, and drop."""
    return f"""(component
      (import "{HOST}" (instance $host
        (export "pollable" (type $p (sub resource)))
        (export "make" (func (result (own $p))))
        (export "wait" (func (param "p" (borrow $p))))
        (export "take" (func (param "p" (own $p))))))
      (alias export $host "pollable" (type $p))
      (alias export $host "make" (func $make)) (core func $make (canon lower (func $make)))
      (alias export $host "wait" (func $wait)) (core func $wait (canon lower (func $wait)))
      (alias export $host "take" (func $take)) (core func $take (canon lower (func $take)))
      (core func $drop (canon resource.drop $p))
      (core instance $given (export "make" (func $make)) (export "wait" (func $wait)) (export "take" (func $take)) (export "drop" (func $drop)))
      (core module $m
        (import "" "make" (func $make (result i32))) (import "" "wait" (func $wait (param i32)))
        (import "" "take" (func $take (param i32))) (import "" "drop" (func $drop (param i32))) {module})
      (core instance $m (instantiate $m (with "" (instance $given))))
      {more} {exports})"""


class Pollables:
    """The host of them: every call is a line in `log`."""

    def __init__(self, wait=None):
        self.log = []
        self.made = 100
        functions = {
            "make": ("()->own<pollable>", self.make),
            "wait": ("(p:borrow<pollable>)", wait or (lambda rep: self.log.append(("wait", rep)))),
            "take": ("(p:own<pollable>)", lambda rep: self.log.append(("take", rep))),
        }
        self.imports = {HOST: Interface(functions, {"pollable": lambda rep: self.log.append(("drop", rep))})}

    def make(self):
        self.made += 1
        return self.made


def exported(*names):
    return "".join(lift(name, '(param "h" u32) (result u32)', "") for name in names)


GUEST = """
  (func (export "make") (param i32) (result i32) (call $make))
  (func (export "wait") (param i32) (result i32) (call $wait (local.get 0)) (i32.const 0))
  (func (export "take") (param i32) (result i32) (call $take (local.get 0)) (i32.const 0))
  (func (export "drop") (param i32) (result i32) (call $drop (local.get 0)) (i32.const 0))"""
PLAIN = with_pollables(GUEST, exported("make", "wait", "take", "drop").replace("core func $", "core func $x"))


def test_a_guest_makes_lends_gives_and_drops_resources():
    host = Pollables()
    guest = load(PLAIN, host.imports)
    assert [call(guest, "make", 0) for _ in range(3)] == [1, 2, 3]
    call(guest, "wait", 2)
    call(guest, "take", 1)
    call(guest, "drop", 2)
    assert call(guest, "make", 0) == 2
    assert host.log == [("wait", 102), ("take", 101), ("drop", 102)]
    guest.close()
    assert sorted(host.log[3:]) == [("drop", 103), ("drop", 104)]


@pytest.mark.parametrize("use", ["wait", "take", "drop"])
@pytest.mark.parametrize("handle", [0, 1, 2, 0xFFFFFFFF])
def test_using_a_handle_that_is_none_traps(use, handle):
    host = Pollables()
    guest = load(PLAIN, host.imports)
    call(guest, "make", 0)
    call(guest, "drop", 1)
    with pytest.raises(Trap, match="unknown handle index"):
        call(guest, use, handle)
    assert guest.dead


def test_a_resource_is_lent_for_the_time_of_the_call_only():
    def wait(rep):
        lent.append(guest.instances[0].handles._entry(1)[1])
        yield
        lent.append(guest.instances[0].handles._entry(1)[1])

    lent = []
    guest = load(PLAIN, Pollables(wait).imports)
    call(guest, "make", 0)
    call(guest, "wait", 1)
    assert lent == [1, 1]
    assert guest.instances[0].handles._entry(1)[1] == 0


HOLDER = """(func (export "hold") (param i32) (call $wait (local.get 0)) (call $drop (local.get 0)))
  (func (export "keep") (param i32))"""
HOLDS = with_pollables(HOLDER, "".join(lift(name, '(param "p" (borrow $p))', "") for name in ("hold", "keep")))


def test_a_borrowed_resource_must_be_dropped_before_the_call_ends():
    host = Pollables()
    guest = load(HOLDS, host.imports)
    call(guest, "hold", 7)
    call(guest, "hold", 8)
    assert host.log == [("wait", 7), ("wait", 8)]
    with pytest.raises(Trap, match="borrow handles still remain at the end of the call"):
        call(guest, "keep", 9)


def test_a_guest_that_fails_while_it_is_made_leaves_no_resource():
    host = Pollables()
    module = "(func $s (drop (call $make)) (drop (call $make)) unreachable) (start $s)"
    with pytest.raises(Trap, match="unreachable"):
        load(with_pollables(module, ""), host.imports)
    assert host.log == [("drop", 102), ("drop", 101)]


def test_a_resource_that_the_host_cannot_drop_keeps_no_other_from_being_dropped():
    def drop(rep):
        host.log.append(rep)
        if rep == 102:
            raise OSError("the card is full")

    host = Pollables()
    host.imports[HOST].resources["pollable"] = drop
    guest = load(PLAIN, host.imports)
    for _ in range(3):
        call(guest, "make", 0)
    with pytest.raises(OSError, match="the card is full"):
        guest.close()
    assert host.log == [103, 102, 101]


def test_two_components_run_side_by_side():
    started = load(answering("(loop $l (br $l)) (i32.const 0)"), host())
    pending = started.exports["echo"]("x")
    next(pending)
    other = load(echo(), host())
    assert call(other, "echo", "still here") == "still here"
    next(pending)
    pending.close()
    assert drive(other.exports["echo"]("again")) == "again"
