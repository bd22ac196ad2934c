"""wasmote.wasm.binary: the structure of modules, and the specification's malformed ones."""

import json

import pytest
from wasm_bytes import HEADER, module, name, section, u32, vec
from wasmote.wasm.binary import Module, decode
from wasmote.wasm.errors import Invalid, Malformed, Unsupported
from wasmote.wasm.reader import Source
from wasmote.wasm.segments import ACTIVE, DECLARATIVE, PASSIVE
from wasmote.wasm.types import number

# Errors inside of function bodies, which the translator finds. The suite's texts, as (script, line).
IN_BODIES = {("binary-leb128", line) for line in (405, 424, 443, 462, 731, 750, 769, 787, 806, 825, 844, 863, 988)} | {
    ("binary", line)
    for line in (418, 439, 455, 483, 502, 521, 540, 620, 639, 658, 676, 695, 714, 733, 752, 857, 877, 897, 916, 935)
    + (955, 974, 993, 1011, 1029, 1048, 1065, 1082, 1098, 1205, 1227, 1817)
}
# The suite's reference decoder reads on past the end of a section; a bounded Reader cannot, and says so.
OTHER_TEXT = {("binary", 1632): "unexpected end", ("binary-leb128", 348): "unexpected end"}

I32, I64, FUNCREF = b"\x7f", b"\x7e", b"\x70"
TYPES = section(1, vec([b"\x60" + vec([I32, I64]) + vec([I32]), b"\x60\0\0"]))


def decoded(data):
    return Module(Source(data).reader())


def refusal(data, failure):
    with pytest.raises(failure) as refused:
        decoded(data)
    return str(refused.value)


def spec_commands(folder):
    for script in sorted(folder.glob("*/*.json")):
        for command in json.loads(script.read_text())["commands"]:
            yield script.stem, script.parent, command


def test_every_malformed_module_of_the_specification_is_refused(spec_tests):
    seen = 0
    for script, folder, command in spec_commands(spec_tests):
        if command["type"] != "assert_malformed":
            continue
        seen += 1
        data = (folder / command["filename"]).read_bytes()
        where = (script, command["line"])
        if where in IN_BODIES:
            decoded(data)
        else:
            text = refusal(data, Malformed)
            assert text.startswith(OTHER_TEXT.get(where, command["text"])), (where, command["text"], text)
    assert seen > 700


def test_every_valid_module_of_the_specification_decodes(spec_tests):
    seen = 0
    for _, folder, command in spec_commands(spec_tests):
        if command["type"] in ("module", "assert_unlinkable", "assert_uninstantiable"):
            seen += 1
            found = decoded((folder / command["filename"]).read_bytes())
            for i in range(len(found.bodies)):
                assert found.body(i).fork().bytes(found.body(i).end - found.body(i).at)[-1] == 0x0B
    assert seen > 1000


def test_an_invalid_module_of_the_specification_decodes_or_is_invalid_by_its_text(spec_tests):
    refused = 0
    for script, folder, command in spec_commands(spec_tests):
        if command["type"] == "assert_invalid":
            try:
                decoded((folder / command["filename"]).read_bytes())
            except Invalid as failure:
                refused += 1
                if (script, command["line"]) == ("elem", 536):  # i32.add: constant since extended-const
                    command["text"] = "type mismatch"
                assert str(failure).startswith(command["text"]), (script, command["line"], str(failure))
    assert refused > 60


def test_types_imports_and_functions():
    imports = [
        name("env") + name("f") + b"\0\1",
        name("env") + name("t") + b"\1" + FUNCREF + b"\1\2\5",
        name("env") + name("m") + b"\2\0\1",
        name("env") + name("g") + b"\3" + I64 + b"\1",
    ]
    body = vec([]) + b"\x41\0\x0b"
    found = decoded(
        module(
            TYPES,
            section(2, vec(imports)),
            section(3, vec([b"\0", b"\1"])),
            section(6, vec([I32 + b"\0\x41\x2a\x0b"])),
            section(7, vec([name("run") + b"\0\1", name("mem") + b"\2\0"])),
            section(8, b"\2"),
            section(10, vec([u32(len(body)) + body, b"\2\0\x0b"])),
        )
    )
    assert found.types == [(I32 + I64, I32), (b"", b"")]
    assert found.imports == [
        ("env", "f", 0, 1),
        ("env", "t", 1, (0x70, 2, 5)),
        ("env", "m", 2, (1, None, 16)),
        ("env", "g", 3, (0x7E, 1)),
    ]
    assert list(found.functions) == [1, 0, 1]
    assert found.imported == [1, 1, 1, 1] and found.defined(0) == 2
    assert found.exports == {"run": 1 << 2, "mem": 2}
    assert found.start == 2
    assert found.globals == [(0x7E, 1), (0x7F, 0)]
    assert found.reader.fork(found.global_inits[0]).bytes(3) == b"\x41\x2a\x0b"
    assert found.body(0).bytes(4) == body
    assert found.body(1).end - found.body(1).at == 2


