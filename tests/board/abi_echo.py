"""Components that show what the Canonical ABI did to a call of a random function type, (p0: P0, …) -> R.

    lower(p0: P0, …) -> list<u8>    the image that its arguments left in memory
    poke(image) -> list<u8>         that image is put back, damaged or not, and the arguments in it go to the import f;
                                    the image of the result
    lift(image) -> R                that image is put back, and the result in it is returned

An image is the memory from 240 on: what was returned, or where (240), up to 16 core arguments, 8 bytes each (256), the
first calls of realloc (384), and all that realloc gave (512). So each canon lift and lower, of arguments and results, in
core values and in memory, is seen as bytes, and meets bytes that nobody would write. Resources are the host's `r`; what
f borrows, `lower` owns.

`crossing` has two of them in one component, where f is the other one's:

    set(image)                      what the other one's f returns
    image() -> list<u8>             what its arguments left in the other one's memory
    give(h: own<r>)                 if there are handles: one more of the first one's, to be in an image

What f borrows it drops, if it is a parameter by itself.
"""

import re

import abi_types

HOST = "test:test/host"
ENCODINGS = ("utf8", "utf16", "latin1+utf16")
START, FLATS, LOG, HEAP = 240, 256, 384, 512
LIBRARY = f"""
(core module $lib
  (memory (export "memory") 1)
  (global $at (mut i32) (i32.const {HEAP}))
  (global $log (mut i32) (i32.const {LOG}))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (if (i32.lt_u (global.get $log) (i32.const {HEAP})) (then
      (i32.store (global.get $log) (local.get $old)) (i32.store offset=4 (global.get $log) (local.get $size))
      (i32.store offset=8 (global.get $log) (local.get $align)) (i32.store offset=12 (global.get $log) (local.get $new))
      (global.set $log (i32.add (global.get $log) (i32.const 16)))))
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (memory.copy (global.get $at) (local.get $old)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))
    (global.get $at)
    (global.set $at (i32.add (global.get $at) (local.get $new))))
  (func (export "restore") (param $image i32) (param $size i32)
    (memory.copy (i32.const {START}) (local.get $image) (local.get $size))
    (global.set $log (i32.const {LOG}))
    (memory.fill (i32.const {LOG}) (i32.const 0) (i32.const {HEAP - LOG}))
    (local.set $size (i32.add (i32.const {START}) (local.get $size)))
    (memory.fill (local.get $size) (i32.const 0) (i32.sub (global.get $at) (local.get $size)))
    (global.set $at (local.get $size)))
  (func $area (export "area") (param $size i32)
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (i32.store (i32.const {START}) (global.get $at))
    (memory.fill (global.get $at) (i32.const 0) (local.get $size))
    (global.set $at (i32.add (global.get $at) (local.get $size))))
  (func (export "image") (result i32)
    (i32.store (i32.const 0) (i32.const {START}))
    (i32.store (i32.const 4) (i32.sub (global.get $at) (i32.const {START})))
    (i32.const 0))
  (func (export "clean")
    (memory.fill (i32.const {START}) (i32.const 0) (i32.sub (global.get $at) (i32.const {START})))
    (global.set $at (i32.const {HEAP})) (global.set $log (i32.const {LOG}))))
(core instance $lib (instantiate $lib))
(alias core export $lib "memory" (core memory $memory))
(alias core export $lib "realloc" (core func $realloc))
"""
IMPORTS = """(import "lib" "memory" (memory 1)) (import "lib" "restore" (func $restore (param i32 i32)))
  (import "lib" "area" (func $area (param i32))) (import "lib" "image" (func $image (result i32)))
  (import "lib" "clean" (func $clean)) (func (export "clean") (param i32) (call $clean))"""
LIFTED = """
(alias core export $m "NAME" (core func $NAME))
(alias core export $m "CLEAN" (core func $CLEAN-NAME))
(func $NAME (export "NAME") PARAMS RESULT (canon lift (core func $NAME)
  string-encoding=ENCODING (memory $memory) (realloc (func $realloc)) (post-return (func $CLEAN-NAME))))
"""


