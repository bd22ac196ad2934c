"""wasmote:mcp/questions: several questions to the client at once, as the protocol's own JSON."""

import json

from ..errors import failed
from ..questions import FORM, METHODS, ROOTS, SAMPLING
from . import json_object
from .asking import Asking

_KINDS = (FORM, SAMPLING, ROOTS)


class Questions(Asking):
    def ask(self, questions):
        asked = []
        for key, method, params in questions:
            kinds = [kind for kind in _KINDS if METHODS[kind] == method]
            if not kinds:
                there = ", ".join([METHODS[kind] for kind in _KINDS])
                return failed("invalid-params", 'a question is one of %s, not "%s"' % (there, method[:64]))
            if key in [other[0] for other in asked]:
                return failed("invalid-params", 'two of these questions have the key "%s"' % key[:64])
            params = json_object(params, self.runtime.validate)
            if params is None:
                return failed("invalid-params", "the params of a question must be the JSON text of an object")
            if kinds[0] == FORM and json.loads(params).get("mode", "form") != "form":
                return failed("invalid-params", "only forms are among several questions: a page is opened alone")
            asked.append((key, kinds[0], params))
        return 0, (yield from Asking.ask(self, asked, [_text] * len(asked)))


def _text(payload):
    """The JSON text of a result."""
    if isinstance(payload, tuple):
        action, content = payload
        return b'{"action":"' + action.encode() + b'","content":' + content + b"}"
    return payload