def test_segments_stay_in_the_file():
    offset = b"\x41\7\x0b"
    found = decoded(
        module(
            section(1, vec([b"\x60\0\0"])),
            section(3, vec([b"\0"])),
            section(4, vec([FUNCREF + b"\0\1"])),
            section(5, vec([b"\0\1"])),
            section(
                9,
                vec(
                    [
                        b"\0" + offset + vec([b"\0", b"\0"]),
                        b"\1\0" + vec([b"\0"]),
                        b"\3\0" + vec([]),
                        b"\6\0" + offset + FUNCREF + vec([b"\xd0\x70\x0b", b"\xd2\0\x0b"]),
                    ]
                ),
            ),
            section(12, b"\2"),
            section(10, vec([b"\2\0\x0b"])),
            section(11, vec([b"\0" + offset + name("hello"), b"\1" + name("there")])),
        )
    )
    head, reader = found.element(0)
    assert head == (ACTIVE, 0, 7, 0x70, 2, False)
    assert (reader.u32(), reader.u32()) == (0, 0)
    assert found.element(1)[0] == (PASSIVE, 0, 0, 0x70, 1, False)
    assert found.element(2)[0][0] == DECLARATIVE
    head, reader = found.element(3)
    assert head == (ACTIVE, 0, 7, 0x70, 2, True) and reader.u8() == 0xD0
    head, reader = found.data_segment(0)
    assert head == (ACTIVE, 0, 7) and reader.bytes(reader.end - reader.at) == b"hello"
    (mode, _, _), reader = found.data_segment(1)
    assert mode == PASSIVE and reader.bytes(5) == b"there"
    assert found.data_count == 2
    assert found.segment_types == b"\x70\x70\x70\x70"


def test_functions_named_outside_of_bodies_are_declared():
    functions = section(3, vec([b"\0"] * 10))
    code = section(10, vec([b"\2\0\x0b"] * 10))
    types = section(1, vec([b"\x60\0\0"]))
    exports = section(7, vec([name("x") + b"\0\1"]))
    elements = section(9, vec([b"\3\0" + vec([b"\2"]), b"\5" + FUNCREF + vec([b"\xd2\x08\x0b"])]))
    globals_ = section(6, vec([FUNCREF + b"\0\xd2\3\x0b"]))
    found = decoded(module(types, functions, globals_, exports, section(8, b"\4"), elements, code))
    assert [x for x in range(10) if found.declared[x >> 3] & 1 << (x & 7)] == [1, 2, 3, 8]
    assert decoded(module(types, functions, code)).declared == b"\0\0"


def test_the_name_section_is_only_located():
    found = decoded(module(section(0, name("name") + b"\1\2\3"), section(0, name("other"))))
    assert found.reader.fork(*found.names).bytes(3) == b"\1\2\3"


def test_a_module_inside_of_a_larger_file_keeps_file_offsets():
    data = b"component" + module(TYPES, section(3, vec([b"\1"])), section(10, vec([b"\2\0\x0b"]))) + b"trailer"
    source = Source(data)
    whole = source.reader()
    whole.skip(9)
    found = Module(whole.section(len(data) - 16))
    assert whole.bytes(7) == b"trailer"
    assert found.body(0).bytes(2) == b"\0\x0b"
    broken = Source(b"component" + HEADER + b"\x0e\0" + b"trailer").reader()
    broken.skip(9)
    with pytest.raises(Malformed, match="malformed section id 14 at offset 0x11"):
        Module(broken.section(10))


@pytest.mark.parametrize(
    "data, text",
    [
        (section(1, vec([b"\x60" + vec([b"\x7b"]) + b"\0"])), "type v128 (SIMD)"),
        (section(1, vec([b"\x60" + vec([b"\x6e"]) + b"\0"])), "reference type 0x6e (GC"),
        (section(1, vec([b"\x5f\0"])), "GC types"),
        (section(5, vec([b"\3\1\1"])), "shared memory (threads)"),
        (section(5, vec([b"\4\1"])), "64-bit addresses (memory64)"),
        (section(5, vec([b"\x0a\1\1\0"])), "shared memory or 64-bit addresses with a custom page size"),
        (section(13, b"\0"), "tag section (exceptions)"),
    ],
)
def test_features_of_others_are_refused_by_name(data, text):
    assert refusal(module(data), Unsupported).startswith(text)