def owned(t):
    """The type with every borrow an own."""
    if isinstance(t, str):
        return "own" if t == "borrow" else t
    return (t[0], *[part if isinstance(part, int) or part is None else owned(part) for part in t[1:]])


def flats(params):
    """The core parameters of a lifted function."""
    flat = [f for t in params for f in abi_types.flatten(t)]
    return flat if len(flat) <= 16 else ["i32"]


def returned(result):
    """The core results of a lifted function."""
    flat = abi_types.flatten(result) if result else []
    return flat if len(flat) <= 1 else ["i32"]


def _lifted(name, encoding, params, result, clean="clean"):
    params = " ".join(f'(param "p{i}" {p})' for i, p in enumerate(params))
    text = LIFTED.replace("PARAMS", params).replace("RESULT", f"(result {result})" if result else "")
    return text.replace("ENCODING", encoding).replace("CLEAN", clean).replace("NAME", name)


def _func_type(params, result, wat):
    names = [f'(param "p{i}" {wat.type(p)})' for i, p in enumerate(params)]
    return f"(func {' '.join(names)} {f'(result {wat.type(result)})' if result else ''})"


def _store(flat):
    return "".join(f"({f}.store (i32.const {FLATS + 8 * i}) (local.get {i}))" for i, f in enumerate(flat))


def _result_of(types):
    return f"(result {types[0]})" if types else ""


def component(params, result, encoding, resources=True, name="component", more=""):
    """The text of the component of a function type, with `more` definitions."""
    inside, outside = abi_types.Wat(inside=True), abi_types.Wat()
    function = _func_type(params, result, inside)
    given = [outside.type(owned(p)) for p in params]
    lifted_result = outside.type(result) if result else ""
    flat, core = flats(params), returned(result)
    call = "".join(f"({f}.load (i32.const {FLATS + 8 * i}))" for i, f in enumerate(flat))
    if result and len(abi_types.flatten(result)) > 1:
        imported = f"(param {' '.join(flat)} i32)"
        call = f"(call $area (i32.const {abi_types.size(result)})) (call $f {call} (i32.load (i32.const {START})))"
    else:
        imported = f"(param {' '.join(flat)}) {_result_of(core)}"
        call = f"({core[0]}.store (i32.const {START}) (call $f {call}))" if core else f"(call $f {call})"
    lift = ""
    if result:
        lift = f"""(func (export "lift") (param i32 i32) (result {core[0]})
          (call $restore (local.get 0) (local.get 1)) ({core[0]}.load (i32.const {START})))
          (func (export "clean-lift") (param {core[0]}) (call $clean))"""
    return f"""({name}
      (import "{HOST}" (instance $host {'(export "r" (type $r (sub resource)))' if resources else ""}
        {" ".join(inside.lines)} (export "f" {function})))
      {'(alias export $host "r" (type $r))' if resources else ""}
      (alias export $host "f" (func $f)) {" ".join(outside.lines)} {LIBRARY}
      (core func $f (canon lower (func $f) string-encoding={encoding} (memory $memory) (realloc (func $realloc))))
      (core instance $given (export "f" (func $f)))
      (core module $m {IMPORTS.replace('(func (export "clean")', f'(import "" "f" (func $f {imported})) (func (export "clean")')}
        (func (export "lower") (param {" ".join(flat)}) (result i32) {_store(flat)} (call $image))
        (func (export "poke") (param i32 i32) (result i32)
          (call $restore (local.get 0) (local.get 1)) {call} (call $image))
        {lift})
      (core instance $m (instantiate $m (with "lib" (instance $lib)) (with "" (instance $given))))
      {_lifted("lower", encoding, given, "(list u8)")} {_lifted("poke", encoding, ["(list u8)"], "(list u8)")}
      {_lifted("lift", encoding, ["(list u8)"], lifted_result, "clean-lift") if result else ""}
      {more})"""


