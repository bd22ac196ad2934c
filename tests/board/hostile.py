"""Guests that do what the Canonical ABI forbids, or more than a board has: each an MCP server with a tool `attack`.

GUESTS: {name: Guest}. How each has to end is the specification's word (definitions.py) or a limit of ours.
"""

from mcp_guest import CLOCK, POLL, REALLOC, component, composed

OK = "(i32.const 2048)"
LOGS = """(call $log (i32.const 1) (i32.const 2200) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096))"""
LOOP = "(loop $for-ever (br $for-ever))"


class Guest:
    """`ends`: what the answer to the call says, or with `loads` false, the refusal of the push. `fine`: it is no error."""

    def __init__(self, ends, text, loads=True, fine=False):
        self.ends = ends
        self.text = text
        self.loads = loads
        self.fine = fine


def stores(at, *words):
    return "".join(f"(i32.store (i32.const {at + 4 * i}) (i32.const {word}))" for i, word in enumerate(words))


def returning(*words, more=""):
    """A server whose result begins with these words."""
    return component(stores(2048, *words) + more + OK)


def content(*words, more=""):
    """A server whose one block of content begins with these words."""
    return component(stores(2080, *words) + more + OK)


def allocating(body, **options):
    """A server whose realloc is this."""
    lib = f"""(global $at (mut i32) (i32.const 8192)) (global $started (mut i32) (i32.const 0))
      (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32) {body})"""
    return component(lib=lib, **options)


def returned(body):
    """A server whose post-return is this."""
    return component(lib=f'{REALLOC} (func (export "post") (param i32) {body})', post=True)


def instance(definitions):
    """Definitions of $other, the instance of a component."""
    return f"(component $Other {definitions}) (instance $other (instantiate $Other))"


def calling(module, params, core, arguments, results="", area="", served=None, lib=REALLOC, before=""):
    """A server that calls another component instance's f, (params) -> (results) in the text format; `core` is how f is
    imported, `arguments` what it gets, `area` the options of both canons, unless the other one's are `served`, `lib` where
    its realloc is, `before` what the server does before."""
    result = f"(result {results})" if results else ""
    memory = "(memory $memory) (realloc (func $realloc))" if area else ""
    other = f"""(core module $m {lib} (memory (export "memory") 1) {module}) (core instance $m (instantiate $m))
      (alias core export $m "memory" (core memory $memory)) (alias core export $m "realloc" (core func $realloc))
      (alias core export $m "f" (core func $f))
      (func (export "f") {params} {result} (canon lift (core func $f) {memory} {area if served is None else served}))"""
    given = f'(import "other" (instance $other (export "f" (func {params} {result}))))'
    lowered = f'(alias export $other "f" (func $f)) (core func $f (canon lower (func $f) {memory} {area}))'
    call = f"(drop (call $f {arguments}))" if "result" in core else f"(call $f {arguments})"
    return composed(instance(other), around=given + lowered, given='(export "f" (func $f))',
                    imports=f'(import "given" "f" (func $f {core}))', attack=before + call + OK)  # fmt: skip


def transcoding(answers, words, units, caller, callee):
    """A server that gives another component instance a string, `units` of the encoding `caller`; its realloc answers so."""
    answer = "".join(
        f"(if (i32.eq (global.get $calls) (i32.const {i})) (then (return (i32.const {a}))))"
        for i, a in enumerate(answers, 1)
    )
    lib = f"""(global $calls (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1))) {answer} unreachable)"""
    return calling('(func (export "f") (param i32 i32))', '(param "s" string)', "(param i32 i32)",
                   f"(i32.const 2200) (i32.const {units})", area=caller or " ", served=callee, lib=lib, before=stores(2200, *words))  # fmt: skip


