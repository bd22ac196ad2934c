"""How far a kebab-case label goes. Names are looked at byte by byte, so viper does it where there is viper."""


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
