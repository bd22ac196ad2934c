"""wasmote:mcp/icons: icons for what a guest has registered, in the texts of its Entries."""

from ...wasm import OutOfMemory
from ..content import object_text
from ..entries import KINDS
from ..errors import failed
from . import DONE

_SERVER = 0
_THEMES = ("light", "dark")
_SCHEMES = ("https:", "data:")


class Icons:
    def __init__(self, imports):
        self.runtime = imports.runtime

    def set(self, subject, icons):
        case, name = subject
        runtime = self.runtime
        for src, _, _, _ in icons:
            if not [scheme for scheme in _SCHEMES if src.startswith(scheme)]:
                return failed("invalid-params", 'the src of an icon is an https: or a data: URL, not "%s"' % src[:64])
        text = (',"icons":[%s]' % ",".join([_icon(*icon) for icon in icons])).encode() if icons else b""
        if case == _SERVER:
            runtime.icons = text or None
            kinds = KINDS
            entries = [entry for kind in kinds for entry in getattr(runtime, kind) if not entry.own_icons]
        else:
            kinds = KINDS[case - 1 : case]
            entries = [entry for entry in getattr(runtime, kinds[0]) if entry.name == name]
            if not entries:
                what = 'there is no %s "%s": register it first' % (kinds[0][:-1], name[:64])
                return failed("invalid-params", what)
            entries[0].own_icons = text != b""
            text = text or runtime.icons or b""
        try:
            for entry in entries:
                _put(runtime, entry, text)
        except OutOfMemory as error:
            return failed("invalid-params", "no memory for the icons: %s" % error)
        if entries and runtime.loaded:
            runtime.host.lists_changed(kinds)
        return DONE


def _put(runtime, entry, icons):
    """Replaces the icons of an Entry. OutOfMemory."""
    plain = entry.plain or len(entry.json)
    text = bytes(entry.json[: plain - 1]) + icons + b"}"
    room = entry.room or entry.json
    if len(text) > len(room):  # what is given up of the arena comes back with close() only
        room = runtime.keep_text([text])
    room[: len(text)] = text
    entry.json = room[: len(text)]
    entry.room = room
    entry.plain = plain


def _icon(src, mime_type, sizes, theme):
    theme = None if theme is None else _THEMES[theme]
    return object_text(["src", src, "mimeType", mime_type, "sizes", sizes or None, "theme", theme])