def reallocating(built_in, call):
    """A server whose realloc calls a canonical built-in of a resource type `r`, through a table."""
    lib = f"""(table $t (export "t") 1 funcref)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) {call} (i32.const 8192))"""
    around = f"""(type $r (resource (rep i32))) (core func $f (canon {built_in} $r)) (alias core export $lib "t" (core table $t))
      (core instance $with (export "f" (func $f)) (export "t" (table $t)))
      (core module $set (import "" "t" (table 1 funcref)) (import "" "f" (func $f {"(param i32) (result i32)" if "new" in built_in else "(param i32)"}))
        (elem (i32.const 0) func $f))
      (core instance (instantiate $set (with "" (instance $with))))"""
    return component(lib=lib, around=around)


def lending(attack, params="", core="", keeps=False, body="", more=""):
    """A server with handles of a resource `r`, and a function f that takes some, of the component instance that defines
    it; if it `keeps` them, of another one, which may have `take` from the first, for its `body`. The destructor traps for
    any rep but 0."""
    f = f"""{more} (core module $f {'(import "" "take" (func $take (param i32)))' if more else ""} (func (export "f") {core} {body}))
      (core instance $f (instantiate $f {'(with "" (instance $take))' if more else ""})) (alias core export $f "f" (core func $f))
      (func (export "f") {params} (canon lift (core func $f)))"""
    served = """(core module $d (func (export "dtor") (param i32) (if (local.get 0) (then unreachable))))
      (core instance $d (instantiate $d)) (alias core export $d "dtor" (core func $dtor))
      (type $inner (resource (rep i32) (dtor (core func $dtor)))) (export $r "r" (type $inner))
      (core func $make (canon resource.new $inner))
      (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $make)))"""
    if keeps:
        take = """(core module $take (func (export "take") (param i32))) (core instance $take (instantiate $take))
          (func (export "take") (param "a" (own $r)) (canon lift (core func $take "take")))"""
        served = f"""(component $D {served} {take}) (instance $d (instantiate $D)) (alias export $d "r" (type $r))
          (component $F (import "r" (type $r (sub resource))) (import "take" (func $take (param "a" (own $r)))) {f})
          (alias export $d "take" (func $take)) (instance $f (instantiate $F (with "r" (type $r)) (with "take" (func $take))))
          (alias export $d "make" (func $make)) (alias export $f "f" (func $f))
          (instance $other (export "r" (type $r)) (export "make" (func $make)) (export "f" (func $f)))"""
    else:
        served = instance(served + f)
    around = f"""(import "other" (instance $other (export "r" (type $r (sub resource)))
        (export "make" (func (param "rep" u32) (result (own $r)))) (export "f" (func {params}))))
      (alias export $other "r" (type $r)) (core func $drop (canon resource.drop $r))
      (alias export $other "make" (func $make)) (core func $make (canon lower (func $make)))
      (alias export $other "f" (func $f)) (core func $f (canon lower (func $f)))"""
    given = '(export "make" (func $make)) (export "drop" (func $drop)) (export "f" (func $f))'
    imports = f"""(import "given" "make" (func $make (param i32) (result i32))) (import "given" "drop" (func $drop (param i32)))
      (import "given" "f" (func $f {core}))"""
    return composed(served, around=around, given=given, imports=imports, attack=attack + OK)


def owning(dtor, attack, imports="", functions="", **options):
    """A server with resources of its own, whose destructor is this; core imports new, rep, drop."""
    around = f"""(core module $d (table (export "t") 1 funcref) (func (export "dtor") (param i32) {dtor}))
      (core instance $d (instantiate $d)) (alias core export $d "dtor" (core func $dtor))
      (type $r (resource (rep i32) (dtor (core func $dtor))))
      (core func $new (canon resource.new $r)) (core func $rep (canon resource.rep $r)) (core func $drop (canon resource.drop $r))
      (type $s (resource (rep i32))) (core func $new-s (canon resource.new $s)) (core func $drop-s (canon resource.drop $s))"""
    given = """(export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop)) (export "new-s" (func $new-s))
      (export "drop-s" (func $drop-s)) (export "t" (table $d "t"))"""
    imports = f"""(import "given" "new" (func $new (param i32) (result i32))) (import "given" "rep" (func $rep (param i32) (result i32)))
      (import "given" "drop" (func $drop (param i32))) (import "given" "new-s" (func $new-s (param i32) (result i32)))
      (import "given" "drop-s" (func $drop-s (param i32))) {imports}"""
    return component(attack + OK, around=around, given=given, imports=imports, functions=functions, **options)


