"""Labels and names: which are names at all, which conflict.

    label             kebab-case: words of lower case, acronyms of upper case, the first begins with a letter
    plain name        label   [constructor]label   [method]label.label   [static]label.label
    interface name    namespace:package/interface@version

The grammar is the component model's, Explainer.md, "Import and Export Definitions". Names are looked at byte by byte, so
viper does it where there is viper.
"""

from ..wasm.errors import Invalid, Unsupported
from .names import compatible


def scan_py(data, at, end):
    """Where the longest label at the beginning of data[at:end] ends; -1 if there is none. Twin: labels_viper.scan.

    label = first ("-" fragment)*     first: a fragment that begins with a letter
    fragment = [a-z0-9]+ | [A-Z0-9]+
    """
    case = 0  # of the fragment: 1 lower, 2 upper, 3 digits only, 0 before its first character
    first = True
    while at < end:
        c = data[at]
        if 0x61 <= c <= 0x7A:
            if case == 2:
                return -1
            case = 1
        elif 0x41 <= c <= 0x5A:
            if case == 1:
                return -1
            case = 2
        elif 0x30 <= c <= 0x39:
            if case == 0:
                if first:
                    return -1
                case = 3
        elif c == 0x2D:
            if case == 0:
                return -1
            case = 0
        else:
            break
        first = False
        at += 1
    return at if case else -1


try:
    from .labels_viper import scan
except ImportError:  # CPython, or a port without a native emitter
    scan = scan_py


# -- labels, as table.py has them: each after one byte with its length


def check_labels(names, what, at, seen=None):
    """Refuses labels of one type that are no labels, or that differ in nothing but case; `seen`, a set, are those before."""
    p = 0
    end = len(names)
    while p < end:
        start = p + 1
        p = start + names[p]
        if scan(names, start, p) != p:
            raise Invalid(
                "%s name %s is not in kebab case" % (what, _quoted(names[start:p]))
                if p > start
                else "%s name cannot be empty" % what,
                at,
            )
        if seen is None:
            if p == end:
                return  # one alone
            seen = set()
        label = names[start:p].lower()
        if label in seen:
            raise Invalid("%s name `%s` conflicts with a previous one" % (what, str(names[start:p], "utf-8")), at)
        seen.add(label)


def _quoted(name):
    try:
        return "`%s`" % str(name, "utf-8")
    except UnicodeError:
        return repr(name)


# -- names of imports and exports


def check_name(name, at):
    """Refuses what is no name of an import or export. Returns what must be unique of it."""
    data = name.encode()
    end = len(data)
    if scan(data, 0, end) == end and end:
        return name.lower()
    if data[:1] == b"[":
        return _annotated(name, data, at)
    colon = data.find(b":")
    if colon < 0:
        raise _no_kebab(name, at)
    _lower_words(name, data, 0, colon, at)
    slash = data.find(b"/", colon)
    if slash < 0:
        raise Invalid("`%s` is not a valid extern name: expected `/` after package name" % name, at)
    _lower_words(name, data, colon + 1, slash, at)
    version = data.find(b"@", slash)
    stop = end if version < 0 else version
    if stop == slash + 1 or scan(data, slash + 1, stop) != stop:
        raise _no_kebab(name, at)
    if version >= 0 and not _is_version(name[version + 1 :]):
        raise Invalid("`%s` is not a valid extern name: no version after `@` (as 1.0.0 or 0.2.0-rc.1)" % name, at)
    return name.lower()


def _annotated(name, data, at):
    """`[method]a.b` and the like."""
    close = data.find(b"]")
    kind = data[1:close]
    dot = data.find(b".")
    end = len(data)
    first = close + 1
    if kind == b"constructor":
        stop = end
    elif kind == b"method" or kind == b"static":
        stop = dot
        if dot < 0:
            raise Invalid("`%s` is not a valid extern name: failed to find `.` character" % name, at)
        if dot + 1 == end or scan(data, dot + 1, end) != end:
            raise _no_kebab(name, at)
    elif kind[:5] == b"async":
        raise Unsupported("async function `%s`: build for WASI 0.2" % name, at)
    else:
        raise _no_kebab(name, at)
    if stop == first or scan(data, first, stop) != stop:
        raise _no_kebab(name, at)
    if stop == end:
        return name.lower()
    name = name[first:].lower()
    resource = name[: dot - first]
    return resource if name[dot - first + 1 :] == resource else name


def _lower_words(name, data, at, end, where):
    """data[at:end] is a label of words only."""
    if at == end or scan(data, at, end) != end or data[at:end].lower() != data[at:end]:
        raise Invalid(
            "`%s` is not a valid extern name: `%s` is not in kebab case" % (name, str(data[at:end], "utf-8")), where
        )


def _no_kebab(name, at):
    return Invalid("`%s` is not a valid extern name: not in kebab case" % name, at)


def _is_version(text):
    """Semantic version 2.0, or the part of one that compatible versions share: 1, 0.2, 0.0.1."""
    plus = text.find("+")
    if plus >= 0:
        if not _identifiers(text[plus + 1 :], False):
            return False
        text = text[:plus]
    dash = text.find("-")
    if dash >= 0:
        if not _identifiers(text[dash + 1 :], True):
            return False
        text = text[:dash]
    numbers = text.split(".")
    for number in numbers:
        if not _is_number(number) or len(number) > 1 and number[0] == "0":
            return False
    return len(numbers) == 3 or plus < 0 and dash < 0 and len(numbers) < 3 and compatible(_filled(text)) == "@" + text


def _is_number(text):
    for c in text:
        if not "0" <= c <= "9":
            return False
    return text != ""


def _filled(text):
    return "@" + text + ".0" * (2 - text.count("."))


def _identifiers(text, strict):
    for part in text.split("."):
        if not part or strict and _is_number(part) and len(part) > 1 and part[0] == "0":
            return False
        for c in part:
            if not (c == "-" or "0" <= c <= "9" or "a" <= c <= "z" or "A" <= c <= "Z"):
                return False
    return True
