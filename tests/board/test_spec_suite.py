"""Where `make spec` finds the specification's suite, converts it, fetches it, or says how; and what it lets pass."""

import contextlib
import io
import tarfile

import pytest
import spec_suite
import spec_tests
from rich.console import Console
from spec_runner import Result
from spec_targets import Target

SCRIPTS = {
    "i32.wast": """(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
        (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module quote "(func") "unexpected end")
        (assert_malformed (module binary "\\00asm") "unexpected end")""",
    "traps.wast": """(module (func (export "f") unreachable))
        (assert_trap (invoke "f") "unreachable")
        (assert_unlinkable (module (import "no" "such" (func))) "unknown import")""",
    "simd_const.wast": "(module (func (drop (v128.const i32x4 0 0 0 0))))",
}


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "testsuite-7ef86dd"
    folder.mkdir()
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No suite anywhere."""
    monkeypatch.delenv("WASM_TESTSUITE", raising=False)
    monkeypatch.setattr(spec_suite, "ROOT", tmp_path / "work" / "tree")
    monkeypatch.setattr(spec_suite, "BUILT", tmp_path / "built")


def answers(monkeypatch, answer):
    def urlopen(address, timeout):
        assert spec_suite.COMMIT in address and timeout
        return contextlib.nullcontext(answer())

    monkeypatch.setattr(spec_suite.urllib.request, "urlopen", urlopen)


def kinds(suite, name):
    return [command["type"] for command in spec_suite.commands(suite, name)]


def test_a_checkout_is_converted_without_simd_and_text_and_then_passes(checkout):
    suite = spec_suite.convert(checkout)
    assert spec_suite.names(suite) == ["i32", "traps"]
    assert kinds(suite, "i32") == ["module", "assert_return", "assert_invalid", "assert_malformed"]
    assert kinds(suite, "traps") == ["module", "assert_trap", "assert_unlinkable"]
    result = spec_tests.run(Target("cpython"), suite, ["i32", "traps"])
    assert (result.failures, result.passed) == ([], 7)


def test_a_folder_that_is_no_checkout_is_refused_with_its_name(tmp_path):
    with pytest.raises(spec_suite.NoSuite, match=f"{tmp_path}: no .wast scripts"):
        spec_suite.convert(tmp_path)


def test_the_suite_is_fetched_when_there_is_none(checkout, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(checkout, checkout.name)
    packed.seek(0)
    answers(monkeypatch, lambda: packed)
    assert spec_suite.find() == spec_suite.BUILT
    assert spec_suite.names(spec_suite.BUILT) == ["i32", "traps"]
    answers(monkeypatch, lambda: pytest.fail("fetched again"))
    assert spec_suite.find() == spec_suite.BUILT


def test_without_network_the_error_says_what_to_do(monkeypatch, capsys):
    def gone():
        raise OSError("no route to host")

    answers(monkeypatch, gone)
    assert spec_tests.main([]) == 2
    said = capsys.readouterr().err
    for what in (spec_suite.ARCHIVE, "no route to host", "spec_suite.py CHECKOUT", "WASM_TESTSUITE"):
        assert what in said


def test_a_folder_in_wasm_testsuite_that_is_no_suite_is_refused_with_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WASM_TESTSUITE", str(tmp_path))
    assert spec_tests.main([]) == 2
    assert f"WASM_TESTSUITE={tmp_path} has no i32/i32.json: convert" in capsys.readouterr().err


def test_a_part_of_the_suite_is_not_taken_for_all_of_it(checkout, monkeypatch, capsys):
    """With an i32.json alone `make spec` passed."""
    suite = spec_suite.convert(checkout)
    monkeypatch.setenv("WASM_TESTSUITE", str(suite))
    assert spec_tests.main(["-t", "cpython"]) == 2
    assert "has 7 commands in 2 scripts, the suite at 7ef86dd has 27,361" in capsys.readouterr().err
    assert spec_tests.main(["-t", "cpython", "i32"]) == 0


def exit_code(target, **counts):
    console = Console(file=io.StringIO())
    return spec_tests.report({target: (Result(**counts), 1)}, None, console, False)


def test_one_command_in_a_hundred_may_be_too_large_for_a_board_and_none_for_this_machine():
    assert exit_code("QEMU_M0", passed=99, too_large=1) == exit_code("unix", passed=100) == 0
    assert exit_code("QEMU_M0", passed=98, too_large=2) == exit_code("QEMU_M0", passed=99, failures=[("f", 1, "")]) == 1
    assert exit_code("unix", passed=26_000, too_large=1) == exit_code("unix-python", passed=999, too_large=1) == 1
