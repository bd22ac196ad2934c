"""Prompts: their texts, the check of their arguments, their messages. Imported when the first of them is registered."""

import json

from .content import blocks
from .entries import Refused, loads, members, named
from .errors import HostError

_ROLES = ("user", "user", "assistant")  # MCP has no role "system": what the system says is said by the user's side


def prompt_text(definition, validate):
    """The JSON text of a prompt-definition, as pieces of str. Raises Refused."""
    name, title, description, arguments = definition
    text = named("prompt", name, title, description)
    before = ',"arguments":['
    for argument, about, required in arguments or ():
        if not argument:
            raise Refused("the prompt %s has an argument without a name" % name)
        text.append(before + '{"name":' + json.dumps(argument))
        members(text, ("description", about, "required", required))
        text.append("}")
        before = ","
    text.append("]}" if before == "," else "}")
    return text


def check(entry, arguments):
    """HostError if the arguments (bytes of a JSON object, or None) are not those that the prompt wants."""
    given = loads(bytes(arguments)) if arguments else {}
    for name in given:
        if not isinstance(given[name], str):
            raise HostError(
                "invalid-params", 'the argument "%s" of the prompt %s must be a string' % (name, entry.name)
            )
    for argument in json.loads(bytes(entry.json)).get("arguments", ()):
        if argument.get("required") and argument["name"] not in given:
            what = 'the prompt %s needs the argument "%s", a string' % (entry.name, argument["name"])
            raise HostError("invalid-params", what)


def messages(prompt):
    """The JSON texts of `messages` in the result of prompts/get, from the prompt-messages of get-prompt."""
    made = []
    for role, block in prompt:
        (content,) = blocks([block])
        if isinstance(content, str):
            content = ('{"type":"text","text":%s}' % json.dumps(content)).encode()
        made.append(b'{"role":"' + _ROLES[role].encode() + b'","content":' + content + b"}")
    return made
