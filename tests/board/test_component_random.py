"""Components that nobody wrote: each that wasm-tools takes loads or is refused by name, each damaged one is judged as wasm-tools does."""

import os
import random
import subprocess

import pytest
from component_tests import ends, loaded
from conftest import MICROPYTHON, ROOT, needs_micropython
from full_heap import FILL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import TOOL, needs_tool, refusal, wasm_tools
from test_component_types import INVALID, VALID
from wasmote.component.imagine import validate
from wasmote.wasm import Source, arena_info
from wat import assemble

pytestmark = needs_tool
ERRORS = {"Malformed", "Invalid", "Unsupported", "Unlinkable", "OutOfMemory", "Trap", "Exhaustion"}


def judge(binary):
    """How validating ends: "accepted", "Unsupported" or the class of another error."""
    return ends(validate(Source(binary))).split(":")[0]


def damaged(binary, choose):
    """A copy with one byte changed."""
    copy = bytearray(binary)
    at = choose.randrange(8, len(copy))
    copy[at] = choose.choice([choose.randrange(256), copy[at] ^ 1 << choose.randrange(8), copy[at] + 1 & 0xFF])
    return bytes(copy)


def sections(binary):
    """The sections of a component, each with its head."""
    at = 8
    found = []
    while at < len(binary):
        size = shift = 0
        end = at + 1
        while True:
            size |= (binary[end] & 0x7F) << shift
            shift += 7
            end += 1
            if binary[end - 1] < 0x80:
                break
        found.append(binary[at : end + size])
        at = end + size
    return found


def spliced(binary, other, choose):
    """A copy of `binary` in which some sections are left out, are elsewhere, or are from another component."""
    own = sections(binary)
    for _ in range(choose.randrange(1, 4)):
        action = choose.randrange(3)
        if action and own:
            taken = own.pop(choose.randrange(len(own)))
        if action != 1:
            own.insert(choose.randrange(len(own) + 1), taken if action else choose.choice(sections(other)))
    return binary[:8] + b"".join(own)


def agree(binary):
    """Both take it, or both refuse it; unless we refuse it for a feature, or take exports whose types have no names."""
    judged = judge(binary)
    said = refusal(binary)
    if judged == "accepted":
        return not said or "not valid to be used as export" in said
    return judged == "Unsupported" or said != ""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """made(seed): components of what wasm-tools wit-smith makes of some bytes: the package itself, and of each of its worlds."""
    folder = tmp_path_factory.mktemp("random")
    package, core, component = (folder / name for name in ("package.wasm", "core.wasm", "component.wasm"))

    def make(seed):
        smith = subprocess.run([TOOL, "wit-smith"], input=seed, capture_output=True, timeout=60)
        if smith.returncode:
            return
        package.write_bytes(smith.stdout)
        yield smith.stdout
        worlds = [
            line.split()[1]
            for line in wasm_tools("component", "wit", package).decode().split("\n")
            if line[:6] == "world "
        ]
        for world in worlds[:2]:
            embed = ["component", "embed", package, "--world", world.rstrip("{"), "-o", core]
            run = subprocess.run([TOOL, *embed, "--dummy-names", "legacy"], capture_output=True, timeout=60)
            new = ["component", "new", core, "-o", component]
            if run.returncode == 0 and subprocess.run([TOOL, *new], capture_output=True, timeout=60).returncode == 0:
                yield component.read_bytes()

    return make


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=100, max_size=1500), st.randoms(use_true_random=False))
def test_a_component_of_any_world_is_taken_or_refused_by_the_name_of_a_feature_and_damaged_as_wasm_tools_says(
    made, seed, choose
):
    for binary in made(seed):
        end = ends(validate(Source(binary)))
        assert end == "accepted" or end.startswith("Unsupported: ") and ("WASI 0.2" in end or "use a list" in end), end
        end = loaded(binary)
        assert end == "accepted" or end.split(":")[0] in ("Unsupported", "Unlinkable"), end
        for _ in range(3):
            assert agree(damaged(binary, choose))