def has_handles(params, result):
    return any(kind in str([params, result]) for kind in abi_types.HANDLES)


def _dropping(params):
    """Code that drops the parameter that is a borrow."""
    flat = at = 0
    spilled = sum(len(abi_types.flatten(p)) for p in params) > 16
    for p in params:
        at = abi_types.align_to(at, abi_types.alignment(p))
        if p == "borrow":
            return f"(call $drop {f'(i32.load offset={at} (local.get 0))' if spilled else f'(local.get {flat})'})"
        at += abi_types.size(p)
        flat += len(abi_types.flatten(p))
    return ""


RESOURCE = """(import "r" (type $r (sub resource)))
  (core func $drop (canon resource.drop $r)) (core instance $drop (export "drop" (func $drop)))"""


def _other(params, result, encoding):
    """The text of the component that serves f."""
    handles = has_handles(params, result)
    wat = abi_types.Wat()
    given = [wat.type(p) for p in params]
    served = wat.type(result) if result else ""
    flat, core = flats(params), returned(result)
    give = f"({core[0]}.load (i32.const {START}))" if core else ""
    imports = IMPORTS
    if handles:
        imports = '(import "drop" "drop" (func $drop (param i32)))' + IMPORTS
    return f"""(component $Other {RESOURCE if handles else ""} {" ".join(wat.lines)} {LIBRARY}
      (core module $m {imports}
        (func (export "f") (param {" ".join(flat)}) {_result_of(core)} {_store(flat)} {_dropping(params)} {give})
        (func (export "done") {f"(param {core[0]})" if core else ""})
        (func (export "set") (param i32 i32) (call $restore (local.get 0) (local.get 1)))
        (func (export "image") (result i32) (call $image)))
      (core instance $m (instantiate $m (with "lib" (instance $lib)) {'(with "drop" (instance $drop))' if handles else ""}))
      {_lifted("f", encoding, given, served, "done")} {_lifted("image", encoding, [], "(list u8)")}
      (alias core export $m "set" (core func $set))
      (func $set (export "set") (param "image" (list u8))
        (canon lift (core func $set) (memory $memory) (realloc (func $realloc)))))"""


GIVE = """(core module $give (func (export "give") (param i32))) (core instance $give (instantiate $give))
  (alias core export $give "give" (core func $give)) (func (export "give") (param "h" (own $r)) (canon lift (core func $give)))"""


def crossing(params, result, encoding, other):
    """The text of a component in which one with `encoding` calls another with the encoding `other`."""
    handles = has_handles(params, result)
    exports = [("other", "set"), ("other", "image"), ("one", "poke"), *[("one", "give")] * handles]
    reexported = "".join(
        f'(alias export ${instance} "{name}" (func ${name})) (export "{name}" (func ${name}))'
        for instance, name in exports
    )
    imported = (
        f"""(import "{HOST}" (instance $host (export "r" (type (sub resource))))) (alias export $host "r" (type $r))"""
    )
    one = component(params, result, encoding, resources=handles, name="component $One", more=GIVE if handles else "")
    served, given, offered = _other(params, result, other), "", "other"
    if handles:  # that other one does not export the resource, as an instance to import does
        offered = "offered"
        types = re.findall(r'\(export \$\w+ "(t\d+)"', served)
        given = "".join(f'(alias export $other "{name}" (type ${name}))' for name in types)
        given += '(alias export $other "f" (func $f)) (instance $offered (export "r" (type $r)) (export "f" (func $f))'
        given += "".join(f'(export "{name}" (type ${name}))' for name in types) + ")"
    return f"""(component {imported if handles else ""}
      {served} (instance $other (instantiate $Other {'(with "r" (type $r))' if handles else ""}))
      {given} {one}
      (instance $one (instantiate $One (with "{HOST}" (instance ${offered}))))
      {reexported})"""
