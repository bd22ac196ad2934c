"""Do the arguments of a call fit the tool's input schema? The host asks before a guest runs (Host.doubt).

Nearly always they do, which one pass in viper finds out. Only if it is not sure, schema.py is imported and looks.
"""

from array import array

from .find import find, names

try:
    from .fits_viper import fits
except (ImportError, SyntaxError):  # CPython, or a firmware without a native code emitter

    def fits(schema, s, value, v, job):
        """Never sure."""
        return 0


LEVELS = 6  # of schemas inside each other; what is deeper is not looked at
_WORK = 40_000  # bytes that may be looked at in one go: 15 instructions each in strings, some 90 elsewhere

_SCHEMA = names("inputSchema")
_job = array("i", [0] * 8)


def sure(schema, s, value, v, levels=LEVELS):
    """True if the value at value[v], inside an object or array, fits the schema at schema[s]. False: perhaps."""
    _job[0] = _WORK
    _job[1] = levels
    _job[7] = len(value)
    return fits(schema, s, value, v, _job) == 1


def doubt(name, tool, arguments):
    """None if `arguments` (bytes of a JSON object) fit; else a generator, which returns None after all, or why not.

    tool    the JSON text of the tool in tools/list, which need not stay where it is
    """
    (span,) = find(tool, 0, _SCHEMA)
    if span is None or sure(tool, span[0], arguments, 0):
        return None
    from .schema import wrong

    return wrong(name, bytes(tool[span[0] : span[1]]), bytes(arguments))
