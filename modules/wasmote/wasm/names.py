"""The name section (core specification, appendix): what a module's author calls its functions."""

from micropython import const

_FUNCTIONS = const(1)  # the subsection of function names
_STEP = const(64)  # names read between two yields


def function_name(module, x):
    """The name of function x, or None. A generator: yields while it reads the section."""
    if module.names is None:
        return None
    reader = module.reader.fork(*module.names)
    while reader.at < reader.end:
        subsection = reader.u8()
        names = reader.sized()
        if subsection != _FUNCTIONS:
            continue
        for i in range(names.count()):
            index = names.u32()
            if index == x:
                return names.name()
            names.skip(names.u32())
            if i % _STEP == _STEP - 1:
                yield
    return None
