"""The C translator accepts exactly the bodies that the Python translator does, and gives them the same code.

Over every module of the official suite, the examples, and random ones of wasm-smith.
"""

import os
import random
import subprocess
from array import array
from collections import Counter

import pytest
from conftest import ROOT
from test_load_cost import CASES, MANY, PASSING, WIDE, one, whole_module
from wasm_bytes import module, name, section, u32, vec
from wasmote import wasm
from wasmote.wasm import bodies
from wasmote.wasm.engine import engine
from wasmote.wasm.translate import Translator
from wasmote.wasm.types import FUNC
from wat import assemble

pytestmark = pytest.mark.skipif(not hasattr(engine, "translate"), reason="the Python engine has no C translator")
_STATES = {2: "done", 3: "refused", 4: "full"}


@pytest.fixture(scope="module", autouse=True)
def empty_arena():
    engine.reset()  # a store that another test left open may lie in the middle of the arena


class Unlinked:
    """As much of an Instance as translating needs: records and imports in the arena, but no imports."""

    def __init__(self, module, dense):
        self.module = module
        self.dense = dense
        self.store = wasm.Store(engine.GRANULES - 30)
        self.at = self.store.alloc(28)
        self.records = self.store.alloc(12 * module.defined(FUNC) or 4)
        self.imports = self.store.alloc(4 * module.imported[FUNC] or 4)
        engine.set(self.at + 4, self.records)
        engine.set(self.at + 8, self.imports)
        for i in range(module.imported[FUNC]):
            engine.set(self.imports + 4 * i, 40_000 * (i & 1) + 12 * i)

    def is_dense(self):
        return self.dense

    def type_ids(self, module):
        return array("H", [self.store.type_id(*functype) for functype in module.types])

    def function_offset(self, x):
        imported = self.module.imported[FUNC]
        return engine.get(self.imports + 4 * x) if x < imported else self.records + 12 * (x - imported)


def decode(binary):
    return wasm.binary.Module(wasm.Source(binary).reader())


def in_python(instance):
    """By function: the code, or the error."""
    module = instance.module
    translator = Translator(
        module, instance.type_ids(module), engine.handlers(), instance.dense, instance.function_offset
    )
    found = []
    for i in range(module.defined(FUNC)):
        try:
            translator.begin(i)
            while not translator.step(1000):
                pass
        except wasm.WasmError as error:
            found.append(error)
        else:
            code = bytearray(2 * translator.n)
            translator.copy_code(lambda at, part, code=code: put(code, at, part), 0)
            found.append(bytes(code))
    return found


def put(code, at, part):
    part = bytes(part)
    code[at : at + len(part)] = part


def in_c(instance, granules=24, piece=None):
    """By function: where its code lies, or "refused" or "full". `piece`: function that gives the size of the next piece."""
    module = instance.module
    count = module.defined(FUNC)
    found = []
    scratch = bodies.Scratch(granules, wasm.drive(bodies.pack(instance, module, instance.type_ids(module), True)))
    assert scratch.at
    try:
        while len(found) < count:
            first = len(found)
            reader = module.reader.fork(module.bodies[first], module.body(count - 1).end)
            status = _STATES[translate(scratch, reader, first, piece)]
            index = engine.get(scratch.at + bodies._AT_SCRATCH_INDEX)
            found += [engine.get(instance.records + 12 * i) for i in range(first, index)]
            if status != "done":
                found.append(status)
        return found
    finally:
        scratch.close()


def translate(scratch, reader, index, piece):
    if piece is None:
        return wasm.drive(scratch.translate(reader, index))
    engine.translate_begin(scratch.at, index, reader.at, reader.end, -1)
    n = 0
    while (status := engine.translate(scratch.at, n)) < 2:
        n = 0
        if status == 0:
            n = min(piece(), reader.end - reader.at)
            reader.readinto(engine.view(scratch.at + bodies._LEFT_OVER, n))
    return status


