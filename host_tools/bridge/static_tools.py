# SPDX-License-Identifier: MIT
"""Two tools of the bridge's own that are always there, for clients that ask for tools once and ignore list_changed.

    board_tools   lists the tools that the boards have now
    board_call    calls one of them

They cost every conversation some 250 tokens and the model a detour, so they are there only with --static-tools.
"""

import json

from ..wire.message import spans

LIST, CALL = "board_tools", "board_call"
TOOLS = (
    {
        "name": LIST,
        "description": "Lists the tools that the connected boards have at this moment, with their input schemas. Tools come and"
        " go while you are connected: ask when one is missing. Call them with board_call.",
        "inputSchema": {"type": "object", "properties": {}},
        "annotations": {"title": "Tools of the boards", "readOnlyHint": True},
    },
    {
        "name": CALL,
        "description": "Calls a tool that board_tools lists.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Name of the tool, as board_tools gives it"},
                "arguments": {"type": "object", "description": "Its arguments, as its inputSchema wants them"},
            },
            "required": ["name"],
        },
        "annotations": {"title": "Call a tool of a board", "openWorldHint": True},
    },
)
_PLACES = {
    "name": ("params", "name"),
    "arguments": ("params", "arguments"),
    "inner": ("params", "arguments", "arguments"),
}


class NoTool(Exception):
    """A call that finds no tool; its text is for the model that called."""


def listing(tools, away):
    """The text of board_tools: `tools`, entries of tools/list; `away`, sentences about boards that are not there."""
    kept = [{name: tool[name] for name in ("name", "description", "inputSchema") if name in tool} for tool in tools]
    said = {"tools": kept, **({"away": away} if away else {})}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def wanted(message):
    """The name of the tool that a call of board_call names."""
    arguments = message.params.get("arguments")
    name = arguments.get("name") if isinstance(arguments, dict) else None
    if not isinstance(name, str):
        raise NoTool(f'{CALL} needs "name", the name of a tool as {LIST} gives it')
    if not isinstance(arguments.get("arguments", {}), dict):
        raise NoTool(f'{CALL}: "arguments" is an object, the arguments of {name}')
    return name


def unwrapped(message, name):
    """The text of a call of board_call as a call of the tool itself, which its board calls `name`."""
    found = spans(message.text, _PLACES)
    start, end = found.get("inner", (0, 0))
    arguments = message.text[start:end] or "{}"
    changes = sorted([(*found["name"], json.dumps(name)), (*found["arguments"], arguments)], reverse=True)
    text = message.text
    for start, end, new in changes:
        text = text[:start] + new + text[end:]
    return text
