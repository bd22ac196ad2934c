"""Questions of native functions to the client; see questions.py for how they travel."""

import json

from ..entries import loads
from ..questions import FORM, ROOTS, SAMPLING, URL
from .schema import object_schema


class Question:
    def __init__(self, key, what, params, take):
        self.key = key
        self.what = what
        self.params = params
        self.take = take  # turns an answer into what the function gets


def form(key, message, fields):
    schema = object_schema(fields)
    return Question(key, FORM, _params(["message", message, "requestedSchema", schema]), _filled)


def page(key, message, url):
    return Question(key, URL, _params(["message", message, "url", url]), _agreed)


def sample(key, text, max_tokens, system):
    message = {"role": "user", "content": {"type": "text", "text": text}}
    params = ["messages", [message], "maxTokens", max_tokens]
    return Question(key, SAMPLING, _params(params + ([] if system is None else ["systemPrompt", system])), _said)


def roots(key):
    return Question(key, ROOTS, b"{}", _roots)


def _params(members):
    parts = ['"%s":%s' % (members[i], json.dumps(members[i + 1])) for i in range(0, len(members), 2)]
    return ("{" + ",".join(parts) + "}").encode()


def _filled(answer):
    action, content = answer
    return loads(content) if action == "accept" else _agreed(answer)


def _agreed(answer):
    return {"accept": True, "decline": False, "cancel": None}[answer[0]]


def _said(text):
    content = loads(text)["content"]
    content = content if isinstance(content, list) else [content]
    return "".join([block["text"] for block in content if block["type"] == "text"])


def _roots(text):
    return [(root["uri"], root.get("name")) for root in loads(text)["roots"]]
