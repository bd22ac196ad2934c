"""The WebAssembly specification test suite on both engines, in CPython; on boards: tests/firmware/test_spec.py."""

import pytest
import sanitizers
import spec_suite
from spec_runner import Result, judge
from spec_targets import Lost, Target
from spec_tests import run

SANITIZERS = "shift,signed-integer-overflow,integer-divide-by-zero,bounds"
SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize(
    "target, checks, flags",
    [
        ("cpython", "", ""),
        ("cpython", SANITIZERS, ""),
        ("cpython", "alignment", ""),
        ("cpython", "address,undefined", sanitizers.CORTEX_M0),
        ("cpython", "alignment", sanitizers.RISC_V),
        ("cpython-python", "", ""),
    ],
)
def test_official_suite_passes(target, checks, flags, shard, spec_tests):
    names = spec_suite.names(spec_tests)[shard::SHARDS]
    result = run(Target(target, sanitizers.environment(checks, flags)), spec_tests, names)
    assert (result.failures, result.large_modules) == ([], {})
    assert result.passed == sum(len(spec_suite.commands(spec_tests, name)) for name in names)


def test_all_of_the_suite_is_there(spec_tests):
    spec_suite.check(spec_tests)


def test_a_target_that_is_lost_again_and_again_fails_all_of_its_commands_soon(spec_tests):
    class Dead(Target):
        asked = 0

        def ask(self, requests, each):
            self.asked += 1
            raise Lost("dead said nothing")

    dead = Dead("unix")
    names = spec_suite.names(spec_tests)
    result = run(dead, spec_tests, names)
    assert dead.asked == 3
    assert result.passed == 0
    assert len(result.failures) == sum(len(spec_suite.commands(spec_tests, name)) for name in names)


def outcome(command, answer):
    """passed, failed or too large: how a command is counted."""
    result = Result()
    judge(result, "script", {"line": 1, **command}, answer, "script.0.wasm")
    assert result.total == 1
    return "passed" if result.passed else "too large" if result.too_large else "failed"


def returned(answer, *expected):
    expected = [dict(zip(("type", "value"), value.split("="), strict=False)) for value in expected]
    return outcome({"type": "assert_return", "expected": expected}, answer)


def test_results_are_compared_bit_by_bit_with_their_types():
    assert returned("=7f:2a", "i32=42") == "passed"
    assert returned("=7f:ffffffff", "i32=-1") == returned("=7f:ffffffff", "i32=4294967295") == "passed"
    assert returned("=7e:2a", "i32=42") == returned("=7f:2b", "i32=42") == "failed"
    assert returned("=7f:1 7e:2", "i32=1", "i64=2") == "passed"
    assert returned("=7f:1", "i32=1", "i64=2") == returned("=7f:1", *[]) == returned("=", "i32=1") == "failed"
    assert returned("=") == "passed"
    assert returned("=7d:80000000", "f32=0") == "failed"


def test_a_canonical_nan_has_one_payload_bit_and_any_sign():
    for answer in ("=7d:7fc00000", "=7d:ffc00000"):
        assert returned(answer, "f32=nan:canonical") == returned(answer, "f32=nan:arithmetic") == "passed"
    assert returned("=7d:7fc00001", "f32=nan:canonical") == "failed"
    assert returned("=7d:7fc00001", "f32=nan:arithmetic") == "passed"
    for answer in ("=7d:7fa00000", "=7d:7f800000", "=7d:0", "=7c:7ff8000000000000"):
        assert returned(answer, "f32=nan:arithmetic") == "failed"
    assert returned("=7c:fff8000000000000", "f64=nan:canonical") == "passed"
    assert returned("=7c:7ff0000000000001", "f64=nan:arithmetic") == "failed"


def test_references_are_null_or_the_numbers_of_the_host():
    assert returned("=6f:0", "externref=null") == returned("=6f:1", "externref=0") == "passed"
    assert returned("=70:0", "funcref=null") == returned("=70:7c", "funcref") == "passed"
    assert returned("=70:0", "funcref") == returned("=6f:0", "externref=0") == returned("=6f:1", "funcref") == "failed"


@pytest.mark.parametrize(
    "kind, text, answer, wanted",
    [
        ("assert_trap", "unreachable", "!Trap unreachable: in function 0", "passed"),
        ("assert_trap", "uninitialized element 2", "!Trap uninitialized element", "passed"),
        ("assert_trap", "unreachable", "!Trap integer overflow: in function 0", "failed"),
        ("assert_trap", "unreachable", "!Exhaustion unreachable", "failed"),
        ("assert_trap", "unreachable", "=7f:1", "failed"),
        ("assert_exhaustion", "call stack exhausted", "!Exhaustion call stack exhausted", "passed"),
        ("assert_malformed", "unexpected end", "!Malformed length out of bounds at offset 0x9", "passed"),
        ("assert_malformed", "unexpected end", "!Invalid unexpected end at offset 0x9", "failed"),
        ("assert_invalid", "type mismatch", "!Unsupported type mismatch at offset 0x9", "failed"),
        ("assert_invalid", "type mismatch", "=", "failed"),
        ("assert_unlinkable", "unknown import", "!Unlinkable unknown import: function a.b", "passed"),
        ("assert_unlinkable", "unknown import", "!Unlinkable incompatible import type: function a.b", "failed"),
        ("assert_unlinkable", "unknown import", "!OutOfMemory 12 bytes more do not fit", "too large"),
        ("module", None, "=", "passed"),
        ("module", None, "!MemoryError memory allocation failed", "too large"),
        ("module", None, "!NoInstance Trap out of memory", "too large"),
        ("module", None, "!NoInstance Unsupported feature", "failed"),
        ("action", None, "!Trap unreachable", "failed"),
    ],
)
def test_a_refusal_has_to_be_of_the_class_and_mostly_the_text(kind, text, answer, wanted):
    assert outcome({"type": kind, "text": text}, answer) == wanted
