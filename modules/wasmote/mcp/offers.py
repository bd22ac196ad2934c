"""What a client can be asked while its call runs, and what it brings along when it calls again (ask.py).

Imported with the first client that offers something.
"""

from binascii import crc32

from micropython import const

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError

_SAMPLING = const(1)  # as in host/questions.py, which is imported with the first question
_FORM = const(2)
_URL = const(4)
_ROOTS = const(8)

_SAME = names("name", "uri", "arguments")
_CAPABILITIES = names("sampling", "elicitation", "roots")
_MODES = names("form", "url")


def read(request, capabilities, state, responses):
    """What a request brings that may ask its client, or has asked it before."""
    message = request.message
    request.can = can_ask(message, capabilities)
    if state:
        request.state = message.text(state, "params.requestState")
    if responses:
        if message.line[responses[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, "params.inputResponses must be an object", id=request.id)
        request.responses = bytes(message.line[responses[0] : responses[1]])
        request.taken = []
    request.binding = crc32(request.method.encode())
    for span in message.find(_SAME):
        if span:
            request.binding = crc32(message.line[span[0] : span[1]], request.binding + 1)


def can_ask(message, span):
    """What the capabilities at `span` let a server ask: see Request.can."""
    if span is None or message.line[span[0]] != 0x7B:
        return 0
    sampling, elicitation, roots = message.find_in(span[0], _CAPABILITIES)
    can = 0
    if sampling and message.line[sampling[0]] == 0x7B:
        can = _SAMPLING
    if roots and message.line[roots[0]] == 0x7B:
        can |= _ROOTS
    if elicitation and message.line[elicitation[0]] == 0x7B:
        form, url = message.find_in(elicitation[0], _MODES)
        can |= (_FORM if form or not url else 0) | (_URL if url else 0)
    return can