def same(binary, dense=False, **options):
    """Translates a module both ways, asserts that verdicts and code are equal. Returns a Counter of verdicts."""
    module = decode(binary)
    instance = Unlinked(module, dense)
    try:
        wanted = in_python(instance)
        got = in_c(instance, **options)
        seen = Counter()
        for i, (want, have) in enumerate(zip(wanted, got, strict=True)):
            if isinstance(have, str):
                assert isinstance(want, wasm.WasmError) or have == "full", (i, have, want[:20])
                seen[have] += 1
            else:
                assert isinstance(want, bytes), (i, want)
                assert bytes(engine.view(have, len(want) + 7 & ~7)) == want + bytes(-len(want) % 8), i
                seen["done"] += 1
        return seen
    finally:
        instance.store.close()


def suite(folder):
    """Modules of the official suite that decode: bodies are all that may be wrong with them."""
    for path in sorted(folder.glob("*/*.wasm")):
        binary = path.read_bytes()
        try:
            decode(binary)
        except wasm.WasmError:
            continue
        yield path, binary


@pytest.mark.parametrize("dense", [False, True])
def test_all_modules_of_the_official_suite(spec_tests, dense):
    seen = Counter()
    for path, binary in suite(spec_tests):
        try:
            seen += same(binary, dense)
        except AssertionError as error:
            raise AssertionError(f"{path.parent.name}/{path.name}: {error}") from error
    assert seen["done"] > 4000
    assert seen["refused"] > 1000
    assert seen["full"] < 5  # bodies of more than 16 KB: bodies.py gives them a larger scratch


def test_the_examples():
    paths = sorted((ROOT / "build/examples/core").glob("*.wasm"))
    if not paths:
        pytest.skip("no build/examples: make examples")
    for path in paths:
        binary = path.read_bytes()
        seen = same(binary)
        assert seen["done"] == seen.total() > 15
        if len(binary) < 16_384:  # no printf: no body of theirs needs a larger scratch than a board's first
            assert same(binary, granules=7)["full"] == 0


@pytest.mark.parametrize("before", range(10))
def test_a_scratch_that_is_full_is_not_written_past_its_end(before):
    """Two moves become one operation where the first of them found no room: that is not written either."""
    params, calls = 30, 100
    shift = b"\x20\x00\x45\x21\x01" * before  # local.get 0, i32.eqz, local.set 1: three halfwords
    call = b"\x20\x00" * params + b"\x10\x00"
    body = u32(0) + shift + call * calls + b"\x0b"
    types = vec([b"\x60" + vec([b"\x7f"] * params) + vec([])])
    binary = module(section(1, types), section(3, vec([u32(0)])), section(10, vec([u32(len(body)) + body])))
    instance = Unlinked(decode(binary), False)
    packed = wasm.drive(bodies.pack(instance, instance.module, instance.type_ids(instance.module), True))
    behind, scratch = [bodies.Scratch(5, packed) for _ in range(2)]
    try:
        assert behind.at == scratch.at + 5 * 1024
        engine.view(behind.at, 1000)[:] = b"\xa5" * 1000
        reader = instance.module.reader.fork(instance.module.bodies[0], instance.module.body(0).end)
        assert _STATES[translate(scratch, reader, 0, None)] == "full"
        assert bytes(engine.view(behind.at, 1000)) == b"\xa5" * 1000
    finally:
        behind.close()
        scratch.close()
        instance.store.close()


FEATURES = [
    *("--bulk-memory-enabled", "true", "--reference-types-enabled", "true", "--multi-value-enabled", "true"),
    *("--sign-extension-ops-enabled", "true", "--saturating-float-to-int-enabled", "true"),
    *("--max-instructions", "2000", "--min-funcs", "3", "--max-funcs", "20", "--max-memories", "1"),
    *("--max-tables", "4", "--max-imports", "8", "--max-globals", "20", "--max-memory32-bytes", "1048576"),
    *("--max-element-segments", "6", "--max-data-segments", "4", "--max-table-elements", "1000"),
]
for _feature in ("simd", "relaxed-simd", "tail-call", "threads", "exceptions", "gc", "memory64", "wide-arithmetic",
                 "custom-page-sizes", "extended-const", "shared-everything-threads"):  # fmt: skip
    FEATURES += [f"--{_feature}-enabled", "false"]
SEEDS = int(os.environ.get("TWIN_SEEDS", "120"))


def smith(seed):
    tool = ROOT / "build/wasm-tools/wasm-tools"
    entropy = random.Random(seed).randbytes(12000)
    return subprocess.run([tool, "smith", *FEATURES], input=entropy, capture_output=True, check=True).stdout


