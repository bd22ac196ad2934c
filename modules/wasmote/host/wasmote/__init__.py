"""wasmote:mcp as examples/wit/wasmote-mcp.wit has it, for one guest: results, icons, completion, questions to the client.

Each module is imported when a component first imports an interface of it (imports.py). Its classes are made once for a
guest, with the guest's Imports; their methods are the functions of the interfaces. digests.py says which is which.
"""

from ..entries import one_line

DONE = (0, None)


def json_object(text, validate):
    """The JSON text (bytes) of an object on one line, or None if it is none."""
    text = text.strip()
    if text[:1] != b"{" or validate(text):
        return None
    return one_line(text)
