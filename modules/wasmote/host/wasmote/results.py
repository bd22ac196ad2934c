"""wasmote:mcp/results and completion: more about the call that a guest is in."""

import binascii

from ..content import annotations_text, object_text
from ..entries import one_line
from ..errors import failed
from . import DONE

_BLOCKS = 16  # most audio blocks in a result


class Results:
    """What a guest adds to the result of the call-tool that runs: runtime.added (structured.py)."""

    def __init__(self, imports):
        self.runtime = imports.runtime

    def set_structured_content(self, json):
        added = self._added()
        if added is None:
            return _no_result()
        json = json.strip()
        wrong = self.runtime.validate(json)
        if wrong:
            return failed("invalid-params", "structured content must be one JSON text: %s" % (wrong,))
        added.structured = one_line(json)
        return DONE

    def add_audio(self, audio):
        added = self._added()
        if added is None:
            return _no_result()
        data, mime_type, annotations = audio
        if len(added) == _BLOCKS:
            return failed("invalid-params", "a result takes %d blocks of audio at most" % _BLOCKS)
        text = ('{"type":"audio",%s,"data":"' % object_text(["mimeType", mime_type])[1:-1]).encode()
        added.append(text + binascii.b2a_base64(data).strip() + b'"' + annotations_text(annotations).encode() + b"}")
        return DONE

    def _added(self):
        if self.runtime.serving != "call-tool":
            return None
        if self.runtime.added is None:
            from ..structured import Content

            self.runtime.added = Content()
        return self.runtime.added


def _no_result():
    return failed("unsupported-operation", "there is no result to add to: only while call-tool runs")


class Completion:
    def __init__(self, imports):
        self.runtime = imports.runtime

    def get_argument(self):
        """(name, value, [(name, value)]) while handle-complete runs, else None."""
        return self.runtime.argument if self.runtime.serving == "handle-complete" else None
