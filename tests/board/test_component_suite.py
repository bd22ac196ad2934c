"""The Component Model's own tests, as far as wasm-tools turns them into binaries: figures, and each exception by its place."""

import component_tests
import pytest
from component_tests import DIFFERENT, SUITE, figures

needs_suite = pytest.mark.skipif(not SUITE.is_dir(), reason="no component test suite: set COMPONENT_TESTSUITE")


@needs_suite
def test_all_that_is_malformed_or_invalid_is_refused_and_all_that_is_valid_taken_but_for_what_is_listed(
    record_property,
):
    wanted, right, running, others = figures()
    for kind in wanted:
        record_property(kind, f"{right[kind]} of {wanted[kind]}")
        print(f"{kind}: {right[kind]} of {wanted[kind]} as the suite says, {running[kind]} load")
    assert wanted == {"malformed": 70, "invalid": 239, "valid": 63}
    assert right == {"malformed": 70, "invalid": 237, "valid": 55}
    assert (running["malformed"], running["invalid"]) == (0, 0)
    assert {
        place: end.split(" at offset")[0].split(": build")[0] for place, end in others.items()
    }.keys() == DIFFERENT.keys()
    for place, (end, reason) in DIFFERENT.items():
        assert others[place].startswith(end), (place, reason)


@needs_suite
def test_what_is_valid_loads_or_its_refusal_names_an_import_or_a_feature():
    for script, line, kind, binary in component_tests.commands():
        if kind == "valid" and (script, line) not in DIFFERENT:
            end = component_tests.loaded(binary)
            assert end == "accepted" or "which this board does not provide" in end or "import `" in end, (
                script,
                line,
                end,
            )