def test_random_modules():
    seen = Counter()
    for seed in range(SEEDS):
        rng = random.Random(seed)
        binary = smith(seed)
        seen += same(binary, rng.random() < 0.5)
        assert same(binary, piece=lambda rng=rng: rng.choice([1, 2, 3, 23, 24, 25, 100, 512]))["refused"] == 0
    assert seen["done"] > 2 * SEEDS
    assert not seen["refused"]


@pytest.mark.parametrize("size", [1, 2, 5, 11, 23, 24, 25, 31, 64, 511, 512])
def test_pieces_of_every_size_give_the_same(size):
    for path in sorted((ROOT / "build/examples/core").glob("*.wasm")):
        assert same(path.read_bytes(), piece=lambda: size)["refused"] == 0


def damaged(binary, rng):
    """The module with some bytes of its bodies changed; bodies end where they did."""
    module = decode(binary)
    out = bytearray(binary)
    for i in range(module.defined(FUNC)):
        body = module.body(i)
        if body.end > body.at and rng.random() < 0.7:
            for _ in range(rng.choice([1, 1, 2, 5])):
                out[rng.randrange(body.at, body.end)] = rng.choice(
                    [0, 1, 0x0B, 0x40, 0x7F, 0x80, 0xFF, rng.randrange(256)]
                )
    return bytes(out)


def test_damaged_bodies_get_the_same_verdict():
    rng = random.Random(4)
    seen = Counter()
    bases = [smith(seed) for seed in range(40)]
    bases += [path.read_bytes() for path in sorted((ROOT / "build/examples/core").glob("*.wasm"))]
    for turn in range(int(os.environ.get("TWIN_DAMAGES", "400"))):
        seen += same(damaged(bases[turn % len(bases)], rng))
    assert seen["refused"] > 300
    assert seen["done"] > 300


def one_body(code, imports=0, results=b""):
    """A module whose one function has this code, after as many imports, which ref.func may name."""
    return module(
        section(1, vec([b"\x60\0" + vec([results]) if results else b"\x60\0\0"])),
        section(2, vec([name("") + name("") + b"\0\0"] * imports)),
        section(3, b"\1\0"),
        section(7, vec([name(str(x)) + b"\0" + u32(x) for x in range(imports)])),
        section(10, vec([u32(len(code) + 1) + b"\0" + code])),
    )


def many_bodies(codes):
    return module(
        section(1, b"\1\x60\0\0"),
        section(3, vec([b"\0"] * len(codes))),
        section(10, vec([u32(len(code) + 1) + b"\0" + code for code in codes])),
    )


@pytest.mark.parametrize("second", [0x12, 0x7F, (0x6A - 0xD3) % 2**32, (0xD2 - 0xD3) % 2**32])
def test_an_opcode_behind_the_prefix_that_there_is_not(second):
    code = b"\x41\5\x41\6\xfc" + u32(second) + b"\x0b"
    assert same(one_body(code, results=b"\x7f")) == {"refused": 1}


def test_a_reference_to_an_import_that_there_is_not():
    binary = one_body(b"\xd2" + u32(300) + b"\x1a\x0b", imports=400)
    instance = Unlinked(decode(binary), False)
    instance.imports = 0
    engine.set(instance.at + 8, 0)
    try:
        instance.function_offset = lambda x: 0
        want = in_python(instance)[0]
        (have,) = in_c(instance)
        assert bytes(engine.view(have, len(want))) == want
    finally:
        instance.store.close()


def loading(binary, **options):
    """Instantiates, and says which bodies Python translated, and how few granules were ever free."""
    in_python_ = bodies._in_python
    seen = []

    def spy(*args):
        seen.append(args[-2:])
        return in_python_(*args)

    bodies._in_python = spy
    least = engine.used(0)
    try:
        steps = wasm.instantiating(binary, limit=30)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                stop.value.close()
                return seen, least
            least = min(least, engine.used(0))
    finally:
        bodies._in_python = in_python_


@pytest.mark.parametrize("first", [0, 3])
def test_one_body_too_large_for_c_sends_no_other_one_to_python(first):
    deep = b"\2\x40" * 4000 + b"\x0b" * 4001
    seen, _ = loading(many_bodies([b"\x0b"] * first + [deep] + [b"\x0b"] * 20))
    assert seen == [(first, first + 1)]


