"""Content blocks as guests give them: values of wasi:mcp/content, to text and JSON."""

import json

_EMBEDDED = 2
_ROLES = ("user", "assistant")


def blocks(content):
    """A list: str for a plain text, bytes for the JSON text of any other content block."""
    return [_block(case, value) for case, value in content]


def _block(case, value):
    annotations = value[-1]
    if case == 0 and annotations is None:
        return value[1]
    if case == 0:
        members = ["type", "text", "text", value[1]]
    elif case == 1:
        members = ["type", "image", "data", value[1], "mimeType", value[2]]
    elif case == _EMBEDDED:
        inner = object_text(embedded(value))
        return ('{"type":"resource","resource":%s%s}' % (inner, annotations_text(annotations))).encode()
    else:
        members = [
            "type",
            "resource_link",
            "uri",
            value[1],
            "name",
            value[2],
            "description",
            value[3],
            "mimeType",
            value[4],
        ]
    return (object_text(members)[:-1] + annotations_text(annotations) + "}").encode()


def embedded(value):
    """The members of an embedded resource. One that has neither text nor blob is an empty text: MCP wants one of them."""
    text = "" if value[3] is None and value[4] is None else value[3]
    return ["uri", value[1], "mimeType", value[2], "text", text, "blob", value[4]]


def object_text(members):
    """{"name":value,…} of a list of names and values; None is left out."""
    parts = []
    for i in range(0, len(members), 2):
        if members[i + 1] is not None:
            parts.append('"%s":%s' % (members[i], json.dumps(members[i + 1])))
    return "{" + ",".join(parts) + "}"


def annotations_text(annotations):
    if annotations is None:
        return ""
    priority, audience, _ = annotations
    if priority is not None and not 0 <= priority <= 1:  # NaN too, which JSON has no word for
        priority = None
    if audience:  # MCP has no other roles, and official clients reject the whole result for one
        audience = [role for role in audience if role in _ROLES] or None
    return ',"annotations":' + object_text(["priority", priority, "audience", audience])


def decoded(data):
    """The text in bytes that should be UTF-8."""
    try:
        return str(data, "utf-8")
    except UnicodeError:
        return "".join([chr(byte) if byte < 0x80 else "\ufffd" for byte in data])
