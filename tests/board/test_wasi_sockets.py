"""wasi:sockets: a program that links it loads and runs, and is told that it may have no socket."""

import pytest
from host_guests import Log, push, refusal
from wasi_programs import configuration, program
from wat import assemble

pytest_plugins = ["host_fixtures", "wasi_fixtures"]

ACCESS_DENIED = 1
METHODS = """(component
    (import "wasi:sockets/network@0.2.3" (instance $network (export "network" (type (sub resource)))))
    (alias export $network "network" (type $n))
    (import "wasi:sockets/tcp@0.2.3" (instance
        (alias outer 1 $n (type $network))
        (export "tcp-socket" (type $t (sub resource)))
        (export "[method]tcp-socket.start-connect"
            (func (param "self" (borrow $t)) (param "network" (borrow $network)) (result u8)))
        (export "[method]tcp-socket.of-a-later-version" (func (param "self" (borrow $t)) (result bool))))))"""


def test_a_program_that_wants_a_socket_loads_and_is_told_that_access_is_denied(host):
    log = Log(host)
    entry = push(host, "it", program("sockets"))["component"]
    assert entry["state"] == "ready"
    assert log.lines() == [f"{what} error-code {ACCESS_DENIED}" for what in ("tcp", "udp", "lookup")]


@pytest.mark.parametrize("arguments", [["use"], *(["drop"] * count for count in range(2, 7))])
def test_a_socket_that_was_never_made_is_no_handle(host, arguments):
    kind, text = refusal(lambda: push(host, "it", program("sockets"), configuration=configuration(args=arguments)))
    assert (kind, "unknown handle index 1" in text) == ("refused", True), text


@pytest.mark.parametrize("allow", [[], ["wasi:sockets/*", "wasi:cli/*", "wasi:io/*"]])
def test_it_needs_no_grant_and_one_changes_nothing(host, allow):
    settings = configuration(allow=["wasi:cli/*", "wasi:io/*", *allow])
    assert push(host, "it", program("sockets"), configuration=settings)["component"]["state"] == "ready"


def test_methods_of_any_version_link(host):
    assert push(host, "it", assemble(METHODS))["component"]["state"] == "ready"


def test_what_is_neither_a_method_nor_known_is_refused(host):
    later = METHODS.replace("[method]tcp-socket.of-a-later-version", "of-a-later-version")
    kind, text = refusal(lambda: push(host, "it", assemble(later)))
    assert kind == "refused" and "wasi:sockets/tcp@0.2.3#of-a-later-version, which this board does not provide" in text