@pytest.mark.parametrize(
    "data, text",
    [
        (section(3, vec([b"\0"])), "unknown type 0"),
        (section(5, vec([b"\0\1", b"\0\1"])), "multiple memories"),
        (section(5, vec([b"\1\2\1"])), "size minimum must not be greater than maximum"),
        (section(5, vec([b"\0" + u32(65537)])), "memory size must be at most 65536 pages (4GiB)"),
        (section(5, vec([b"\x08\1\1"])), "invalid custom page size"),
        (section(7, vec([name("x") + b"\0\0"])), "unknown function 0"),
        (section(8, b"\0"), "unknown function 0"),
        (section(11, vec([b"\0\x41\0\x0b\0"])), "unknown memory 0"),
        (section(6, vec([I32 + b"\0\x01\x0b"])), "constant expression required"),
    ],
)
def test_wrong_indices_and_limits_are_invalid(data, text):
    assert refusal(module(data), Invalid).startswith(text)


@pytest.mark.parametrize(
    "data, wanted",
    [
        (b"\0\1", (1, None, 16)),
        (b"\1\1\2", (1, 2, 16)),
        (b"\x08\1\x10", (1, None, 16)),
        (b"\x08" + u32(100000) + b"\0", (100000, None, 0)),
        (b"\x09\0" + u32(0xFFFFFFFF) + b"\0", (0, 0xFFFFFFFF, 0)),
    ],
)
def test_memories_have_pages_of_64_kib_or_of_a_byte(data, wanted):
    assert decoded(module(section(5, vec([data])))).memories == [wanted]


def test_a_component_is_not_a_core_module():
    what = "unknown binary version 0x1000d (a component: see wasmote.Host) at offset 0x4"
    assert refusal(b"\0asm\x0d\0\1\0", Malformed) == what


def test_every_truncation_of_a_module_is_malformed_or_shorter():
    data = module(TYPES, section(3, vec([b"\0"])), section(10, vec([b"\4\0\x41\0\x0b"])))
    for n in range(len(data)):
        if n not in (8, 8 + len(TYPES)):
            with pytest.raises(Malformed):
                decoded(data[:n])


def test_a_large_module_is_decoded_in_steps():
    types = section(1, vec([b"\x60\0\0"]))
    functions, code = section(3, vec([b"\0"] * 500)), section(10, vec([b"\2\0\x0b"] * 500))
    elements = section(9, vec([b"\1\0" + vec([u32(x) for x in range(500)])]))
    exports = section(7, vec([name(f"f{x}") + b"\0" + u32(x) for x in range(100)]))
    steps = decode(Source(module(types, functions, exports, elements, code)).reader())
    count = 0
    try:
        while True:
            next(steps)
            count += 1
    except StopIteration as stop:
        assert len(stop.value.bodies) == 500
    assert count >= 1600 // 16


def test_types_are_compared_a_few_times_each_whatever_they_are():
    """In a dict, whose hashes have 16 bits on a board, 4,000 types of one hash took seconds."""
    compared = 0

    class Type(bytes):
        __hash__ = None

        def __lt__(self, other):
            nonlocal compared
            compared += 1
            return bytes(self) < bytes(other)

    items, order = [], []
    types = [bytes([0x7C + (n * 37 >> 2 * i & 3) for i in range(5)]) for n in range(1000)]
    assert [number(Type(each), items, order) for each in types] == list(range(1000))
    assert [number(Type(each), items, order) for each in types] == list(range(1000))
    assert items == types and [types[i] for i in order] == sorted(types)
    assert compared < 2 * 1000 * 12


@pytest.mark.parametrize(
    "kind, most, item, what",
    [
        (1, 1000, lambda n: b"\x60\0\0", "types"),
        (2, 1000, lambda n: name("") + name("") + b"\3\x7f\0", "imports"),
        (4, 64, lambda n: FUNCREF + b"\0\0", "tables"),
        (6, 1000, lambda n: I32 + b"\0\x41\0\x0b", "globals"),
        (7, 512, lambda n: name(str(n)) + b"\2\0", "exports"),
    ],
)
def test_more_of_a_kind_than_any_real_module_has_is_refused(kind, most, item, what):
    """Each of some kinds is an object on the heap, and looked at in steps that do not give way, or found by its hash."""
    memory = section(5, vec([b"\0\0"])) if what == "exports" else b""
    items = [item(n) for n in range(most + 1)]
    assert refusal(module(memory, section(kind, vec(items))), Unsupported).startswith(f"more than {most} {what} at")
    decoded(module(memory, section(kind, vec(items[1:]))))


def test_a_huge_count_allocates_nothing():
    for section_id in (1, 2, 3, 4, 6, 7, 9, 10, 11):
        what = refusal(module(section(section_id, b"\xff\xff\xff\xff\x0f" + bytes(3))), Malformed)
        assert what.startswith("length out of bounds"), section_id