def waiting(attack):
    """A server that may subscribe to the clock, and drop and block on pollables."""
    around = f"""(import "{POLL}" (instance $poll (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))))
      (alias export $poll "pollable" (type $p))
      (import "{CLOCK}" (instance $clock (alias outer 1 $p (type $q)) (export "pollable" (type (eq $q)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
      (core func $subscribe (canon lower (func $clock "subscribe-duration")))
      (core func $block (canon lower (func $poll "[method]pollable.block"))) (core func $drop (canon resource.drop $p))
      (type $s (resource (rep i32))) (core func $new-s (canon resource.new $s))"""
    given = """(export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "drop" (func $drop))
      (export "new-s" (func $new-s))"""
    imports = """(import "given" "subscribe" (func $subscribe (param i64) (result i32))) (import "given" "block" (func $block (param i32)))
      (import "given" "drop" (func $drop (param i32))) (import "given" "new-s" (func $new-s (param i32) (result i32)))"""
    return component(attack + OK, around=around, given=given, imports=imports)


def nested(depth):
    """The text of instances that call one another `depth` deep, the last one a component without code around it."""
    first = '(core module $m (func (export "f"))) (core instance $m (instantiate $m)) (func (export "f") (canon lift (core func $m "f")))'
    links = f"(component $C0 {first}) (instance $c0 (instantiate $C0))"
    for i in range(1, depth):
        links += f"""(component $C{i} (import "f" (func $f)) (core func $f (canon lower (func $f)))
          (core instance $i (export "f" (func $f))) (core module $m (import "" "f" (func $f)) (func (export "f") (call $f)))
          (core instance $m (instantiate $m (with "" (instance $i)))) (func (export "f") (canon lift (core func $m "f"))))
          (alias export $c{i - 1} "f" (func $f{i})) (instance $c{i} (instantiate $C{i} (with "f" (func $f{i}))))"""
    return links + f'(alias export $c{depth - 1} "f" (func $last)) (export "f" (func $last))'


UTF16 = "string-encoding=utf16"
COMPACT = "string-encoding=latin1+utf16"
CHAR = '(func (export "f") (param i32))'
SPILL = " ".join(f'(param "p{i}" u32)' for i in range(17))
PAIR = '(func (export "f") (result i32) (i32.const 16))'
BORROW = '(param "a" (borrow $r))'

