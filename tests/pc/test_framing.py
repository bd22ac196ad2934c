"""What of a message goes over a framed link in another form."""

import json

import pytest
from wasmote.wire.framing import without_file


def push(data):
    params = {"name": "x", "size": 5, "offset": 0, "data": data, "crc32": 1}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "wasmote/push", "params": params})


def test_the_bytes_of_a_push_go_beside_it():
    text, raw = without_file(push("AAEC"))
    assert (json.loads(text), raw) == (json.loads(push(3)), bytes([0, 1, 2]))


@pytest.mark.parametrize("data", ["", "no base64", 3, None])
def test_a_push_without_bytes_stays_as_it_is(data):
    """Also the one of no bytes, which asks how far an upload is: it may stand between the pieces of another push."""
    assert without_file(push(data)) == (push(data), None)
