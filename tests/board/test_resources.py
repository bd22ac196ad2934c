"""Resources that a guest defines: resource.new, rep and drop, destructors, and who may be entered while they run."""

import pytest
from guests import call, lift, load, stores_closed  # noqa: F401
from wasmote.wasm import Invalid, Trap, Unsupported, drive

# The destructor counts, and fails when it is told to. `use` takes a borrow of its own resource: the rep.
COUNTER = """
  (global $dropped (mut i32) (i32.const 0))
  (func (export "dtor") (param i32)
    (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
    (global.set $dropped (i32.add (i32.mul (global.get $dropped) (i32.const 100)) (local.get 0))))
  (func (export "dropped") (result i32) (global.get $dropped))"""
BUILT_INS = """(core func $new (canon resource.new $r)) (core func $rep (canon resource.rep $r))
  (core func $drop (canon resource.drop $r))
  (core instance $built-in (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop)))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "look") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "end") (param i32) (call $drop (local.get 0)))
    (func (export "take") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "use") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $m (with "" (instance $built-in))))"""
GUEST = f"""(component
  (core module $counter {COUNTER}) (core instance $counter (instantiate $counter))
  (alias core export $counter "dtor" (core func $dtor))
  (type $r (resource (rep i32) (dtor (core func $dtor))))
  {BUILT_INS}
  (export $e "thing" (type $r))
  {lift("make", '(param "rep" u32) (result (own $e))', "")}
  {lift("look", '(param "handle" u32) (result u32)', "")}
  {lift("end", '(param "handle" u32)', "")}
  {lift("take", '(param "t" (own $e)) (result u32)', "")}
  {lift("use", '(param "t" (borrow $e)) (result u32)', "")}
  (alias core export $counter "dropped" (core func $dropped))
  (func (export "dropped") (result u32) (canon lift (core func $dropped))))"""


def test_a_guest_makes_its_resources_and_the_host_holds_their_reps():
    guest = load(GUEST)
    assert call(guest, "make", 7) == 7
    assert call(guest, "take", 7) == 7  # as handle 1
    assert call(guest, "look", 1) == 7
    assert call(guest, "take", 8) == 8
    call(guest, "end", 1)
    call(guest, "end", 2)
    assert call(guest, "dropped") == 708


def test_a_borrow_of_its_own_resource_is_the_rep():
    assert call(load(GUEST), "use", 0xFFFFFFFF) == 0xFFFFFFFF


@pytest.mark.parametrize("use", ["look", "end"])
@pytest.mark.parametrize("handle", [0, 1, 2, 0xFFFFFFFF])
def test_a_handle_that_is_none_traps(use, handle):
    guest = load(GUEST)
    call(guest, "take", 7)
    call(guest, "end", 1)
    with pytest.raises(Trap, match=f"unknown handle index {handle}"):
        call(guest, use, handle)
    assert guest.dead


def test_the_host_destroys_what_it_holds_through_the_guest():
    guest = load(GUEST)
    drive(guest.destroy(0, 5))
    assert call(guest, "dropped") == 5
    with pytest.raises(Trap, match="unreachable"):
        drive(guest.destroy(0, 13))
    with pytest.raises(Trap, match="cannot enter component instance"):
        drive(guest.destroy(0, 5))


def test_a_trap_in_a_destructor_leaves_the_instance_dead():
    guest = load(GUEST)
    call(guest, "take", 13)
    with pytest.raises(Trap, match="unreachable"):
        call(guest, "end", 1)
    with pytest.raises(Trap, match="cannot enter component instance"):
        call(guest, "dropped")


def test_what_a_gone_guest_owned_of_its_own_is_not_destroyed():
    guest = load(GUEST)
    call(guest, "take", 13)  # whose destructor would trap
    guest.close()
    assert guest.dead


@pytest.mark.parametrize(
    "code, traps",
    [
        ("(drop (call $new (i32.const 1)))", True),
        ("(call $drop (i32.const 1))", True),
        ("(drop (call $rep (i32.const 1)))", False),
    ],
)
def test_post_return_makes_and_drops_nothing_but_may_look(code, traps):
    before = f"""(type $r (resource (rep i32))) {BUILT_INS}
      (core module $p (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "f") (result i32) (call $new (i32.const 7))) (func (export "post") (param i32) {code}))
      (core instance $p (instantiate $p (with "" (instance $built-in))))"""
    guest = load(f"""(component {before} (alias core export $p "f" (core func $f)) (alias core export $p "post" (core func $post))
      (func (export "f") (result u32) (canon lift (core func $f) (post-return (func $post)))))""")
    if not traps:
        assert call(guest, "f") == 1
        return
    with pytest.raises(Trap, match="cannot leave component instance"):
        call(guest, "f")


def test_a_destructor_may_end_its_own_instances_resources_but_enter_no_other_that_runs():
    """The instance of a resource drops its last handle within a call: its destructor runs all the same."""
    guest = load(GUEST)
    call(guest, "take", 5)
    call(guest, "end", 1)
    assert call(guest, "dropped") == 5


@pytest.mark.parametrize("built_in", ["resource.new", "resource.rep"])
def test_only_who_defined_a_resource_makes_it_or_looks_inside(built_in):
    outer = f"""(component (type $r (resource (rep i32)))
      (component $inner (import "r" (type $r (sub resource))) (core func (canon {built_in} $r)))
      (instance (instantiate $inner (with "r" (type $r)))))"""
    with pytest.raises(Invalid, match="type 0 is not a local resource"):
        load(outer)


@pytest.mark.parametrize(
    "definition, error, what",
    [
        (
            "(instance (type (resource (rep i32))))",
            Invalid,
            "resources can only be defined within a concrete component",
        ),
        (
            "(resource (rep i32) (dtor (core func $f)))",
            Invalid,
            r"destructor has type \(\) -> \(\), \(i32\) -> \(\) is",
        ),
    ],
)
def test_what_no_resource_type_is(definition, error, what):
    module = '(core module $m (func (export "f"))) (core instance $m (instantiate $m))'
    with pytest.raises(error, match=what):
        load(f'(component {module} (alias core export $m "f" (core func $f)) (type {definition}))')


def test_a_representation_of_64_bits_is_refused_by_name():
    with pytest.raises(Unsupported, match="resource represented by an i64"):
        load(b"\0asm\x0d\0\1\0" + b"\x07\x04\x01\x3f\x7e\x00")
