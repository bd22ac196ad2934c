"""Names of interfaces, and which names mean the same one.

wasi:clocks/wall-clock@0.2.9       any 0.2.x: minor versions of one 0.x are compatible, patches only add
wasi:mcp/runtime@0.1.0-preview2    a prerelease: only itself
"""


def compatible(name):
    """The name that all names compatible with this one share."""
    at = name.rfind("@")
    version = name[at + 1 :].split(".")
    if at < 0 or len(version) != 3 or "-" in name[at:] or "+" in name[at:]:
        return name
    if version[0] != "0":
        return name[: at + 1] + version[0]
    if version[1] != "0":
        return name[: at + 1] + "0." + version[1]
    return name


def find(get, name):
    """get(name), else under the other spellings of a compatible version: `x@0.2.9`, `x@0.2.0`, `x@0.2`."""
    found = get(name)
    if found is None:
        shared = compatible(name)
        at = shared.rfind("@")
        if at >= 0 and "-" not in shared[at:] and "+" not in shared[at:]:
            found = get(shared + ".0" * (2 - shared[at:].count(".")))
            if found is None:
                found = get(shared)
    return found
