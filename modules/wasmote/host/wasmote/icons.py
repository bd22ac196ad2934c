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
        given = (',"icons":[%s]' % ",".join([_icon(*icon) for icon in icons])).encode() if icons else b""
        text = given
        if case == _SERVER:
            kinds = KINDS
            entries = [entry for kind in kinds for entry in getattr(runtime, kind) if not entry.own_icons]
        else:
            kinds = KINDS[case - 1 : case]
            entries = [entry for entry in getattr(runtime, kinds[0]) if entry.name == name]
            if not entries:
                what = 'there is no %s "%s": register it first' % (kinds[0][:-1], name[:64])
                return failed("invalid-params", what)
            text = given or runtime.icons or b""
        try:
            for entry in entries:  # room for all of them before one is changed
                _make_room(runtime, entry, len(text))
        except OutOfMemory as error:
            return failed("invalid-params", "no memory for the icons: %s" % error)
        if case == _SERVER:
            runtime.icons = given or None
        else:
            entries[0].own_icons = given != b""
        for entry in entries:
            _put(entry, text)
        if entries and runtime.loaded:
            runtime.host.lists_changed(kinds)
        return DONE


def _make_room(runtime, entry, size):
    """Room for an Entry's text with so many bytes of icons. OutOfMemory: what it has is as it was."""
    size += entry.plain or len(entry.json)
    if size > len(entry.room or entry.json):  # what is given up of the arena comes back with close() only
        entry.room = runtime.keep_text([bytes(size)])


def _put(entry, icons):
    """Replaces the icons of an Entry that has room for them."""
    plain = entry.plain or len(entry.json)
    room = entry.room or entry.json
    end = plain + len(icons)
    room[: plain - 1] = entry.json[: plain - 1]
    room[plain - 1 : end] = icons + b"}"
    entry.json = room[:end]
    entry.room = room
    entry.plain = plain


def _icon(src, mime_type, sizes, theme):
    theme = None if theme is None else _THEMES[theme]
    return object_text(["src", src, "mimeType", mime_type, "sizes", sizes or None, "theme", theme])