def test_a_large_body_leaves_half_of_what_is_free():
    free = engine.used(0)
    for depth in 500, 1000, 2000:
        _, least = loading(many_bodies([b"\2\x40" * depth + b"\x0b" * (depth + 1)]))
        assert least > free // 2 - 10  # the store's own


def test_a_store_closed_while_bodies_are_translated():
    store = wasm.Store(limit=40)
    binary = many_bodies([b"\1" * 40 + b"\x0b"] * 1000)
    instance = wasm.instance.Instance.create(store, decode(binary), None)
    used = engine.used(0)
    while engine.used(0) > used - 5:  # until the scratch is there
        next(instance)
    owner = store.owner
    store.close()
    other = wasm.Store(limit=40)
    assert other.owner == owner
    used = other.used()
    with pytest.raises(ValueError, match="the store is closed"):
        wasm.drive(instance)
    assert other.used() == used
    other.close()
    assert engine.used(0) > engine.GRANULES - 5


def slices(binary, granules=60):
    """How often C's translate() gave way, over all bodies."""
    module = decode(binary)
    instance = Unlinked(module, False)
    scratch = bodies.Scratch(granules, wasm.drive(bodies.pack(instance, module, instance.type_ids(module), True)))
    count = module.defined(FUNC)
    reader = module.reader.fork(module.bodies[0], module.body(count - 1).end)
    n = again = 0
    try:
        engine.translate_begin(scratch.at, 0, reader.at, reader.end, -1)
        while (status := engine.translate(scratch.at, n)) < 2:
            n = 0
            if status == 0:
                n = min(512, reader.end - reader.at)
                reader.readinto(engine.view(scratch.at + bodies._LEFT_OVER, n))
            again += status
        assert _STATES[status] == "done"
        return again
    finally:
        scratch.close()
        instance.store.close()


@pytest.mark.parametrize("case", CASES)
def test_what_c_does_for_a_body_grows_with_its_size(case):
    """The same bodies as for Python, test_load_cost.py. WORK in translate.c is what C does between two slices."""
    whole = whole_module(CASES[case](400), 400)
    assert slices(whole) <= 4 * len(whole) / 1500 + 1


def test_c_gives_way_in_a_long_chain_of_branches():
    """8,000 entries that name one label: it does not take them all in one slice that the label is reached."""
    n = 8_000
    assert slices(one_body(b"\x02\x40\x41\1\x0e" + u32(n) + b"\0" * (n + 1) + b"\x0b\x0b"), 40) >= n // 1500


@pytest.mark.parametrize("case", PASSING)
def test_c_counts_the_values_that_instructions_pass(case):
    """The same bodies as for Python: each value that an instruction passes is as much work as one that passes none."""
    n = 50
    whole = whole_module(one(PASSING[case](n)), 1, WIDE)
    assert same(whole, granules=50) == {"done": 1}
    assert slices(whole, granules=50) >= MANY * n // 1500


LABELS = {  # types of two labels around a br_table, what it finds on the stack, whether it may name both
    "of one type": ("0", "0", "", "i32.const 7 f32.const 1", True),
    "of equal types": ("0", "1", "", "i32.const 7 f32.const 1", True),
    "of other types": ("0", "2", "", "i32.const 7 f32.const 1", False),
    "of other types in dead code": ("0", "2", "unreachable", "", True),
    "of other types over a value in dead code": ("0", "2", "unreachable", "f32.const 1", False),
    "of other lengths in dead code": ("0", "3", "unreachable", "", False),
    "that lacks an operand": ("0", "0", "", "f32.const 1", False),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_of_a_branch_table(case):
    """The types of an entry are not checked again where the entry before had the same."""
    outer, inner, before, operands, valid = LABELS[case]
    binary = assemble(f"""(module (type (func (result i32 f32))) (type (func (result i32 f32)))
        (type (func (result i32 i32))) (type (func (result i32)))
        (func block (type {outer}) block (type {inner}) {before} {operands} i32.const 0
            br_table 1 1 0 0 1 0 end unreachable end drop drop))""")
    assert same(binary) == {"done" if valid else "refused": 1}