@pytest.fixture(scope="module")
def real(made):
    """Some components, one of each kind, that load."""
    found = [ROOT / "build/examples" / f"{name}.wasm" for name in ("thermometer", "faults")]
    binaries = [path.read_bytes() for path in found if path.is_file()]
    choose = random.Random(4)
    while len(binaries) < 6:
        binaries += [binary for binary in made(choose.randbytes(800)) if judge(binary) == "accepted"]
    return binaries


def test_every_prefix_of_a_component_ends_in_one_of_our_errors_or_is_a_component_that_ends_there(real):
    before = arena_info()
    for binary in real:
        for size in range(0, len(binary), 1 + len(binary) // 200):
            end = loaded(binary[:size]).split(":")[0]
            assert end == "accepted" or end in ERRORS
            assert judge(binary[:size]) in ("accepted", "Malformed", "Invalid", "Unsupported")
    assert arena_info() == before


def test_damaged_components_load_or_end_in_one_of_our_errors_and_leave_nothing(real):
    choose = random.Random(5)
    before = arena_info()
    for binary in real:
        for _ in range(60):
            end = loaded(damaged(binary, choose)).split(":")[0]
            assert end == "accepted" or end in ERRORS
    assert arena_info() == before


def test_components_put_together_of_the_sections_of_others_are_judged_as_wasm_tools_does(real):
    choose = random.Random(7)
    binaries = [*real, *(assemble(f"(component {text})") for text in [*VALID.values(), *INVALID.values()])]
    for _ in range(200):
        binary = spliced(choose.choice(binaries), choose.choice(binaries), choose)
        assert agree(binary)
        end = loaded(binary).split(":")[0]
        assert end == "accepted" or end in ERRORS


PROGRAM = (
    FILL
    + r"""
import sys
sys.path[:0] = sys.argv[1:2]
from wasmote.component import Component, coretype, imagine, later, methods, resources
from wasmote.wasm import Source, Store, WasmError, arena_info, drive

class Nothing:
    def interface(self, name):
        return None

def end(path):
    store = Store(90)
    try:
        with open(path, "rb") as file:
            drive(Component.load(store, Source(file), Nothing()))
        return "accepted"
    except WasmError as error:
        return type(error).__name__
    finally:
        store.close()

free = arena_info()[1]
hog = fill(1024 * int(sys.argv[2]))
for path in sys.argv[3:]:
    gc.collect()
    print(end(path), free - arena_info()[1])
"""
)


@needs_micropython
@pytest.mark.parametrize("heap", [16, 32, 64, 1000])
def test_under_micropython_a_heap_that_is_too_small_is_no_other_end(real, heap, tmp_path):
    """The same ends as under CPython, or out of memory: `heap` KiB are free."""
    choose = random.Random(6)
    copies = [binary for binary in real] + [damaged(binary, choose) for binary in real for _ in range(12)]
    paths = []
    for i, binary in enumerate(copies):
        paths.append(tmp_path / f"{i}.wasm")
        paths[-1].write_bytes(binary)
    program = [MICROPYTHON, "-X", "heapsize=2m", "-c", PROGRAM, ROOT / "modules", str(heap), *paths]
    run = subprocess.run(program, capture_output=True, text=True, timeout=120, env=os.environ | {"WASMOTE_ENGINE": "c"})
    assert run.returncode == 0, run.stderr
    ends_there = [tuple(line.split()) for line in run.stdout.splitlines()]
    assert len(ends_there) == len(copies)
    for binary, (end, used) in zip(copies, ends_there, strict=True):
        assert used == "0"
        assert end == loaded(binary).split(":")[0] or heap < 1000 and end == "OutOfMemory"
    assert heap > 16 or ("OutOfMemory", "0") in ends_there
