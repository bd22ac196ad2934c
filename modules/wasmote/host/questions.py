"""Questions to the client of a call, as the host asks them: notify("ask", questions) is a generator that returns answers.

A question is (key, what, params): what is one of SAMPLING, FORM, URL, ROOTS, params the JSON text (bytes) of an object.
An answer is (ANSWERED, result), (REFUSED, JSON text of the client's error, an object), (UNSUPPORTED, why) or
(NO_ANSWER, why). The result of FORM and URL is (action, JSON text of the content, an object), of the others the JSON text
of the whole result. notify("can") is the sum of what the client can be asked.
"""

SAMPLING = 1
FORM = 2
URL = 4
ROOTS = 8

ANSWERED = 0
REFUSED = 1
UNSUPPORTED = 2
NO_ANSWER = 3

METHODS = {
    SAMPLING: "sampling/createMessage",
    FORM: "elicitation/create",
    URL: "elicitation/create",
    ROOTS: "roots/list",
}
NAMES = {SAMPLING: "sampling", FORM: "elicitation with forms", URL: "elicitation with URLs", ROOTS: "roots"}
_CAPABILITIES = {
    SAMPLING: b'{"sampling":{}}',
    FORM: b'{"elicitation":{"form":{}}}',
    URL: b'{"elicitation":{"url":{}}}',
    ROOTS: b'{"roots":{}}',
}
MODES = {URL: b'"mode":"url"'}  # forms go without: what came before 2025-11-25 knows no mode


def required(what):
    """The JSON text that says which capability a client lacks: the `data` of errors for UNSUPPORTED."""
    return b'{"requiredCapabilities":' + _CAPABILITIES[what] + b"}"
