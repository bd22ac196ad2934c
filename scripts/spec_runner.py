# SPDX-License-Identifier: MIT
"""The commands of the WebAssembly specification test suite as requests to scripts/spec_agent.py, and what its answers mean."""

import base64
from dataclasses import dataclass, field

from spec_suite import commands

_LINE = 288  # bytes of a module on one line: 384 characters, which fit a board's 512 byte serial buffer
_TYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "funcref": 0x70, "externref": 0x6F}
_REFERENCES = ("funcref", "externref")
_REFUSALS = {"assert_malformed": "Malformed", "assert_invalid": "Invalid", "assert_unlinkable": "Unlinkable",
             "assert_uninstantiable": "Trap", "assert_trap": "Trap", "assert_exhaustion": "Exhaustion"}  # fmt: skip
_FREE_TEXT = (
    "assert_malformed",
    "assert_invalid",
)  # the class says it; what exactly is wrong may be said in other words
_TOO_LARGE = ("OutOfMemory ", "MemoryError ", "Trap out of memory")


@dataclass
class Result:
    """What became of the commands: failures, modules too large and other texts as (file, line, text)."""

    passed: int = 0
    failures: list = field(default_factory=list)
    too_large: int = 0
    large_modules: dict = field(default_factory=dict)  # file name -> reason
    other_texts: list = field(default_factory=list)

    @property
    def total(self):
        return self.passed + len(self.failures) + self.too_large


def requests(suite, name):
    """(command, request, module file) of each command of a script; a request is lines for the agent, one answer each."""
    script = commands(suite, name)
    last_use = {}
    for i, command in enumerate(script):
        user = command.get("action", {}).get("module") or command["type"] == "register" and command.get("name")
        if user:
            last_use[user] = i
    files = {}  # module name, None for the current one -> its file
    registered = False
    for i, command in enumerate(script):
        kind = command["type"]
        file = command.get("filename")
        if kind == "module":
            live = any(last_use.get(other, -1) > i for other in files)
            request = _module("module" if registered or live else "fresh", suite, name, command)
            files[None] = files[command.get("name")] = file
        elif kind == "register":
            registered = True
            request = _words("register", _escaped(command["as"]), *_name(command))
        elif "action" in command:
            request = _action(command["action"])
        else:
            linked = registered and kind in ("assert_unlinkable", "assert_uninstantiable")
            request = _module("load" if linked else "alone", suite, name, command)
        yield command, request, file or files[command.get("action", command).get("module")]


def judge(result, name, command, answer, module):
    """Count a command of script `name` by its answer. `module` is the file of the module that it is about."""
    what = _wrong(command, answer)
    if what is None:
        result.passed += 1
        if command["type"] in _FREE_TEXT and not _same_text(command["text"], _said(answer)[1]):
            result.other_texts.append((name, command["line"], f"{command['text']}: {_said(answer)[1]}"))
    elif answer.removeprefix("!NoInstance ").removeprefix("!").startswith(_TOO_LARGE):
        result.too_large += 1
        result.large_modules.setdefault(module, answer[1:])
    else:
        result.failures.append((name, command["line"], f"{command['type']}: {what}"))


def _wrong(command, answer):
    # What is wrong with an answer, None if nothing.
    kind = command["type"]
    error, text = _said(answer)
    refusal = _REFUSALS.get(kind)
    if refusal:
        if error is None:
            return f"{answer[1:] and 'returned ' + answer[1:] or 'done'}, expected {refusal} {command['text']}"
        if error != refusal or kind not in _FREE_TEXT and not _same_text(command["text"], text):
            return f"{error} {text}, expected {refusal} {command['text']}"
        return None
    if error is not None:
        return f"{error} {text}"
    if kind in ("module", "register"):
        return None
    values = answer[1:].split()
    expected = command.get("expected", [])
    if len(values) != len(expected) or not all(map(_is, values, expected)):
        wanted = " ".join(f"{e['type']}:{e.get('value', '')}" for e in expected)
        return f"returned {' '.join(map(_readable, values)) or 'nothing'}, expected {wanted or 'nothing'}"
    return None


def _said(answer):
    # (class, text) of an exception, (None, "") of results
    if answer.startswith("!"):
        error, _, text = answer[1:].partition(" ")
        return error, text
    return None, ""


def _same_text(wanted, said):
    said = said.split(" at offset ")[0].split(":")[0]
    return said.startswith(wanted) or wanted.startswith(said) and said != ""


def _is(value, expected):
    have, _, word = value.partition(":")
    wanted = expected["type"]
    if int(have, 16) != _TYPES[wanted]:
        return False
    word = int(word, 16)
    if wanted in _REFERENCES and "value" not in expected:
        return word != 0
    text = expected["value"]
    if not text.startswith("nan:"):
        return word == _word(expected)
    infinity, quiet = (0x7F800000, 1 << 22) if wanted == "f32" else (0x7FF << 52, 1 << 51)
    word &= infinity | infinity >> 1 | (infinity & -infinity) - 1  # the sign of a NaN is free
    if text == "nan:canonical":
        return word == infinity | quiet
    return word & (infinity | quiet) == infinity | quiet


def _readable(value):
    have, _, word = value.partition(":")
    names = {number: name for name, number in _TYPES.items()}
    return f"{names.get(int(have, 16), have)}:{int(word, 16)}"


def _word(value):
    """A value of the suite as the engine keeps it: bits; 0 for null; n + 1 for the host's reference n."""
    if value["type"] in _REFERENCES:
        return 0 if value["value"] == "null" else int(value["value"]) + 1
    return int(value["value"]) & ((1 << (64 if value["type"].endswith("64") else 32)) - 1)


def _action(action):
    module = _escaped(action["module"]) if "module" in action else "-"
    arguments = [f"{_word(value):x}" for value in action.get("args", [])]
    return _words(action["type"], module, _escaped(action["field"]), *arguments)


def _module(verb, suite, name, command):
    data = (suite / name / command["filename"]).read_bytes()
    lines = [_words(verb, str(len(data)), *_name(command))]
    for at in range(0, len(data), _LINE):
        lines.append(base64.b64encode(data[at : at + _LINE]).decode() + "\n")
    return "".join(lines)


def _name(command):
    return [_escaped(command["name"])] if "name" in command else []


def _words(*words):
    return " ".join(words) + "\n"


def _escaped(name):
    # Percent-encoded: all but printable ASCII. The empty name is a lone %, and - is no name.
    data = name.encode("utf-8", "surrogatepass")
    if not data:
        return "%"
    plain = "".join(chr(b) if 0x21 <= b <= 0x7E and b != 0x25 else f"%{b:02x}" for b in data)
    return "%2d" if plain == "-" else plain