GUESTS = {
    # results
    "result far outside": Guest("return area out of bounds of memory", component("(i32.const 65512)")),
    "result at the end of addresses": Guest("return area out of bounds of memory", component("(i32.const -4)")),
    "result misaligned": Guest("unaligned pointer: return area at 0x801", component("(i32.const 2049)")),
    "result of no case": Guest("unexpected discriminant: 2", returning(2)),
    "error of no code": Guest("unexpected discriminant: 9", returning(1, 9, 2200, 4, 0)),
    "option of no case": Guest("unexpected discriminant: 255", returning(0, 2080, 1, 255)),
    "content of no case": Guest("unexpected discriminant: 4", content(4)),
    "list outside": Guest("list pointer/length out of bounds of memory", returning(0, 65448, 2, 0)),
    "list misaligned": Guest("unaligned pointer: list pointer/length at 0x821", returning(0, 2081, 0, 0)),
    "list of 2^32-1 elements": Guest("list too long", returning(0, 2080, -1, 0)),
    "list whose size wraps around 2^32": Guest("list too long: 46684428 elements", returning(0, 2080, 46684428, 0)),
    "list of all memory": Guest("value too large: more than 16384 bytes", returning(0, 0, 712, 0)),
    "string outside": Guest("string pointer/length out of bounds of memory", content(0, 65535, 2)),
    "string of 2^31 bytes": Guest("string too long: 2147483648 bytes", content(0, 2200, -2147483648)),
    "string of all memory": Guest("value too large", content(0, 0, 65536)),
    "string of half a character": Guest("invalid utf-8 sequence", content(0, 2200, 1, more=stores(2200, 0xC3))),
    "string with a surrogate": Guest("invalid utf-8 sequence", content(0, 2200, 3, more=stores(2200, 0x80A0ED))),
    "string with an overlong NUL": Guest("invalid utf-8 sequence", content(0, 2200, 2, more=stores(2200, 0x80C0))),
    "unpaired surrogate": Guest("invalid utf-16 sequence", component(
        stores(2200, 0x0061D800) + stores(2080, 0, 2200, 2) + OK, options=UTF16)),
    "UTF-16 misaligned": Guest("unaligned pointer: string pointer/length", component(
        stores(2080, 0, 2201, 1) + OK, options=UTF16)),
    "UTF-16 of 2^31 units": Guest("string too long: 4294967296 bytes", component(
        stores(2080, 0, 2200, -2147483648) + OK, options=UTF16)),
    "tagged string outside": Guest("string pointer/length out of bounds of memory", component(
        stores(2080, 0, 65534, -2147483646) + OK, options=COMPACT)),
    "unpaired surrogate in a tagged string": Guest("invalid utf-16 sequence", component(
        stores(2200, 0x0061D800) + stores(2080, 0, 2200, -2147483646) + OK, options=COMPACT)),
    # realloc and post-return
    "realloc gives what is outside": Guest("realloc return: beyond end of memory", allocating("(i32.const 65535)")),
    "realloc gives the end of addresses": Guest("realloc return: beyond end of memory", allocating("(i32.const -1)")),
    "realloc gives a misaligned place": Guest("realloc return: result not aligned", allocating(
        "(i32.const 8193)", options=UTF16)),
    "realloc gives one place to all": Guest("ok", allocating("(i32.const 2500)"), fine=True),
    "realloc gives the place of its result": Guest("unexpected discriminant: 123", allocating("(i32.const 2048)")),
    "realloc grows without end": Guest("realloc return: beyond end of memory|out of memory", allocating(
        "(loop $more (memory.fill (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)) (i32.const 1) (i32.const 65536)) (br $more)) (i32.const 0)")),
    "realloc traps": Guest("unreachable", allocating("unreachable")),
    "second realloc for a string gives what is outside": Guest("realloc return: beyond end of memory: 0x10000", transcoding(
        [8192, 65536], [0xA9C3], 2, "", UTF16)),
    "second realloc gives the end of addresses for a string that shrinks": Guest("realloc return: beyond end of memory: 0xffffffff", transcoding(
        [8192, -1], [0x00E900E9], -2147483646, COMPACT, COMPACT)),
    "third realloc for a string gives a misaligned place": Guest("realloc return: result not aligned: 0x2801", transcoding(
        [8192, 9216, 10241], [0xAC82E2], 3, "", COMPACT)),
    "third realloc for a string gives what is outside": Guest("realloc return: beyond end of memory: 0xffff", transcoding(
        [8192, 9216, 65535], [0x00E9], 1, UTF16, "")),
    "realloc makes a resource": Guest("cannot leave component instance", reallocating(
        "resource.new", "(drop (call_indirect $t (param i32) (result i32) (i32.const 1) (i32.const 0)))")),
    "realloc drops a resource": Guest("cannot leave component instance", reallocating(
        "resource.drop", "(call_indirect $t (param i32) (i32.const 1) (i32.const 0))")),
    "realloc calls out": Guest("cannot leave component instance", allocating(f"{LOGS} (i32.const 8192)")),
    "realloc never ends": Guest("was stopped after", allocating(f"{LOOP} (i32.const 0)")),
    "post-return traps": Guest("unreachable", returned("unreachable")),
    "post-return calls out": Guest("cannot leave component instance", returned(LOGS)),
    "post-return never ends": Guest("was stopped after", returned(LOOP)),
    # from one instance to another
    "surrogate as a char": Guest("invalid `char` bit pattern: 0xd800", calling(
        CHAR, '(param "c" char)', "(param i32)", "(i32.const 0xd800)")),
    "char beyond Unicode": Guest("invalid `char` bit pattern: 0x110000", calling(
        CHAR, '(param "c" char)', "(param i32)", "(i32.const 0x110000)")),
    "parameters misaligned": Guest("unaligned pointer: parameter area at 0x2", calling(
        CHAR, SPILL, "(param i32)", "(i32.const 2)", area=" ")),
    "parameters outside": Guest("parameter area out of bounds of memory", calling(
        CHAR, SPILL, "(param i32)", "(i32.const 65504)", area=" ")),
    "place for a result misaligned": Guest("unaligned pointer: result area at 0xa", calling(
        PAIR, "", "(param i32)", "(i32.const 10)", "(tuple u32 u32)", area=" ")),
    "place for a result outside": Guest("result area out of bounds of memory", calling(
        PAIR, "", "(param i32)", "(i32.const -8)", "(tuple u32 u32)", area=" ")),
    "result of no case from another instance": Guest("unexpected discriminant: 7", calling(
        '(func (export "f") (result i32) (i32.const 7))', "", "(result i32)", "", "(result)")),
    "one deep after the other": Guest("ok|call stack exhausted", composed(
        instance(nested(12)), around='(import "other" (instance $other (export "f" (func)))) (alias export $other "f" (func $f)) (core func $f (canon lower (func $f)))',
        given='(export "f" (func $f))', imports='(import "given" "f" (func $f))', attack=f"(call $f) {OK}"), fine=None),
    "a call into the instance around": Guest("cannot enter component instance", component(
        f"(call $f) {OK}", around="""(component $C (core module $m (func (export "f"))) (core instance $m (instantiate $m))
          (func (export "f") (canon lift (core func $m "f")))) (instance $c (instantiate $C))
          (core func $f (canon lower (func $c "f")))""", given='(export "f" (func $f))', imports='(import "given" "f" (func $f))')),
    "a call into itself": Guest("cannot enter component instance", component(
        f"(call $f) {OK}", around="""(core module $n (func (export "f"))) (core instance $n (instantiate $n))
          (func $own (canon lift (core func $n "f"))) (core func $f (canon lower (func $own)))""",
        given='(export "f" (func $f))', imports='(import "given" "f" (func $f))')),
    # handles
    "handle 0": Guest("unknown handle index 0", owning("", "(call $drop (i32.const 0))")),
    "handle never given": Guest("unknown handle index 4294967295", owning("", "(drop (call $rep (i32.const -1)))")),
    "handle dropped twice": Guest("unknown handle index 1", owning(
        "", "(drop (call $new (i32.const 0))) (call $drop (i32.const 1)) (call $drop (i32.const 1))")),
    "handle of another type": Guest("handle index 1 used with the wrong type", owning(
        "", "(drop (call $new (i32.const 0))) (call $drop-s (i32.const 1))")),
    "handle of the host's as its own": Guest("handle index 1 used with the wrong type", waiting(
        "(drop (call $new-s (i32.const 0))) (call $block (i32.const 1))")),
    "handle given away while it is lent": Guest("cannot remove owned resource while borrowed", lending(
        "(call $f (call $make (i32.const 0)) (i32.const 1))", BORROW + '(param "b" (own $r))', "(param i32 i32)")),
    "borrow kept after the call": Guest("borrow handles still remain at the end of the call", lending(
        "(call $f (call $make (i32.const 0)))", BORROW, "(param i32)", keeps=True)),
    "borrow given away": Guest("cannot lift own resource from a borrow: handle 1", lending(
        "(call $f (call $make (i32.const 0)))", BORROW, "(param i32)", keeps=True, body="(call $take (local.get 0))",
        more='(core func $take (canon lower (func $take))) (core instance $take (export "take" (func $take)))')),
    "borrow of a handle that is none": Guest("unknown handle index 2", lending(
        "(drop (call $make (i32.const 0))) (call $f (i32.const 2))", BORROW, "(param i32)")),
    "handles without end": Guest("handle table full: 1023 handles", owning(
        "", "(loop $more (drop (call $new (i32.const 0))) (br $more))")),
    "pollables without end": Guest("too many pollables|handle table full", waiting(
        "(loop $more (drop (call $subscribe (i64.const 0))) (br $more))")),
    "handle used after its drop": Guest("unknown handle index 1", waiting(
        "(call $drop (call $subscribe (i64.const 0))) (call $block (i32.const 1))")),
    "destructor that traps": Guest("unreachable", owning("unreachable", "(call $drop (call $new (i32.const 1)))")),
    "destructor of another instance that traps": Guest("unreachable", lending(
        "(call $drop (call $make (i32.const 1)))")),
    "destructor that never ends": Guest("was stopped after", owning(
        LOOP, "(call $drop (call $new (i32.const 1)))")),
    "destructor that drops one more, and so on": Guest("call stack exhausted", owning(
        "(call_indirect (i32.const 0))", "(call $chain)",
        imports='(import "given" "t" (table 1 funcref))', functions="""(elem (i32.const 0) func $chain)
          (func $chain (call $drop (call $new (i32.const 1))))""")),
    # core code and limits
    "trap": Guest("unreachable: in ", component("unreachable")),
    "loop without end": Guest("was stopped after", component(LOOP + OK)),
    "recursion without end": Guest("call stack exhausted", component(
        "(call $deeper (i32.const 0)) " + OK, functions="(func $deeper (param i32) (call $deeper (local.get 0)))")),
    "memory without end": Guest("out of memory|out of bounds memory access", component(
        """(local $at i32) (loop $more (drop (memory.grow (i32.const 1)))
          (i32.store (local.get $at) (i32.const 1)) (local.set $at (i32.add (local.get $at) (i32.const 1024))) (br $more)) unreachable""")),
    "table without end": Guest("was stopped after|ok", component(
        "(loop $more (br_if $more (i32.ne (table.grow (ref.null func) (i32.const 100)) (i32.const -1)))) " + OK,
        functions="(table 1 funcref)"), fine=None),
    "log without end": Guest("was stopped after", component(f"(loop $more {LOGS} (br $more)) unreachable")),
    "log of all memory": Guest("value too large", component(LOGS.replace("2200", "0").replace("(i32.const 4)", "(i32.const 65536)", 1) + OK)),
    "log of another level": Guest("unexpected discriminant: 5", component(LOGS.replace("(i32.const 1)", "(i32.const 5)", 1) + OK)),
    "tools without end": Guest("was stopped after", allocating(
        "(i32.const 8192)", attack="(loop $more (call $register (i32.const 1024) (i32.const 1) (i32.const 4096)) (br $more)) unreachable")),
    "start that traps": Guest("unreachable", component(register="unreachable"), loads=False),
    "start that loops": Guest("did not start within", component(register=LOOP), loads=False),
    "start that recurses": Guest("call stack exhausted", component(
        register="(call $deeper)", functions="(func $deeper (call $deeper))"), loads=False),
    "start whose destructor drops one more, and so on": Guest("call stack exhausted", owning(
        "(call_indirect (i32.const 0))", "", register="(call $chain)",
        imports='(import "given" "t" (table 1 funcref))', functions="""(elem (i32.const 0) func $chain)
          (func $chain (call $drop (call $new (i32.const 1))))"""), loads=False),
}  # fmt: skip
